"""How many files this process may have open, and how much a pipe may hold."""

from __future__ import annotations

import fcntl
import resource
from contextlib import suppress

__all__ = ["open_many", "widen"]

_PIPE_BYTES = 1 << 20
"""What a system lets everybody ask for."""


def open_many() -> None:
    """Ask for as many as the system allows: a member has two for each larger file.

    The usual 1024 are for programs that still use select().
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def widen(number: int) -> None:
    """Have a pipe hold more, where it is one: fewer wake-ups move the same."""
    with suppress(OSError, AttributeError):  # no pipe, or no Linux
        if fcntl.fcntl(number, fcntl.F_GETPIPE_SZ) < _PIPE_BYTES:
            fcntl.fcntl(number, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
