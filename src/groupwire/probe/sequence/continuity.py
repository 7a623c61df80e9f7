"""Counts what is missing of an MPEG transport stream, by its continuity counters.

ISO 13818-1 §2.4.3.3: each packet id counts its packets with payload from 0 to 15. Of
sixteen lost in a row nothing is seen, so the figures are the least that was lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.probe.sequence.meter import SequenceCounts

__all__ = ["MAX_PIDS", "TS_BYTES", "TS_SYNC", "ContinuityMeter"]

TS_BYTES, TS_SYNC = 188, 0x47
MAX_PIDS = 64
"""Packet ids that are followed; what has others is not counted."""
_NULL_PID = 0x1FFF
_ERROR, _PAYLOAD, _ADAPTATION, _DISCONTINUITY = 0x80, 0x10, 0x20, 0x80


@dataclass(slots=True)
class _Counter:
    """The last counter of a packet id, and what is missing before it."""

    last: int
    missing_from: int = 0
    missing: int = 0


class ContinuityMeter:
    """Reads whole packets of 188 bytes in the order in which they arrived."""

    __slots__ = (
        "_counters",
        "_duplicates",
        "_gaps",
        "_longest",
        "_lost",
        "_received",
        "_reordered",
    )

    def __init__(self) -> None:
        self._counters: dict[int, _Counter] = {}
        self._received = self._lost = self._duplicates = self._reordered = 0
        self._gaps = self._longest = 0

    @property
    def counts(self) -> SequenceCounts:
        """What has been counted so far, in packets of 188 bytes with payload."""
        return SequenceCounts(
            self._received,
            self._lost,
            self._duplicates,
            self._reordered,
            0,
            self._gaps,
            self._longest,
        )

    def take(self, data: bytes) -> None:
        """Count the packets in ``data``, which has nothing else."""
        heads = zip(
            data[1::TS_BYTES], data[2::TS_BYTES], data[3::TS_BYTES], strict=True
        )
        counters = self._counters
        for number, (high, low, flags) in enumerate(heads):
            if not flags & _PAYLOAD or high & _ERROR:
                continue
            pid = (high & 0x1F) << 8 | low
            counter = counters.get(pid)
            if counter is not None and flags & 0xF == (counter.last + 1) & 0xF:
                counter.last = flags & 0xF
                self._received += 1
            elif pid != _NULL_PID:
                fresh = flags & _ADAPTATION and _jumps(data, number * TS_BYTES)
                self._odd(pid, None if fresh else counter, flags & 0xF)

    def _odd(self, pid: int, counter: _Counter | None, number: int) -> None:
        """Take what does not follow the last one."""
        if counter is None:
            if pid in self._counters or len(self._counters) < MAX_PIDS:
                self._counters[pid] = _Counter(number)
                self._received += 1
        elif number == counter.last:
            self._duplicates += 1
        elif counter.missing and number == counter.missing_from:
            counter.missing_from = (number + 1) & 0xF
            counter.missing -= 1
            self._lost -= 1
            self._reordered += 1
            self._received += 1
        else:
            self._pass_over(counter, number)

    def _pass_over(self, counter: _Counter, number: int) -> None:
        counter.missing_from = (counter.last + 1) & 0xF
        counter.missing = (number - counter.missing_from) & 0xF
        counter.last = number
        self._received += 1
        self._lost += counter.missing
        self._gaps += 1
        self._longest = max(self._longest, counter.missing)


def _jumps(data: bytes, at: int) -> bool:
    """Tell whether the adaptation field says that the counter begins anew."""
    return data[at + 4] > 0 and bool(data[at + 5] & _DISCONTINUITY)
