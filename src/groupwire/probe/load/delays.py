"""Percentiles of times in little memory, to one per cent.

A histogram whose buckets grow with the value, as HdrHistogram's do; a time may be
negative, because two clocks need not agree.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from itertools import accumulate

__all__ = ["Delays"]

_GROWTH = 1.02
"""From one bucket to the next: the middle of one is within 1 % of what is in it."""
_LEAST_S = 1e-6
"""What is nearer to 0 is 0."""
_LOG = math.log(_GROWTH)
_MOST_BUCKETS = 2_048
"""From 1 us to beyond an hour, on both sides of 0; further off counts as that."""


class Delays:
    """Takes times in seconds, gives percentiles."""

    __slots__ = ("_buckets", "_count", "_largest", "_least", "_sum")

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._count = 0
        self._sum = 0.0
        self._least, self._largest = math.inf, -math.inf

    def take(self, seconds: float, count: int = 1) -> None:
        """Count a time, or several equal ones."""
        self._buckets[_bucket(seconds)] += count
        self._count += count
        self._sum += seconds * count
        self._least = min(self._least, seconds)
        self._largest = max(self._largest, seconds)

    def __len__(self) -> int:
        """Return how many have been taken."""
        return self._count

    @property
    def mean(self) -> float | None:
        """The mean; None before the first."""
        return self._sum / self._count if self._count else None

    def at(self, part: float) -> float | None:
        """Return the time that this part (0 to 1) does not exceed; None before any.

        0 and 1 are exact.
        """
        if not self._count:
            return None
        if part <= 0:
            return self._least
        if part >= 1:
            return self._largest
        order = sorted(self._buckets)
        upto = list(accumulate(self._buckets[bucket] for bucket in order))
        bucket = order[bisect_left(upto, part * self._count)]
        return min(max(_middle(bucket), self._least), self._largest)


def _bucket(seconds: float) -> int:
    size = abs(seconds)
    if size < _LEAST_S:
        return 0
    number = min(1 + int(math.log(size / _LEAST_S) / _LOG), _MOST_BUCKETS)
    return number if seconds > 0 else -number


def _middle(bucket: int) -> float:
    if not bucket:
        return 0.0
    size = _LEAST_S * math.pow(_GROWTH, abs(bucket) - 0.5)
    return size if bucket > 0 else -size
