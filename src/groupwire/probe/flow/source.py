"""One sender to one group: its traffic, its numbers, its trail."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from groupwire.probe.flow.forms import Row
from groupwire.probe.flow.numbering import Numbering
from groupwire.probe.flow.report import SourceReport, Span
from groupwire.probe.flow.traffic import Traffic
from groupwire.probe.sequence import SequenceCounts
from groupwire.values import Datagram, Origin

__all__ = ["MAX_TRAIL", "Source"]

MAX_TRAIL = 256
"""Glyphs kept of a source."""
_GLANCE_S = 0.001
"""Datagrams that came within this are not looked at one by one."""
_ARRIVED, _MISSING, _TWICE, _LATE = ".", "x", "2", "<"


class Source:
    """Counts what one sender sends to one group."""

    __slots__ = (
        "_before",
        "_hops",
        "_hops_range",
        "_numbering",
        "_since",
        "_trail",
        "interface",
        "origin",
        "traffic",
    )

    def __init__(self, origin: Origin, interface: int, *, trail: bool = False) -> None:
        self.origin = origin
        self.interface = interface
        self.traffic = Traffic()
        self._numbering = Numbering()
        self._hops: int | None = None
        self._hops_range: tuple[int, int] | None = None
        self._since: tuple[float, int, int] | None = None
        self._before: SequenceCounts | None = None
        self._trail: deque[str] | None = deque(maxlen=MAX_TRAIL) if trail else None

    def take(self, datagram: Datagram, *, now: float) -> int:
        """Count a datagram, or a row of them; return how many packets it is."""
        data, step = datagram.data, datagram.segment_bytes
        size, count = len(data), 1
        if step:
            count = -(-size // step)
        else:
            step = size
        at = datagram.time
        if at is None:
            at = now
        hops = datagram.ttl_hops
        if hops != self._hops:
            self._note_hops(hops)
        self.traffic.take(count, size, step, at)
        self._read(Row(data, step, count, at))
        return count

    def take_run(self, run: Sequence[Datagram]) -> bool:
        """Count datagrams of one size at once; False: they do not come that fast.

        What lies between the first and the last of them is then a flood, in which no
        silence and no burst is worth a look at each.
        """
        head = run[0]
        at, end = head.time, run[-1].time
        if at is None or end is None or not 0 <= end - at <= _GLANCE_S:
            return False
        hops = head.ttl_hops
        if hops != self._hops:
            self._note_hops(hops)
        step = len(head.data)
        data = b"".join([datagram.data for datagram in run])
        self.traffic.take(len(run), len(data), step, at)
        self.traffic.last = end
        self._read(Row(data, step, len(run), at))
        return True

    def report(self, *, now: float, began: float) -> SourceReport:
        """Return what has come since the last report, which began at ``began``."""
        traffic, numbering = self.traffic, self._numbering
        form = numbering.form
        jitter = None if form is None else form.jitter_s
        report = SourceReport(
            source=self.origin,
            interface=self.interface,
            now=self._interval(now, began),
            total=self._whole(now),
            form=None if form is None else form.NAME,
            detail="" if form is None else form.detail,
            unit="packets" if form is None else form.UNIT,
            ttl_hops=self._hops,
            ttl_range=self._hops_range,
            size_range=(traffic.smallest, traffic.largest),
            jitter_s=traffic.jitter if jitter is None else jitter,
            jitter_by_clock=jitter is not None,
            quiet_s=max(0.0, now - traffic.last),
            trail="".join(self._trail or ()),
        )
        self._since = (now, traffic.packets, traffic.bytes)
        self._before = report.total.counts
        traffic.begin_interval()
        return report

    def _interval(self, now: float, began: float) -> Span:
        traffic = self.traffic
        since, packets, bytes_ = self._since or (began, 0, 0)
        return Span(
            seconds=max(0.0, now - since),
            packets=traffic.packets - packets,
            bytes=traffic.bytes - bytes_,
            counts=_difference(self._numbering.counts, self._before),
            peak_packets=traffic.peak,
            silence_s=min(traffic.silence_until(now), max(0.0, now - since)),
        )

    def _whole(self, now: float) -> Span:
        traffic = self.traffic
        return Span(
            seconds=max(0.0, now - traffic.first),
            packets=traffic.packets,
            bytes=traffic.bytes,
            counts=self._numbering.counts,
            peak_packets=max(traffic.peak, traffic.peak_ever),
            silence_s=max(traffic.silence_until(now), traffic.silence_ever),
        )

    def _note_hops(self, hops: int | None) -> None:
        self._hops = hops
        if hops is not None:
            least, most = self._hops_range or (hops, hops)
            self._hops_range = (min(least, hops), max(most, hops))

    def _read(self, row: Row) -> None:
        if self._trail is None:
            self._numbering.take(row)
        else:
            self._take_with_trail(row, self._trail)

    def _take_with_trail(self, row: Row, trail: deque[str]) -> None:
        """Count it packet by packet, and draw what became of each."""
        for packet in row.packets():
            before = self._numbering.counts
            self._numbering.take(Row(packet, len(packet), 1, row.at))
            trail.extend(_glyphs(_difference(self._numbering.counts, before)))


def _glyphs(change: SequenceCounts | None) -> str:
    if change is None:
        return _ARRIVED
    if change.duplicates > 0:
        return _TWICE
    if change.reordered > 0:
        return _LATE
    return _MISSING * min(change.lost, MAX_TRAIL) + _ARRIVED


def _difference(
    after: SequenceCounts | None, before: SequenceCounts | None
) -> SequenceCounts | None:
    """Return what has been added; of what came late, no less than nothing is lost."""
    if after is None or before is None:
        return after
    return SequenceCounts(
        after.received - before.received,
        max(0, after.lost - before.lost),
        max(0, after.duplicates - before.duplicates),
        after.reordered - before.reordered,
        after.restarts - before.restarts,
        after.gaps - before.gaps,
        after.longest_gap if after.longest_gap > before.longest_gap else 0,
        max(0, after.strays - before.strays),
    )
