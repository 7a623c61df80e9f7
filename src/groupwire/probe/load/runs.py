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

__all__ = ["MAX_RUNS", "MAX_RUNS_OF_A_HOST", "Run", "Runs"]

MAX_RUNS = 64
"""Runs kept; for one more the one of which least has come is forgotten."""
MAX_RUNS_OF_A_HOST = 16
_KNOWN_PACKETS = 2
_NUMBERS = 1 << 64


class Run:
    """One run, as it has arrived so far."""

    __slots__ = (
        "_before",
        "_rows",
        "delays",
        "jitter",
        "known",
        "meter",
        "number",
        "origin",
        "traffic",
    )

    def __init__(self, number: int, origin: Origin) -> None:
        self.number, self.origin = number, origin
        # Another beginning would be another run, however much was lost between.
        self.meter = SequenceMeter(_NUMBERS, longest_loss=_NUMBERS >> 2)
        self.delays, self.jitter, self.traffic = Delays(), Jitter(), Traffic()
        self.known = False
        """Whether a second datagram has come: one alone may be anybody's."""
        self._before = _NUMBERS
        self._rows = 0

    def take(self, data: bytes, head: LoadHead, step: int, at: float) -> None:
        """Count a datagram, or a row of them whose size is ``step``."""
        count, size = -(-len(data) // step), len(data)
        if follow(data, step, head.number, count):
            self.meter.take_run(head.number, count)
        else:
            count, size = self._take_each(data, step)
        self._before = min(self._before, head.number)
        transit = at - head.sent_ns / 1e9
        self.delays.take(transit, count)
        self.jitter.take(transit)
        self.traffic.take(count, size, step, at)
        self._rows += 1

    def _take_each(self, data: bytes, step: int) -> tuple[int, int]:
        """Count one after the other; return how many, and their octets."""
        count = size = 0
        for start in range(0, len(data), step):
            part = data[start : start + step]
            if is_load(part):
                self.meter.take(LoadHead.decode(part).number)
                count, size = count + 1, size + len(part)
        return count, size

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
            dropped_here=min(
                round(dropped * traffic.packets / self._rows), counts.lost
            ),
            before=self._before,
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
    """Takes what arrives and keeps every run apart."""

    def __init__(self) -> None:
        self._runs: dict[_Key, Run] = {}
        self.foreign = 0
        """Datagrams that are no measured traffic."""

    def take(self, datagram: Datagram, *, time: float) -> Run | None:
        """Count a datagram or a row; return its run where it is known from now on.

        ``time`` serves where the kernel has told none, seconds since the epoch.
        """
        data = datagram.data
        try:
            head = LoadHead.decode(data)
        except DecodeError:
            self.foreign += 1
            return None
        key = _Key(datagram.origin, head.run)
        run = self._runs.get(key) or self._begin(key)
        at = time if datagram.time is None else datagram.time
        step = datagram.segment_bytes or len(data)
        run.take(data, head, max(step, HEAD_BYTES), at)
        if run.known or run.traffic.packets < _KNOWN_PACKETS:
            return None
        run.known = True
        return run

    def find(self, number: int) -> Run | None:
        """Return the run of this number that was heard last."""
        found = [run for key, run in self._runs.items() if key.run == number]
        return max(found, key=lambda run: run.traffic.last, default=None)

    def __iter__(self) -> Iterator[Run]:
        """Iterate over the runs that are known, the oldest first."""
        return (run for run in self._runs.values() if run.known)

    def _begin(self, key: _Key) -> Run:
        own = [each for each in self._runs if each.origin.host == key.origin.host]
        if len(own) >= MAX_RUNS_OF_A_HOST:
            self._forget(own)
        elif len(self._runs) >= MAX_RUNS:
            self._forget(list(self._runs))
        run = self._runs[key] = Run(key.run, key.origin)
        return run

    def _forget(self, keys: list[_Key]) -> None:
        """Forget the one of which least has come: strangers make many, and short."""
        least = min(keys, key=lambda each: self._runs[each].traffic.packets)
        del self._runs[least]
