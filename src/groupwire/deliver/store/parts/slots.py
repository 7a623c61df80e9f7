"""How many files of a store are open at once."""

from __future__ import annotations

import errno
import os
import resource
from itertools import count
from typing import NamedTuple

from groupwire.deliver.store.tree.folders import closing

__all__ = ["MAX_OPEN", "SPARE", "Slots"]

MAX_OPEN = 1024
"""Files on their way, of more than fit into memory; each has two descriptors."""
_SHARE = 4
"""And no more than one for so many descriptors of the process: half are others'."""
SPARE = 16
"""Descriptors that are left for placing files, which closes others, and all else."""


_KEPT = 8
"""Left for deliveries that have none open, of which so many go on at once."""


class _Owner(NamedTuple):
    delivery: int
    foreign: bool


class Slots:
    """Counts what is open. One thread takes; any may give back.

    A quarter is left by each delivery to all others; foreign senders, who announce
    nothing, share a quarter, of which each has a quarter at most.

    ``fd`` is any that is open: the numbers of two copies of it, the lowest that are
    free, tell which ones a file would get.
    """

    def __init__(self, fd: int, most: int | None = None) -> None:
        self._fd = fd
        self._most = _usual() if most is None else most
        self._kept = min(_KEPT, self._most // 4)
        self._taken: dict[int, _Owner] = {}
        self._numbers = count()

    def take(self, delivery: int = 0, *, foreign: bool = False) -> int:
        """Return a number for one more. Raises OSError(EMFILE) where it is too many."""
        owner = _Owner(delivery, foreign)
        if not self._has_room(owner):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        if self._taken:  # one at a time goes in any case
            self._check_spare()
        number = next(self._numbers)
        self._taken[number] = owner
        return number

    def _has_room(self, owner: _Owner) -> bool:
        owners = list(self._taken.values())  # others may give back meanwhile
        quarter, own = self._most // 4, owners.count(owner)
        if own == 0 and not owner.foreign:
            return len(owners) < self._most
        if len(owners) >= self._most - self._kept:
            return False
        if not owner.foreign:
            return own < self._most - quarter
        foreign = sum(who.foreign for who in owners)
        return foreign < max(quarter, 1) and own < max(quarter // 4, 1)

    def _check_spare(self) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        with closing(os.dup(self._fd)), closing(os.dup(self._fd)) as last:
            if soft != resource.RLIM_INFINITY and last >= soft - SPARE:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def give(self, number: int) -> None:
        """Have it no more; any number of times."""
        self._taken.pop(number, None)


def _usual() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_OPEN
    return min(MAX_OPEN, max(soft // _SHARE, 1))
