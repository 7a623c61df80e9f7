"""Which way a pipe goes, when nobody has said it."""

from __future__ import annotations

import os
import stat

__all__ = ["stdin_has_something"]

_STDIN = 0


def stdin_has_something() -> bool:
    """Tell whether standard input is a pipe or a file, and no terminal or /dev/null."""
    try:
        kind = os.fstat(_STDIN)
    except OSError:  # it is closed
        return False
    if not stat.S_ISCHR(kind.st_mode):
        return True
    return not os.isatty(_STDIN) and kind.st_rdev != os.stat(os.devnull).st_rdev
