"""What each receiver has said, and what it comes to against what was sent."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from groupwire.errors import DecodeError
from groupwire.gather import Answer
from groupwire.probe.load import (
    ClockOffset,
    Delays,
    Exchange,
    LoadReport,
    best_offset,
)
from groupwire.values import Origin

__all__ = ["MemberLoad", "Members"]

_MAX_MEMBERS = 4096
_EXCHANGES = 64
"""The latest that say how far a clock is off."""


@dataclass(frozen=True, slots=True)
class MemberLoad:
    """One receiver's part of the result.

    ``lost`` of what was sent never came; ``dropped_here`` of these at least reached
    its host, whose kernel had no room: its receiver was read too slowly. What is
    between both was lost in the network. ``clock`` is None where no answer came while
    it was measured.
    """

    name: str
    sender: Origin
    report: LoadReport
    lost: int
    """Since the first that came; what was sent before is ``report.before``."""
    loss: float
    round_trips: Delays
    clock: ClockOffset | None

    @property
    def dropped_here(self) -> int:
        """Of the lost, those that the receiver's own host has dropped."""
        return min(self.report.dropped_here, self.lost)

    def delay_s(self, percentile: str) -> float | None:
        """Return a percentile of the way there by our clock; None: not known."""
        raw = self.report.delays_s.get(percentile)
        if raw is None or self.clock is None:
            return None
        return raw - self.clock.offset_s


class _Member:
    def __init__(self, answer: Answer, report: LoadReport) -> None:
        self.sender, self.report = answer.sender, report
        self.round_trips = Delays()
        self.exchanges: deque[Exchange] = deque(maxlen=_EXCHANGES)


class Members:
    """Takes answers; the first that speaks for a name is who has it."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._members: dict[str, _Member] = {}
        self.foreign = 0
        self.clashes: set[str] = set()
        """Names that another host spoke for, too."""

    @property
    def names(self) -> list[str]:
        """Who has answered, by name."""
        return list(self._members)

    def take(self, answer: Answer, *, asked: float | None = None) -> None:
        """Take a report; ``asked`` is when the question left, by our clock."""
        try:
            report = LoadReport.decode(answer.data)
        except DecodeError:
            self.foreign += 1
            return
        name = answer.member or str(answer.sender)
        full = len(self._members) >= _MAX_MEMBERS and name not in self._members
        if report.run != self._run or full:
            self.foreign += 1
            return
        member = self._members.setdefault(name, _Member(answer, report))
        if member.sender.host != answer.sender.host:
            self.clashes.add(name)
            return
        member.sender, member.report = answer.sender, report
        if asked is not None:
            back = asked + answer.rtt
            exchange = Exchange(asked, report.heard, report.answered, back)
            member.exchanges.append(exchange)
            member.round_trips.take(max(exchange.round_trip_s, 0.0))

    def results(self, sent: int) -> tuple[MemberLoad, ...]:
        """Return what became of so many datagrams, the worst first."""
        results = [
            self._result(name, member, sent) for name, member in self._members.items()
        ]
        return tuple(sorted(results, key=lambda each: (-each.lost, each.name)))

    @staticmethod
    def _result(name: str, member: _Member, sent: int) -> MemberLoad:
        report = member.report
        # Of a run of which nothing came nobody knows when it was joined.
        expected = max(sent - (report.before if report.packets else 0), 0)
        lost = max(expected - report.packets, 0)
        return MemberLoad(
            name,
            member.sender,
            report,
            lost,
            lost / expected if expected else 0.0,
            member.round_trips,
            best_offset(member.exchanges),
        )
