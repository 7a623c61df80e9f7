"""What arrives and what does not, by the sender's sequence numbers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from groupwire.norm.numbers import unwrap

__all__ = ["LossMeter"]

_JUMP = 0x1000
"""A larger step is a new beginning, not that many losses."""
_BITS = 16
_NUMBERS = 0xFFFF
_LATER = 3
"""RFC 4654 §5.1: so many packets with higher numbers make a missing one lost."""
_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2)
"""Of the latest loss intervals, TFMCC's (RFC 4654 §5.4)."""


class LossMeter:
    """Counts what arrives and what is lost, and TFMCC's loss events.

    A packet that comes late was not lost, one that comes twice counts once.
    """

    def __init__(self) -> None:
        self._highest: int | None = None
        self._at = 0.0
        """When the highest came."""
        self._missing: set[int] = set()
        self._open: deque[tuple[int, int, float, float]] = deque()
        """Gaps not yet taken for lost: first, stop, and when their neighbours came."""
        self._closed: deque[tuple[int, int]] = deque()
        self._events = _LossEvents()
        self._bytes = self._heard = self._lost = 0
        self._reported = 0
        """Losses in all reports so far."""
        self._since: float | None = None

    @property
    def lost(self) -> int:
        """How many packets were lost so far."""
        return self._reported + self._lost

    def heard(
        self, sequences: Sequence[int], size_bytes: int, rtt_s: float, now: float
    ) -> None:
        """Take packets in that arrived together, all about equally long."""
        if self._since is None:
            self._since = now
        each = size_bytes // len(sequences)
        for first, count in _runs(sequences):
            self._take(first, count, each, now)
        if self._open:
            self._settle(each, rtt_s, now)

    def follows(self, sequence: int) -> bool:
        """Return whether this number is the next one, and no gap is open."""
        highest = self._highest
        return (
            highest is not None
            and not self._open
            and (highest + 1 - sequence) & _NUMBERS == 0
        )

    def went_on(self, size_bytes: int, now: float) -> None:
        """Take in the packet that follows."""
        self._highest = (self._highest or 0) + 1
        self._at = now
        self._heard += 1
        self._bytes += size_bytes

    def _take(self, first: int, count: int, each: int, now: float) -> None:
        number = first if self._highest is None else unwrap(first, self._highest, _BITS)
        if self._highest is None or abs(number - self._highest) >= _JUMP:
            self._begin(number)
        expected = (self._highest or 0) + 1
        if number > expected:
            self._missing.update(range(expected, number))
            self._open.append((expected, number, self._at, now))
        last = number + count - 1
        for late in range(number, min(expected, last + 1)):
            if late in self._missing:
                self._came_late(late)
                self._bytes += each
        fresh = last + 1 - max(number, expected)
        if fresh > 0:
            self._heard += fresh
            self._bytes += fresh * each
            self._highest, self._at = last, now

    def _begin(self, number: int) -> None:
        self._highest = number - 1
        self._missing.clear()
        self._open.clear()
        self._closed.clear()

    def _came_late(self, number: int) -> None:
        self._missing.remove(number)
        self._heard += 1
        if not self._open or number < self._open[0][0]:
            self._lost -= 1

    def _settle(self, each: int, rtt_s: float, now: float) -> None:
        """Take gaps for lost that enough packets have followed."""
        highest = self._highest or 0
        while self._open and self._open[0][1] + _LATER <= highest + 1:
            first, stop, before, after = self._open.popleft()
            self._closed.append((first, stop))
            step = (after - before) / (stop - first + 1)
            for number in range(first, stop):
                if number in self._missing:
                    self._lost += 1
                    at = before + (number - first + 1) * step
                    self._lose(number, at, each, rtt_s, now)
        while self._closed and self._closed[0][1] < highest - _JUMP:
            self._missing.difference_update(range(*self._closed.popleft()))

    def _lose(
        self, number: int, at: float, each: int, rtt_s: float, now: float
    ) -> None:
        if not self._events.known:
            span = max(now - (self._since or 0.0), rtt_s, 1e-6)
            self._events.seed(self._bytes / span * rtt_s / max(each, 1))
        self._events.lost(number, at, rtt_s)

    @property
    def events(self) -> float:
        """The loss event rate of TFMCC, 0 as long as nothing was lost."""
        return self._events.rate(self._highest or 0)

    def rested(self) -> None:
        """Note a long pause of the sender: it may start slowly (RFC 4654 §4.3.1)."""
        self._events.current = False

    def round_trip_known(self, ratio: float) -> None:
        """Correct what was computed with another round trip than the true one."""
        self._events.rescale(ratio)

    def report(self, now: float) -> tuple[int, float, float]:
        """Return bytes, seconds and the fraction lost since the last report."""
        span = now - (self._since if self._since is not None else now)
        lost = max(0, self._lost)
        total = self._heard + lost
        result = self._bytes, span, lost / total if total else 0.0
        self._bytes = self._heard = 0
        self._reported += lost
        # What came late after it had been reported as lost makes up for later losses.
        self._lost = min(0, self._lost)
        self._since = now
        return result


class _LossEvents:
    """Losses within a round trip are one event (RFC 4654 §5.2 to §5.6)."""

    def __init__(self) -> None:
        self.current = False
        """Whether something was lost since the last long pause."""
        self._began = 0
        self._began_at = -1e9
        self._intervals: deque[float] = deque(maxlen=len(_WEIGHTS))
        self._seed: float | None = None
        self._count = 0

    @property
    def known(self) -> bool:
        return self._seed is not None

    def seed(self, packets_per_rtt: float) -> None:
        """Begin with the interval that would explain the rate so far (§5.6)."""
        self._seed = max(1.0, packets_per_rtt**2 / 1.5)

    def rescale(self, ratio: float) -> None:
        if self._seed is not None and 0 < self._count <= len(_WEIGHTS):
            self._seed = max(1.0, self._seed * ratio * ratio)
            self._intervals[-1] = self._seed

    def lost(self, number: int, at: float, rtt_s: float) -> None:
        if at <= self._began_at + rtt_s:
            return
        begun = self._count > 0
        self._intervals.appendleft(
            max(1.0, number - self._began) if begun else self._seed or 1.0
        )
        self._count += 1
        self._began, self._began_at, self.current = number, at, True

    def rate(self, highest: int) -> float:
        if not self.current:
            return 0.0
        closed = list(self._intervals)
        mean = max(_weighted(closed), _weighted([highest - self._began + 1, *closed]))
        return min(1.0, 1.0 / mean)


def _runs(sequences: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Iterate over runs of consecutive numbers, as first and count."""
    start, count = 0, len(sequences)
    if (sequences[-1] - sequences[0]) & 0xFFFF == count - 1:
        # A row in order; what is out of order and looks like one is as good as one.
        yield sequences[0], count
        return
    for at in range(1, count + 1):
        if at == count or sequences[at] != (sequences[at - 1] + 1) & 0xFFFF:
            yield sequences[start], at - start
            start = at


def _weighted(intervals: Sequence[float]) -> float:
    pairs = list(zip(intervals, _WEIGHTS, strict=False))
    return sum(i * w for i, w in pairs) / sum(w for _, w in pairs)
