"""How many files this process may have open."""

from __future__ import annotations

import resource
from contextlib import suppress

__all__ = ["open_many"]


def open_many() -> None:
    """Ask for as many as the system allows: a member has two for each larger file.

    The usual 1024 are for programs that still use select().
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
