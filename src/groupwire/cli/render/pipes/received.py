"""What is shown where a group goes to standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupwire.cli.render.deliveries.ink.board import Board
from groupwire.cli.render.deliveries.ink.figures import Pace, amount, bit_rate
from groupwire.cli.render.out import Fields, Out
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.messages.piping.events import (
    OtherSender,
    Outcome,
    ReadEvent,
    SenderBack,
    SenderFound,
    SenderSilent,
    Skipped,
)

if TYPE_CHECKING:
    from groupwire.aio.pipes import PipeReceiving

__all__ = ["Received"]

_EVERY_S = 5.0
_WORDS = {
    Outcome.LOST: "bytes after these are lost: it was too slow, or cut off",
    Outcome.LEFT: "the sender went before its end",
    Outcome.SILENT: "nothing more is heard of the sender",
    Outcome.RESTARTED: "the sender has begun anew",
    Outcome.NOBODY: "nobody came to send",
}


class Received:
    """Whom it follows, how far it is, what was skipped, and how it ended."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._receiving: PipeReceiving | None = None
        self._board = Board(out) if out.live else None
        self._pace = Pace()
        self._next_s = _EVERY_S
        self.late_bytes = 0
        """Skipped here, as nobody took them in time."""
        self.elapsed_s = 0.0
        """Since the first byte."""

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return self._receiving is not None

    def joined(self, receiving: PipeReceiving) -> None:
        """Say where it listens, and why there."""
        self._receiving = receiving
        out, choice = self._out, receiving.choice
        ways = [one.name for one in choice.interfaces]
        if out.json:
            out.event(
                "joined",
                {
                    "group": str(receiving.group),
                    "interfaces": ways,
                    "reason": choice.reason,
                    "name": receiving.name,
                    "live_s": receiving.config.live,
                },
            )
            return
        out.note(f"piping {receiving.group} to standard output")
        reason = f"  on {', '.join(ways)}: {escape(choice.reason)}"
        out.note(out.note_paint(reason, "dim"))

    def show(self, event: ReadEvent) -> None:
        """Show one event."""
        if self._board is not None:
            self._board.wipe()
        match event:
            case SenderFound():
                self._found(event)
            case OtherSender(sender=sender):
                self._tell("other", str(sender), "sends too, and is not taken")
            case SenderSilent(sender=sender):
                self._tell("silent", str(sender), "is silent")
            case SenderBack(sender=sender):
                self._tell("back", str(sender), "is heard again")
            case Skipped(place=place, size_bytes=size):
                self.skipped(place, size, "lost")

    def skipped(self, place: int, size: int, why: str) -> None:
        """Show that bytes are left out."""
        if self._out.json:
            fields = {"offset": place, "bytes": size, "reason": why}
            self._out.event("skipped", fields)
        else:
            self._out.warn(f"{plural(size, 'byte')} from {place:,} on skipped: {why}")

    def progress(self) -> None:
        """Show how far it is."""
        if self._receiving is None or self._receiving.intake.sender is None:
            return
        count = self._receiving.intake.size_bytes
        self._pace.see(self.elapsed_s, count)
        if self._out.json:
            rate = {"rate_bps": round(self._pace.per_s * 8)}
            self._out.event("progress", {**self._counts(), **rate})
            return
        text = f"  {amount(count)}, {bit_rate(self._pace.per_s)}"
        if self._board is not None:
            self._board.draw([[(text, "bold")]])
        elif self.elapsed_s >= self._next_s:
            self._next_s = self.elapsed_s + _EVERY_S
            self._out.note(text)

    def end(self) -> None:
        """Say how it ended."""
        if self._board is not None:
            self._board.wipe()
        if self._receiving is None:
            return
        if self._out.json:
            self._out.event("end", self._fields())
            return
        self._say()
        for reason, count in self._receiving.dropped.items():
            self._out.detail(f"  {count:,} dropped: {reason}")

    @property
    def complete(self) -> bool:
        """Whether all has come that was to come."""
        if self._receiving is None:
            return False
        intake = self._receiving.intake
        late = intake.late and not self.lossy
        return intake.outcome is Outcome.COMPLETE and not late

    @property
    def lossy(self) -> bool:
        """Whether what is lost is skipped."""
        live = self._receiving is not None and self._receiving.config.live is not None
        return live or (self._receiving is not None and self._receiving.intake.live)

    def _found(self, event: SenderFound) -> None:
        out, who = self._out, event.sender
        if out.json:
            fields = {"name": str(who), "address": str(who.origin)}
            place = {"offset": event.place, "live": event.live}
            out.event("sender", {**fields, **place})
            return
        live = ", live" if event.live else ""
        out.note(f"reading from {escape(str(who))} at {who.origin}{live}")
        if event.place and not self.lossy:
            text = f"it has begun before: the first {amount(event.place)} are not here"
            out.warn(text)

    def _tell(self, event: str, who: str, text: str) -> None:
        if self._out.json:
            self._out.event(event, {"name": who})
        else:
            self._out.warn(f"{escape(who)} {text}")

    def _say(self) -> None:
        if self._receiving is None:
            return
        out, intake = self._out, self._receiving.intake
        pace = bit_rate(intake.size_bytes / max(self.elapsed_s, 1e-6))
        came = f"received {amount(intake.size_bytes)}"
        if intake.size_bytes:
            came = f"{came} in {seconds(self.elapsed_s)} ({pace})"
        out.last_note(came)
        if skipped := intake.skipped_bytes + self.late_bytes:
            out.warn(f"{amount(skipped)} skipped")
        words = None if intake.outcome is None else _WORDS.get(intake.outcome)
        if words is not None:
            out.complain(out.note_paint(words, "red"))
        elif intake.late and not self.lossy:
            text = f"the first {amount(intake.begun_at)} are not here"
            out.complain(out.note_paint(text, "red"))

    def _counts(self) -> Fields:
        if self._receiving is None:
            return {}
        intake = self._receiving.intake
        return {
            "bytes": intake.size_bytes,
            "skipped_bytes": intake.skipped_bytes + self.late_bytes,
            "elapsed_s": round(self.elapsed_s, 6),
        }

    def _fields(self) -> Fields:
        if self._receiving is None:
            return {}
        intake, outcome = self._receiving.intake, self._receiving.intake.outcome
        return {
            **self._counts(),
            "sender": None if intake.sender is None else str(intake.sender),
            "offset": intake.begun_at,
            "outcome": "stopped" if outcome is None else str(outcome),
            "complete": self.complete,
            "dropped": dict(self._receiving.dropped),
        }
