"""A watch of what strangers send: whatever it is, every packet is counted somewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from zlib import crc32

from tests.probe.flow.packets import measured, norm, rtp, ssmping, transport

from groupwire.probe.flow import FlowTable
from groupwire.values import Datagram, Group, KnownFacts, Origin

from .mutation import Corpus

__all__ = ["WATCH_TARGETS", "WatchTarget"]

_GROUP = Group.parse("239.1.1.1:5000")
_PACKETS = [
    packet
    for number in range(8)
    for packet in (
        rtp(number),
        rtp(number, kind=0x80 | 96, stamp=900 * number),
        rtp(number, kind=200),
        norm(number),
        norm(number, kind=4),
        measured(number),
        ssmping(number),
        transport(7 * number),
        b"hello",
    )
]
_ROWS = [b"".join(rtp(n, size=1200) for n in range(50)), rtp(1, size=65_000)]
_SOURCES, _REPORT_EVERY = 4, 64
_MOST_IN_A_ROW = 128
"""Linux joins no more by UDP_GRO."""


class WatchTarget:
    """A table of sources, of which some send in rows."""

    name, variants, inputs, remembers = "watch", 2, 1024, True

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        return Corpus(_PACKETS, _ROWS)

    def start(self, variant: int) -> Callable[[bytes], tuple[Callable[[], None], ...]]:
        life = _Life(trail=bool(variant))
        return lambda data: (partial(life.take, data),)


class _Life:
    def __init__(self, *, trail: bool) -> None:
        self._table = FlowTable([_GROUP], now=0.0, trail=trail)
        self._now = 0.0
        self._packets = self._turns = 0

    def take(self, data: bytes) -> None:
        drawn = crc32(data)
        self._turns += 1
        self._now += (drawn >> 8 & 0xFF) * 1e-4
        step = 0
        if data and drawn & 1:
            least = -(-len(data) // _MOST_IN_A_ROW)
            step = min(max((drawn >> 16 & 0x1F) * 8, least), len(data))
        times = 10 if drawn & 0x60 == 0x60 and len(data) < 2048 else 1
        self._packets += times * (-(-len(data) // step) if step else 1)
        facts = KnownFacts(hops=drawn & 7, at=self._now if drawn & 8 else None)
        origin = Origin("10.0.0.1", drawn % _SOURCES)
        datagram = Datagram(data, origin, 1, facts, segment_bytes=step)
        self._table.take(0, [datagram] * times, now=self._now)
        if not self._turns % _REPORT_EVERY:
            self._look()

    def _look(self) -> None:
        (group,) = self._table.report(now=self._now)
        sources = [source.total for source in group.sources]
        if group.total.packets != self._packets:
            raise AssertionError(f"{group.total.packets} of {self._packets} counted")
        if sum(total.packets for total in sources) != self._packets:
            raise AssertionError("a packet belongs to no source")
        for total in sources:
            counts = total.counts
            if counts is not None and (counts.lost < 0 or counts.duplicates < 0):
                raise AssertionError(f"less than nothing: {counts}")


WATCH_TARGETS = (WatchTarget(),)
