"""``python -m groupwire`` and the command ``groupwire``."""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]

_UNLOOKED_FOR = 100_000
"""So many new objects are no reason to look for garbage.

Nearly all that a start makes stays; looking through it again and again costs a tenth of
the time of a short command.
"""


def main() -> int:
    """Run the command line; return its exit code."""
    gc.set_threshold(_UNLOOKED_FOR, *gc.get_threshold()[1:])
    # Ctrl-C while Python still imports us is an interruption like any other.
    try:
        from .cli import run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
