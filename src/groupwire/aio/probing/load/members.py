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
    loss: float
    round_trips: Delays
    clock: ClockOffset | None

    @property
    def dropped_here(self) -> int:
        """Of the lost, those that the receiver's own host has dropped."""
        return min(self.report.dropped_here, self.lost)

    @property
    def bits_per_s(self) -> float:
        """The rate of the payload that arrived."""
        seconds = self.report.seconds
        return self.report.size_bytes * 8 / seconds if seconds else 0.0

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
    """Takes answers; whoever speaks for another member's name replaces it."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._members: dict[str, _Member] = {}
        self.foreign = 0

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
        member.sender, member.report = answer.sender, report
        if asked is not None:
            back = asked + answer.rtt
            exchange = Exchange(asked, report.heard, report.answered, back)
            member.exchanges.append(exchange)
            member.round_trips.take(max(answer.rtt, 0.0))

    def results(self, sent: int) -> tuple[MemberLoad, ...]:
        """Return what became of so many datagrams, the worst first."""
        results = [
            MemberLoad(
                name,
                member.sender,
                member.report,
                lost := max(sent - member.report.packets, 0),
                lost / sent if sent else 0.0,
                member.round_trips,
                best_offset(member.exchanges),
            )
            for name, member in self._members.items()
        ]
        return tuple(sorted(results, key=lambda each: (-each.lost, each.name)))
