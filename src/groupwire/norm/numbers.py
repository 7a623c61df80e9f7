"""Numbers that wrap on the wire, unwrapped (as RFC 1982 compares them)."""

from __future__ import annotations

__all__ = ["unwrap"]


def unwrap(bits: int, near: int, width: int) -> int:
    """Return the number nearest to ``near`` whose lowest ``width`` bits are ``bits``.

    Half the range lies on either side; the result may be negative.
    """
    size = 1 << width
    half = size >> 1
    return near + ((bits - near + half) % size) - half
