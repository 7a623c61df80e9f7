"""How to ask for objects of which nothing has been heard: what they are comes first."""

from __future__ import annotations

from collections.abc import Iterator

from groupwire.norm.intervals import Intervals
from groupwire.norm.repair.state import Need

__all__ = ["Unheard"]


class Unheard:
    """Asks for the INFO of an object some times, and then for the whole of it.

    Whoever knows what an object is may have some of it from an earlier run, and asks
    for the rest alone. But a sender need not have an INFO (RFC 5740 §4.2.2), so that
    the silence that follows ends the asking for it.
    """

    def __init__(self, tries: int) -> None:
        self._asked = tuple(Intervals() for _ in range(tries))
        """What was asked for once, twice, and so on."""

    def needs(self, first: int, last: int) -> Iterator[Need]:
        """Iterate over what to ask for, of objects that are all unheard of."""
        if not self._asked:
            yield Need(first, last)
            return
        at, often = first, self._asked[-1]
        for low, high in often.gaps(first, last):
            if at < low:
                yield Need(at, low - 1)
            yield Need(low, high, info=True)
            at = high + 1
        if at <= last:
            yield Need(at, last)

    def asked(self, first: int, last: int) -> None:
        """Note that the infos of these have been asked for once more."""
        for number in range(len(self._asked) - 1, 0, -1):
            for low, high in _common(self._asked[number - 1], first, last):
                self._asked[number].add(low, high)
        for once in self._asked[:1]:
            once.add(first, last)

    def forget_before(self, number: int) -> None:
        """Keep nothing of objects that are no longer wanted."""
        for asked in self._asked:
            first = asked.first()
            if first is not None:
                asked.remove(first, number - 1)


def _common(numbers: Intervals, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Iterate over the ranges of ``first..last`` that are in a set."""
    for low, high in numbers:
        if low <= last and high >= first:
            yield max(low, first), min(high, last)
