"""What is shown where a group goes to standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupwire.cli.render.deliveries.ink.board import Board
from groupwire.cli.render.deliveries.ink.figures import Pace, amount, bit_rate
from groupwire.cli.render.messages.members import named
from groupwire.cli.render.out import Fields, Out
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.messages.members import Member
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
_NO_TIME_S = 0.001
"""In less nothing has a speed."""
_WORDS = {
    Outcome.LOST: "bytes after these are lost: it was too slow, or cut off",
    Outcome.LEFT: "the sender went before its end",
    Outcome.SILENT: "nothing more is heard of the sender",
    Outcome.RESTARTED: "the sender has begun anew",
    Outcome.NOBODY: "nobody came to send",
}

_STOPPED = "stopped before the sender's end"


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
        self.timed_out = False
        """Whether it was to end now."""
        self._skips: dict[str, list[int]] = {}
        """By reason: where the first is, how many bytes, how often."""
        self._first_at = self._last_at = 0.0

    @property
    def written_bytes(self) -> int:
        """How many have gone to standard output, or are about to."""
        came = 0 if self._receiving is None else self._receiving.intake.size_bytes
        return came - self.late_bytes

    @property
    def elapsed_s(self) -> float:
        """From the first byte to the last one so far."""
        return self._last_at - self._first_at

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
                self._tell("other", sender, "sends too, and is not taken")
            case SenderSilent(sender=sender):
                self._tell("silent", sender, "is silent")
            case SenderBack(sender=sender):
                self._tell("back", sender, "is heard again")
            case Skipped(place=place, size_bytes=size):
                self.skipped(place, size, "lost")

    def took(self, at: float) -> None:
        """Note when bytes came, or have been written."""
        self._first_at = self._first_at or at
        self._last_at = at

    def skipped(self, place: int, size: int, why: str) -> None:
        """Note that bytes are left out; they are told with the next progress."""
        skips = self._skips.setdefault(why, [place, 0, 0])
        skips[1] += size
        skips[2] += 1

    def _tell_skips(self) -> None:
        skips, self._skips = self._skips, {}
        for why, (place, size, times) in skips.items():
            if self._out.json:
                fields = {"offset": place, "bytes": size, "times": times}
                self._out.event("skipped", {**fields, "reason": why})
                continue
            often = f" in {times:,} places" if times > 1 else ""
            what = f"{plural(size, 'byte')} from {place:,} on{often}"
            self._out.warn(f"skipped {what}: {why}")

    def progress(self) -> None:
        """Show how far it is."""
        if self._skips and self._board is not None:
            self._board.wipe()
        self._tell_skips()
        if self._receiving is None or self._receiving.intake.sender is None:
            return
        count = self.written_bytes
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
        self._tell_skips()
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
        if self.lossy and self.timed_out:
            return intake.size_bytes > 0
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
            place = {"offset": event.place, "live": event.live}
            out.event("sender", {**named(who), **place})
            return
        live = ", live" if event.live else ""
        out.note(f"reading from {escape(who.name)} at {who.origin}{live}")
        if event.place and not self.lossy:
            text = f"it has begun before: the first {amount(event.place)} are not here"
            out.warn(text)

    def _tell(self, event: str, who: Member, text: str) -> None:
        if self._out.json:
            self._out.event(event, named(who))
        else:
            self._out.warn(f"{escape(str(who))} {text}")

    def _say(self) -> None:
        if self._receiving is None:
            return
        out, intake = self._out, self._receiving.intake
        came = f"received {amount(self.written_bytes)}"
        if self.elapsed_s > _NO_TIME_S:
            pace = bit_rate(self.written_bytes / self.elapsed_s)
            came = f"{came} in {seconds(self.elapsed_s)} ({pace})"
        out.last_note(came)
        if skipped := intake.skipped_bytes + self.late_bytes:
            out.warn(f"{amount(skipped)} skipped")
        words = _WORDS.get(intake.outcome) if intake.outcome else None
        if intake.outcome is None and intake.sender is not None and not self.lossy:
            words = _STOPPED
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
            "bytes": self.written_bytes,
            "skipped_bytes": intake.skipped_bytes + self.late_bytes,
            "elapsed_s": round(self.elapsed_s, 6),
        }

    def _fields(self) -> Fields:
        if self._receiving is None:
            return {}
        intake, outcome = self._receiving.intake, self._receiving.intake.outcome
        sender = intake.sender
        return {
            **self._counts(),
            "sender": None if sender is None else sender.name,
            "address": None if sender is None else str(sender.origin),
            "offset": intake.begun_at,
            "outcome": "stopped" if outcome is None else str(outcome),
            "complete": self.complete,
            "dropped": dict(self._receiving.dropped),
        }
