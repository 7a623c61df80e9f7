"""Every source of every watched group, in a table that strangers cannot overfill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from groupwire.probe.flow.report import GroupReport, Span
from groupwire.probe.flow.source import Source
from groupwire.values import Datagram, Group, Origin

__all__ = ["MAX_SOURCES", "STALE_S", "FlowTable"]

MAX_SOURCES = 2048
"""Sources that are told apart; when there are more, the silent ones give way."""
STALE_S = 30.0
"""Silence after which a source may give way to another."""
_LOOK_S = 1.0
_WORTH_IT = 8
"""Datagrams of one source behind each other that are put together."""


@dataclass(slots=True)
class _Place:
    """One group: its sources, and sums of what is not told apart."""

    group: Group
    sources: dict[tuple[Origin, int], Source] = field(
        default_factory=dict[tuple[Origin, int], Source]
    )
    packets: int = 0
    bytes: int = 0
    others: int = 0
    """Packets of sources without a place in the table, or that have lost it."""
    rows: int = 0
    """As the kernel joined the packets: what it drops it counts by the row."""
    dropped_rows: int = 0
    dropped: int = 0
    reported: tuple[int, int, int] = (0, 0, 0)

    def note_drops(self, rows: int) -> int:
        """Return how many packets the kernel has dropped since the last time.

        It tells how many rows; those that did arrive tell how many packets that is.
        """
        packets, seen = self.packets - self.reported[0], self.rows - self.reported[2]
        if not seen:
            packets, seen = self.packets, self.rows
        fresh = max(0, rows - self.dropped_rows)
        dropped = round(fresh * packets / seen) if seen else fresh
        self.dropped_rows = rows
        self.dropped += dropped
        return dropped


class FlowTable:
    """Counts datagrams by group and source.

    ``trail``: keep a glyph for each packet, which costs what a look at each costs.
    """

    def __init__(
        self, groups: Sequence[Group], *, now: float, trail: bool = False
    ) -> None:
        self._places = [_Place(group) for group in groups]
        self._trail = trail
        self._sources = 0
        self._began = self._reported = now
        self._elapsed = 0.0
        self._looked = now - _LOOK_S

    def take(self, place: int, datagrams: Sequence[Datagram], *, now: float) -> None:
        """Count what the group in ``place`` has brought; ``now`` is the wall clock."""
        here = self._places[place]
        here.rows += len(datagrams)
        if len(datagrams) < _WORTH_IT:
            for datagram in datagrams:
                self._take(here, datagram, now)
            return
        first, count = 0, len(datagrams)
        while first < count:
            after = _end_of_run(datagrams, first, count)
            if after - first < _WORTH_IT:
                self._take(here, datagrams[first], now)
                first += 1
            else:
                self._take_run(here, datagrams[first:after], now)
                first = after

    def report(
        self,
        dropped: Sequence[int] | None = None,
        *,
        now: float,
        elapsed_s: float | None = None,
    ) -> tuple[GroupReport, ...]:
        """Return what has come since the last report.

        ``dropped``: how many datagrams, or rows of them, this host has dropped so far,
        for each group. ``elapsed_s``: since it began, by a clock that nobody sets; the
        rates of groups are by it.
        """
        elapsed = max(0.0, now - self._began) if elapsed_s is None else elapsed_s
        times = max(0.0, elapsed - self._elapsed), elapsed
        seen = dropped or [0] * len(self._places)
        reports = tuple(
            self._report(place, drops, now, times)
            for place, drops in zip(self._places, seen, strict=True)
        )
        self._reported, self._elapsed = now, elapsed
        return reports

    def _report(
        self, place: _Place, dropped: int, now: float, times: tuple[float, float]
    ) -> GroupReport:
        sources = tuple(
            source.report(now=now, began=self._reported)
            for source in place.sources.values()
        )
        packets, bytes_, _ = place.reported
        dropped_now = place.note_drops(dropped)
        report = GroupReport(
            place.group,
            sources,
            Span(times[0], place.packets - packets, place.bytes - bytes_),
            Span(times[1], place.packets, place.bytes),
            dropped_now=dropped_now,
            dropped=place.dropped,
            dropped_exactly=not place.dropped or place.rows == place.packets,
            others=place.others,
        )
        place.reported = (place.packets, place.bytes, place.rows)
        return report

    def _take(self, place: _Place, datagram: Datagram, now: float) -> None:
        source = place.sources.get((datagram.origin, datagram.interface))
        if source is None:
            source = self._admit(place, datagram, now)
            if source is None:
                return
        place.packets += source.take(datagram, now=now)
        place.bytes += len(datagram.data)

    def _take_run(self, place: _Place, run: Sequence[Datagram], now: float) -> None:
        """Count datagrams that are alike at once, if it is a flood."""
        head = run[0]
        source = place.sources.get((head.origin, head.interface))
        if source is None or not source.take_run(run):
            for datagram in run:
                self._take(place, datagram, now)
            return
        place.packets += len(run)
        place.bytes += len(run) * len(head.data)

    def _admit(self, place: _Place, datagram: Datagram, now: float) -> Source | None:
        """Return a new source; None where there is no room for it."""
        if self._sources >= MAX_SOURCES:
            self._make_room(now)
        if self._sources >= MAX_SOURCES:
            size, step = len(datagram.data), datagram.segment_bytes
            count = -(-size // step) if step else 1
            place.packets += count
            place.bytes += size
            place.others += count
            return None
        self._sources += 1
        source = Source(datagram.origin, datagram.interface, trail=self._trail)
        place.sources[datagram.origin, datagram.interface] = source
        return source

    def _make_room(self, now: float) -> None:
        """Let those go that have been silent for long; looked at once a second."""
        if 0 <= now - self._looked < _LOOK_S:
            return
        self._looked = now
        for place in self._places:
            stale = [
                key
                for key, source in place.sources.items()
                if now - source.traffic.last > STALE_S
            ]
            for key in stale:
                place.others += place.sources.pop(key).traffic.packets
            self._sources -= len(stale)


def _end_of_run(datagrams: Sequence[Datagram], first: int, count: int) -> int:
    """Return where those end that are alike in source, interface and size."""
    head, after = datagrams[first], first + 1
    origin, index, size = head.origin, head.interface, len(head.data)
    if head.segment_bytes or not size:
        return after
    while after < count:
        other = datagrams[after]
        if (
            other.origin is not origin
            or len(other.data) != size
            or other.segment_bytes
            or other.interface != index
        ):
            break
        after += 1
    return after
