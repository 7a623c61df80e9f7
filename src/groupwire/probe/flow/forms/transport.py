"""An MPEG transport stream straight in UDP: several packets of 188 bytes in each."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from groupwire.probe.flow.forms.form import Row
from groupwire.probe.sequence import ContinuityMeter, SequenceCounts
from groupwire.probe.sequence.continuity import TS_BYTES, TS_SYNC

__all__ = ["TransportForm"]

_RECENT = 16
"""Datagrams that are known again when they come twice."""
_PLAIN = 10
"""Packets whose counters go on, more than one datagram holds: it is no chance."""


class TransportForm:
    """ISO 13818-1, counted in its own packets: a datagram holds up to seven."""

    NAME: ClassVar[str] = "MPEG-TS"
    UNIT: ClassVar[str] = "TS packets"
    FIRST: ClassVar[frozenset[int]] = frozenset((TS_SYNC,))

    def __init__(self) -> None:
        self._meter = ContinuityMeter()
        self._recent: deque[int] = deque(maxlen=_RECENT)
        self._twice = 0

    def take(self, row: Row) -> int:
        """Count a row; return how many of its datagrams are of this form."""
        return sum(map(self._take, row.packets()))

    @property
    def counts(self) -> SequenceCounts:
        """What the continuity counters have told so far."""
        counts = self._meter.counts
        return SequenceCounts(
            counts.received,
            counts.lost,
            counts.duplicates + self._twice,
            counts.reordered,
            gaps=counts.gaps,
            longest_gap=counts.longest_gap,
        )

    @property
    def believed(self) -> bool:
        """Whether so many counters go on from each other that it is no chance."""
        counts = self._meter.counts
        return counts.received >= _PLAIN and counts.gaps <= counts.received // 2

    @property
    def detail(self) -> str:
        """What else it says of itself: nothing."""
        return ""

    @property
    def jitter_s(self) -> float | None:
        """Its clock is not read."""
        return None

    def _take(self, data: bytes) -> int:
        syncs = data[::TS_BYTES]
        if not data or len(data) % TS_BYTES or syncs.count(TS_SYNC) != len(syncs):
            return 0
        print_of = hash(data)
        if print_of in self._recent:
            self._twice += len(syncs)
        else:
            self._recent.append(print_of)
            self._meter.take(data)
        return 1
