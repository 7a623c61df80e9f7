"""Member names: short, printable, never a number."""

from __future__ import annotations

import re

from groupwire.errors import UsageError

__all__ = ["MAX_NAME_BYTES", "checked_name", "is_name"]

MAX_NAME_BYTES = 64
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def is_name(text: str) -> bool:
    """Tell whether ``text`` is a member name (docs/protocol.md §1.3)."""
    return _NAME.fullmatch(text) is not None and not text.isdigit()


def checked_name(text: str) -> str:
    """Return ``text``; UsageError when it is no member name."""
    if not is_name(text):
        raise UsageError(
            f"{text[:80]!r} is no member name",
            fix="use 1 to 64 of A-Z a-z 0-9 . _ - and not digits alone",
        )
    return text
