"""One file that two deliveries want: its sender may have been started anew."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Contest"]

_IDLE_S = 0.5
"""What nothing has come of for so long is the next one's."""


class _Seen(NamedTuple):
    have_bytes: int
    at: float


class Contest:
    """Looks whether more comes of what is open."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[object, _Seen] = {}
        """By open file: the next one of the same path has its own time."""

    def lost(self, file: object, have_bytes: int) -> bool:
        """Return whether a file is to be closed for the next who wants it.

        False where more of it has come since the first who asked. OSError(EAGAIN): that
        is not known yet.
        """
        now = self._clock()
        seen = self._seen.setdefault(file, _Seen(have_bytes, now))
        if seen.have_bytes == have_bytes and now - seen.at < _IDLE_S:
            raise BlockingIOError(errno.EAGAIN, "another delivery has it open")
        del self._seen[file]
        return seen.have_bytes == have_bytes

    def forget(self, file: object) -> None:
        """Learn that a file is closed; any number of times."""
        self._seen.pop(file, None)
