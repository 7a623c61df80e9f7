"""Reads what only deliveries have in their JSON: entries, ids, digests."""

from __future__ import annotations

import re

from groupwire.deliver.limits import MAX_ENTRIES
from groupwire.errors import DecodeError
from groupwire.gather.fields import number_of

__all__ = [
    "digest_of",
    "entry_of",
]

_DIGEST = re.compile("[0-9a-f]{64}")


def entry_of(value: object) -> int:
    """Read the number of an entry."""
    return number_of(value, 0, MAX_ENTRIES - 1)


def digest_of(value: object) -> bytes:
    """Read a SHA-256 in hex."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise DecodeError("deliver-digest")
    return bytes.fromhex(value)
