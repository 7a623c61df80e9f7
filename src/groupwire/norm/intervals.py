"""Sets of numbers as few ranges: what is complete, what is asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

__all__ = ["Intervals"]


class Intervals:
    """A set of integers, kept as disjoint ranges ``first..last`` in order."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __len__(self) -> int:
        """Return how many ranges there are, not how many numbers."""
        return len(self._firsts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Iterate over the ranges, both ends included."""
        return iter(list(zip(self._firsts, self._lasts, strict=True)))

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def covers(self, first: int, last: int) -> bool:
        """Return whether all of ``first..last`` are in it."""
        at = bisect_right(self._firsts, first) - 1
        return at >= 0 and last <= self._lasts[at]

    def add(self, first: int, last: int) -> None:
        """Put in ``first..last``, melting what touches."""
        firsts, lasts = self._firsts, self._lasts
        if lasts and lasts[-1] == first - 1:
            lasts[-1] = last
            return
        low = bisect_left(lasts, first - 1)
        high = bisect_right(firsts, last + 1)
        if low < high:
            first = min(first, firsts[low])
            last = max(last, lasts[high - 1])
        firsts[low:high] = [first]
        lasts[low:high] = [last]

    def remove(self, first: int, last: int) -> None:
        """Take out whatever of ``first..last`` is in it."""
        low = bisect_left(self._lasts, first)
        high = bisect_right(self._firsts, last)
        if low >= high:
            return
        left, right = self._firsts[low], self._lasts[high - 1]
        kept: list[tuple[int, int]] = []
        if left < first:
            kept.append((left, first - 1))
        if right > last:
            kept.append((last + 1, right))
        self._firsts[low:high] = [a for a, _ in kept]
        self._lasts[low:high] = [b for _, b in kept]

    def first(self) -> int | None:
        """Return the lowest number, None when empty."""
        return self._firsts[0] if self._firsts else None

    def first_gap(self, start: int = 0) -> int:
        """Return the lowest number from ``start`` on that is not in it."""
        at = bisect_right(self._firsts, start) - 1
        if at >= 0 and start <= self._lasts[at]:
            return self._lasts[at] + 1
        return start

    def gaps(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Iterate over the ranges of ``first..last`` that are not in it."""
        at = bisect_left(self._lasts, first)
        while first <= last:
            if at == len(self._firsts) or self._firsts[at] > last:
                yield first, last
                return
            if self._firsts[at] > first:
                yield first, self._firsts[at] - 1
            first = self._lasts[at] + 1
            at += 1

    def clear(self) -> None:
        """Forget everything."""
        self._firsts.clear()
        self._lasts.clear()
