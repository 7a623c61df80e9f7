"""Locks on open files, between stores; where a filesystem has none, without."""

from __future__ import annotations

import errno
import fcntl

__all__ = ["lock", "share"]

_NONE_HERE = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}


def lock(fd: int) -> bool | None:
    """Take a file alone; False where somebody has it, None where nobody can tell."""
    return _lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def share(fd: int) -> None:
    """Take a file with others, or let them in. Waits for one that is alone."""
    _lock(fd, fcntl.LOCK_SH)


def _lock(fd: int, how: int) -> bool | None:
    try:
        fcntl.flock(fd, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NONE_HERE:
            raise
        return None
    return True
