"""What is shown where standard input goes to a group."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from groupwire.cli.render.deliveries.ink.board import Board
from groupwire.cli.render.deliveries.ink.figures import Pace, amount, bit_rate
from groupwire.cli.render.deliveries.ink.words import listed
from groupwire.cli.render.messages.members import named, show_member
from groupwire.cli.render.out import Fields, Out
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.messages.events import (
    CaughtUp,
    Lagging,
    MemberJoined,
    MemberLeft,
    TakesNoMore,
)
from groupwire.messages.piping.audience import DONE
from groupwire.net import MembershipLost, MembershipRenewed

if TYPE_CHECKING:
    from groupwire.aio.pipes import PipeReport, PipeSending
    from groupwire.messages.events import PublishEvent
    from groupwire.messages.members import Member
    from groupwire.messages.piping.audience import Reader
    from groupwire.net import MembershipEvent

__all__ = ["Sent"]

_MOST_NAMES = 20
_EVERY_S = 5.0
_WORDS = {
    "another": "reads another sender",
    "left": "left before the end",
    "silent": "is silent",
    "lagging": "took nothing for too long",
    "absent": "was never there",
    "late": "came late",
    "reading": "has not said that it has all",
}


class Sent:
    """Where it goes, who reads it, how far it is, and who has it in the end."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._sending: PipeSending | None = None
        typed = sys.stdin is not None and sys.stdin.isatty()
        self._board = Board(out) if out.live and not typed else None
        self._pace = Pace()
        self._next_s = _EVERY_S
        self.nobody = self.deserted = False
        """Whether nobody came in time; whether all have gone."""

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return self._sending is not None

    def start(self, sending: PipeSending) -> None:
        """Say where it goes, and why there."""
        self._sending = sending
        config, choice, out = sending.config, sending.choice, self._out
        ways = [one.name for one in choice.interfaces]
        if out.json:
            out.event(
                "start",
                {
                    "group": str(sending.group),
                    "interfaces": ways,
                    "reason": choice.reason,
                    "name": sending.name,
                    "ttl": config.ttl,
                    "live_s": config.live,
                    "expected": list(config.expected.names),
                    "expected_count": config.expected.size,
                },
            )
            return
        out.note(f"piping standard input to {sending.group}, TTL {config.ttl}")
        reason = f"  by {', '.join(ways)}: {escape(choice.reason)}"
        out.note(out.note_paint(reason, "dim"))
        if config.first_readers:
            who = plural(config.first_readers, "reader")
            out.note(f"  waiting for {who}; `groupwire pipe --receive` is one")

    def began(self, sending: PipeSending) -> None:
        """Say who is there at the beginning."""
        members = [reader.member for reader in sending.audience.reading]
        if self._out.json:
            self._out.event("begin", {"readers": [one.name for one in members]})
        elif members:
            names = map(str, members)
            who = listed(sorted(map(escape, names)), _MOST_NAMES)
            self._out.note(f"{plural(len(members), 'reader')}: {who}")

    def show(self, event: PublishEvent | MembershipEvent) -> None:
        """Show who comes, leaves and lags."""
        if self._board is not None:
            self._board.wipe()
        match event:
            case MemberJoined(member=member) if self._late(event):
                show_member(self._out, event)
                if not self._out.json:
                    self._out.note(f"  {escape(str(member))} has come later")
            case MemberJoined() | MemberLeft():
                show_member(self._out, event)
            case Lagging(member=member, bytes_behind=behind):
                text = "takes nothing, and is waited for no more"
                self._tell("lagging", member, text, behind_bytes=behind)
            case CaughtUp(member=member):
                self._tell("caught-up", member, "takes again what comes")
            case TakesNoMore():
                self._enough(event)
            case MembershipLost() | MembershipRenewed():
                from groupwire.cli.render.links import show_change

                show_change(self._out, event)
            case _:
                pass

    def progress(self, report: PipeReport) -> None:
        """Show how far it is."""
        self._pace.see(report.elapsed_s, report.bytes)
        if self._sending is None or not self._sending.audience.begun:
            return
        readers = len(self._sending.audience.reading)
        if self._out.json:
            fields = {"rate_bps": round(self._pace.per_s * 8), "readers": readers}
            self._out.event("progress", {**_counts(report), **fields})
            return
        pace = f"{amount(report.bytes)}, {bit_rate(self._pace.per_s)}"
        text = f"  {pace}, {plural(readers, 'reader')}"
        if self._board is not None:
            self._board.draw([[(text, "bold")]])
        elif report.elapsed_s >= self._next_s:
            self._next_s = report.elapsed_s + _EVERY_S
            self._out.note(text)

    def end(self) -> None:
        """Say who has it, and who has not."""
        if self._board is not None:
            self._board.wipe()
        if self._sending is None:
            return
        report = self._sending.report
        if self._out.json:
            self._out.event("end", self._fields(report))
            return
        self._say(report)
        for reason, count in self._sending.dropped.items():
            self._out.detail(f"  {count:,} dropped: {reason}")

    def _late(self, event: MemberJoined) -> bool:
        begun = self._sending is not None and self._sending.audience.begun
        return begun and event.member.pipe

    def _enough(self, event: TakesNoMore) -> None:
        who, why = event.member, event.why
        if self._out.json:
            self._out.event("enough", {**named(who), "reason": why})
        elif why != DONE:
            self._out.warn(f"{escape(str(who))} {_words(why)}")

    def _tell(self, event: str, who: Member, text: str, **more: int) -> None:
        if self._out.json:
            self._out.event(event, {**named(who), **more})
        else:
            self._out.warn(f"{escape(str(who))} {text}")

    def _say(self, report: PipeReport) -> None:
        out, pace = self._out, report.bytes / max(report.elapsed_s, 1e-6)
        sent = f"sent {amount(report.bytes)}"
        if report.bytes:
            sent = f"{sent} in {seconds(report.elapsed_s)} ({bit_rate(pace)})"
        out.last_note(sent)
        if report.skipped_bytes:
            out.warn(f"{amount(report.skipped_bytes)} skipped: too late to be sent")
        if report.received:
            names = listed(sorted(map(escape, report.received)), _MOST_NAMES)
            out.note(f"received by {names}")
        if report.late:
            names = listed(sorted(map(escape, report.late)), _MOST_NAMES)
            out.note(f"came late, and has the rest: {names}")
        for name, why in sorted(report.missing.items()):
            text = f"missing: {escape(name)} {_words(why)}"
            out.complain(out.note_paint(text, "red"))
        if report.missing_count:
            text = f"missing: {plural(report.missing_count, 'reader')}"
            out.complain(out.note_paint(text, "red"))
        if self.nobody:
            out.complain(out.note_paint("nobody came to read it", "red"))
        elif self.deserted:
            out.complain(out.note_paint("nobody is left who reads it", "red"))

    def _fields(self, report: PipeReport) -> Fields:
        if self._sending is None:
            return {}
        readers = list(self._sending.audience)
        bare = {str(reader.member): reader.member.name for reader in readers}
        missing = {bare.get(who, who): why for who, why in report.missing.items()}
        return {
            **_counts(report),
            "received": sorted(bare.get(who, who) for who in report.received),
            "late": sorted(bare.get(who, who) for who in report.late),
            "missing": dict(sorted(missing.items())),
            "missing_count": len(report.missing) + report.missing_count,
            "readers": list(map(_reader, readers)),
            "complete": report.complete,
            "dropped": dict(self._sending.dropped),
        }


def _reader(reader: Reader) -> Fields:
    state = {"state": str(reader.state), "reason": reader.why}
    return {**named(reader.member), "offset": reader.place, **state}


def _counts(report: PipeReport) -> Fields:
    return {
        "bytes": report.bytes,
        "skipped_bytes": report.skipped_bytes,
        "repaired_packets": report.repair_packets,
        "elapsed_s": round(report.elapsed_s, 6),
    }


def _words(why: str) -> str:
    return _WORDS.get(why) or f"has ended: {escape(why)}"
