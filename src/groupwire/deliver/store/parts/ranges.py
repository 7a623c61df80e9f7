"""Which bytes are there: ranges in order that do not touch."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

__all__ = ["MAX_RANGES", "Ranges"]

MAX_RANGES = 1 << 16
"""More pieces than that are not told apart; what is left out is asked for again."""


class Ranges:
    """Bytes that are there, as (start, stop)."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        for start, stop in ranges:
            self.add(start, stop)

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(list(zip(self._starts, self._stops, strict=True)))

    @property
    def prefix(self) -> int:
        """How many bytes are there from the first one on, without a gap."""
        return self._stops[0] if self._starts and not self._starts[0] else 0

    @property
    def end(self) -> int:
        """Behind the last byte that is there."""
        return self._stops[-1] if self._stops else 0

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return sum(self._stops) - sum(self._starts)

    def touches(self, start: int, stop: int) -> bool:
        """Return whether any byte of a range is there."""
        at = bisect_right(self._stops, start)
        return at < len(self) and self._starts[at] < stop

    def add(self, start: int, stop: int) -> int:
        """Add a range; return how many of its bytes are new."""
        if self._stops and start == self._stops[-1]:
            self._stops[-1] = stop
            return stop - start
        first = bisect_left(self._stops, start)
        last = bisect_right(self._starts, stop)
        if first == last and len(self) >= MAX_RANGES:
            return stop - start
        return self._merge(first, last, start, stop)

    def _merge(self, first: int, last: int, start: int, stop: int) -> int:
        starts, stops = self._starts[first:last], self._stops[first:last]
        low, high = min([start, *starts]), max([stop, *stops])
        self._starts[first:last] = [low]
        self._stops[first:last] = [high]
        return high - low - (sum(stops) - sum(starts))
