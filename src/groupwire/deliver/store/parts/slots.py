"""How many files of a store are open at once."""

from __future__ import annotations

import errno
import os
import resource
from itertools import count
from threading import Lock

from groupwire.deliver.store.tree.folders import closing

__all__ = ["MAX_OPEN", "SPARE", "Slots"]

MAX_OPEN = 1024
"""Files on their way, of more than fit into memory; each has two descriptors."""
_SHARE = 4
"""And no more than one for so many descriptors of the process: half are others'."""
SPARE = 16
"""Descriptors that are left for placing files, which closes others, and all else."""


class Slots:
    """Counts what is open. Threads take one after another: each looks, then takes.

    ``fd`` is any that is open: the numbers of two copies of it, the lowest that are
    free, tell which ones a file would get.
    """

    def __init__(self, fd: int, most: int | None = None) -> None:
        self._fd = fd
        self._most = _usual() if most is None else most
        self._taken: set[int] = set()
        self._numbers = count()
        self._lock = Lock()

    def take(self) -> int:
        """Return a number for one more. Raises OSError(EMFILE) where it is too many."""
        with self._lock:
            if len(self._taken) >= self._most:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            if self._taken:  # one at a time goes in any case
                self._check_spare()
            number = next(self._numbers)
            self._taken.add(number)
            return number

    def _check_spare(self) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        with closing(os.dup(self._fd)), closing(os.dup(self._fd)) as last:
            if soft != resource.RLIM_INFINITY and last >= soft - SPARE:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def give(self, number: int) -> None:
        """Have it no more; any number of times."""
        with self._lock:
            self._taken.discard(number)


def _usual() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_OPEN
    return min(MAX_OPEN, max(soft // _SHARE, 1))
