"""The numbers that have been passed over, as ranges, in bounded memory."""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["MAX_HOLES", "Holes"]

MAX_HOLES = 1024
"""Holes that are remembered, and so can be filled; the oldest are given up."""


class Holes:
    """Ranges of numbers that are missing, in order and apart from each other."""

    __slots__ = ("_afters", "_firsts")

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._afters: list[int] = []

    def __len__(self) -> int:
        return len(self._firsts)

    def open(self, first: int, after: int) -> None:
        """Note ``first`` up to before ``after``, which lie behind all that is known."""
        self._firsts.append(first)
        self._afters.append(after)
        if len(self._firsts) > MAX_HOLES:
            del self._firsts[0], self._afters[0]

    def fill(self, first: int, after: int) -> list[tuple[int, int]]:
        """Take a range out; return what of it was missing."""
        filled: list[tuple[int, int]] = []
        at = max(bisect_right(self._firsts, first) - 1, 0)
        while at < len(self._firsts) and self._firsts[at] < after:
            low, high = max(self._firsts[at], first), min(self._afters[at], after)
            if low >= high:
                at += 1
                continue
            filled.append((low, high))
            at += self._cut(at, low, high)
        return filled

    def clear(self) -> None:
        """Give all of them up."""
        self._firsts.clear()
        self._afters.clear()

    def _cut(self, at: int, low: int, high: int) -> int:
        """Take a part out of one hole; return how many holes are left of it."""
        rest = [(self._firsts[at], low), (high, self._afters[at])]
        kept = [(first, after) for first, after in rest if first < after]
        self._firsts[at : at + 1] = [first for first, _ in kept]
        self._afters[at : at + 1] = [after for _, after in kept]
        return len(kept)
