"""A receiver's book of runs: each sender's each bench is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from groupwire.errors import DecodeError
from groupwire.probe.flow.traffic import BURST_S, Traffic
from groupwire.probe.load.delays import Delays
from groupwire.probe.load.jitter import Jitter
from groupwire.probe.load.load import HEAD_BYTES, LoadHead, follow, is_load
from groupwire.probe.load.report import PERCENTILES, LoadReport
from groupwire.probe.sequence.meter import SequenceMeter
from groupwire.values import Datagram, Origin

__all__ = ["MAX_RUNS", "Run", "Runs"]

MAX_RUNS = 64
"""Runs kept; for one more the one that was silent longest is forgotten."""
_NUMBERS = 1 << 64


class Run:
    """One run, as it has arrived so far."""

    __slots__ = (
        "_rows",
        "delays",
        "jitter",
        "meter",
        "number",
        "origin",
        "traffic",
    )

    def __init__(self, number: int, origin: Origin) -> None:
        self.number, self.origin = number, origin
        self.meter = SequenceMeter(_NUMBERS)
        self.delays, self.jitter, self.traffic = Delays(), Jitter(), Traffic()
        self._rows = 0

    def take(self, data: bytes, head: LoadHead, step: int, at: float) -> None:
        """Count a datagram, or a row of them whose size is ``step``."""
        count = -(-len(data) // step)
        if follow(data, step, head.number, count):
            self.meter.take_run(head.number, count)
        else:
            for start in range(0, len(data), step):
                self._take_one(data[start : start + step])
        transit = at - head.sent_ns / 1e9
        self.delays.take(transit, count)
        self.jitter.take(transit)
        self.traffic.take(count, len(data), step, at)
        self._rows += 1

    def _take_one(self, data: bytes) -> None:
        if is_load(data):
            self.meter.take(LoadHead.decode(data).number)

    def report(
        self, *, dropped: int = 0, heard: float = 0, answered: float = 0
    ) -> LoadReport:
        """Return what there is to say.

        ``dropped`` is the kernel's count, of rows: those that did arrive tell how many
        packets that is.
        """
        counts, traffic = self.meter.counts, self.traffic
        percentiles = {
            name: round(delay, 7)
            for name, part in PERCENTILES.items()
            if (delay := self.delays.at(part)) is not None
        }
        return LoadReport(
            run=self.number,
            packets=counts.received,
            size_bytes=traffic.bytes,
            lost=counts.lost,
            duplicates=counts.duplicates,
            reordered=counts.reordered,
            longest_gap=counts.longest_gap,
            dropped_here=round(dropped * traffic.packets / self._rows),
            seconds=round(traffic.last - traffic.first, 6),
            jitter_s=round(self.jitter.seconds, 7),
            silence_s=round(traffic.silence, 6),
            peak_bits_per_s=traffic.peak * traffic.largest * 8 / BURST_S,
            heard=heard,
            answered=answered,
            delays_s=percentiles,
        )


@dataclass(frozen=True, slots=True)
class _Key:
    origin: Origin
    run: int


class Runs:
    """Takes what arrives and keeps every run apart; ``dropped`` is what was neither."""

    def __init__(self) -> None:
        self._runs: dict[_Key, Run] = {}
        self.foreign = 0
        """Datagrams that are no measured traffic."""

    def take(self, datagram: Datagram, *, time: float) -> Run | None:
        """Count a datagram or a row; return its run where that has just begun.

        ``time`` serves where the kernel has told none, seconds since the epoch.
        """
        data = datagram.data
        try:
            head = LoadHead.decode(data)
        except DecodeError:
            self.foreign += 1
            return None
        key = _Key(datagram.origin, head.run)
        run = self._runs.get(key)
        begun = run is None
        if run is None:
            run = self._begin(key)
        at = time if datagram.time is None else datagram.time
        step = datagram.segment_bytes or len(data)
        run.take(data, head, max(step, HEAD_BYTES), at)
        return run if begun else None

    def find(self, number: int) -> Run | None:
        """Return the run of this number that was heard last."""
        found = [run for key, run in self._runs.items() if key.run == number]
        return max(found, key=lambda run: run.traffic.last, default=None)

    def __iter__(self) -> Iterator[Run]:
        """Iterate over the runs, the oldest first."""
        return iter(self._runs.values())

    def _begin(self, key: _Key) -> Run:
        if len(self._runs) >= MAX_RUNS:
            oldest = min(self._runs, key=lambda each: self._runs[each].traffic.last)
            del self._runs[oldest]
        run = self._runs[key] = Run(key.run, key.origin)
        return run
