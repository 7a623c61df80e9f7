"""Runs of senders that a receiver follows no more."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from itertools import count
from typing import NamedTuple

from groupwire.norm.receive.events import SenderKey

__all__ = ["Bygone"]


class _Rank(NamedTuple):
    """What orders runs: the lowest is forgotten first."""

    heard: int
    order: int
    key: SenderKey


class Bygone:
    """Remembers runs, so that nothing of them is ever delivered twice.

    What the application has ended is kept by itself, where strangers displace nothing.
    Of the others the one heard least is forgotten first: strangers that say little each
    displace each other. And of the latest it is known how often they were heard, so
    that a sender that is heard again and again does not yield to strangers for ever.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._over: OrderedDict[SenderKey, None] = OrderedDict()
        self._resumes: dict[SenderKey, tuple[int, _Rank]] = {}
        self._ranks: list[_Rank] = []
        """In order; of as many as may go on."""
        self._count = count()
        self._met: OrderedDict[SenderKey, int] = OrderedDict()

    def end(self, key: SenderKey) -> None:
        """Remember that nothing of a run is wanted any more."""
        self._forget(key)
        self._over[key] = None
        self._over.move_to_end(key)
        if len(self._over) > self._most:
            self._over.popitem(last=False)

    def add(self, key: SenderKey, resume: int, heard: int) -> None:
        """Remember the first object still wanted of a run that was so often heard."""
        self._forget(key)
        if len(self._ranks) >= self._most:
            self._forget(self._ranks[0].key)
        rank = _Rank(heard, next(self._count), key)
        self._resumes[key] = resume, rank
        insort(self._ranks, rank)

    def _forget(self, key: SenderKey) -> None:
        if key in self._resumes:
            _, rank = self._resumes.pop(key)
            del self._ranks[bisect_left(self._ranks, rank)]

    def over(self, key: SenderKey) -> bool:
        """Return whether nothing is wanted of a run any more."""
        return key in self._over

    def resume(self, key: SenderKey) -> int | None:
        """Return the first object wanted of a run; None where all are."""
        resume, _ = self._resumes.get(key, (None, None))
        return resume

    def met(self, key: SenderKey, heard: int) -> None:
        """Remember how many datagrams of a run were heard."""
        self._met[key] = heard
        self._met.move_to_end(key)
        while len(self._met) > self._most:
            self._met.popitem(last=False)

    def heard(self, key: SenderKey) -> int:
        """Return how many datagrams of a run were heard before, 0 if it is new."""
        if key in self._resumes:
            return self._resumes[key][1].heard
        return self._met.get(key, 0)
