"""Rows of zeros, which need not be written to a new file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["MIN_HOLE", "split"]

MIN_HOLE = 16 << 10
"""Fewer zeros in a row are written with what is beside them, in one system call."""
_ZEROS = bytes(1 << 16)

_Row = tuple[int, int, int]
"""From this part to before that one, and how many bytes that is."""


def split(parts: Sequence[bytes | memoryview]) -> Iterator[tuple[bool, int, int]]:
    """Return (whether it is a hole, first part, part behind) for all of ``parts``."""
    begun = 0
    for first, stop, size in _zeros(parts):
        if size < MIN_HOLE:
            continue
        if begun < first:
            yield False, begun, first
        yield True, first, stop
        begun = stop
    if begun < len(parts):
        yield False, begun, len(parts)


def _zeros(parts: Sequence[bytes | memoryview]) -> Iterator[_Row]:
    first = size = 0
    for number, part in enumerate(parts):
        # One memcmp, which ends at the first byte of most parts.
        if _ZEROS.startswith(part):
            size += len(part)
            continue
        if size:
            yield first, number, size
        first, size = number + 1, 0
    if size:
        yield first, len(parts), size
