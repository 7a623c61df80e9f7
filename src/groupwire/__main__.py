"""``python -m groupwire`` and the command ``groupwire``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Run the command line; return its exit code."""
    # Ctrl-C while Python still imports us is an interruption like any other.
    try:
        from .cli import run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
