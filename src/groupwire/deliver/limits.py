"""How much of everything a delivery may have, whoever sends it (docs/delivery.md)."""

from __future__ import annotations

__all__ = [
    "MAX_BYTES",
    "MAX_ENTRIES",
    "MAX_FILE_BYTES",
    "MAX_PATH_BYTES",
]

MAX_ENTRIES = 200_000
"""Of a manifest: what a member reads within a second."""
MAX_FILE_BYTES = (1 << 48) - 1
"""RFC 5740 has 48 bits for the size of an object."""
MAX_BYTES = (1 << 63) - 1
"""Of a whole delivery, and of any other count of bytes."""
MAX_PATH_BYTES = 4096
"""What Linux takes."""
