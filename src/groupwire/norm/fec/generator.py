"""The matrix that makes parity: the one of Rizzo's code, as the reference speaks it.

RFC 5510 §8.2.1 read literally gives a Vandermonde matrix over the points 1, a, a^2, ...
The reference implementation, zfec and FLUTE's tools begin with the point 0, which is
another code. docs/norm.md says more.
"""

from __future__ import annotations

from functools import lru_cache

from groupwire.norm.fec.field import POWERS, Matrix, inverted
from groupwire.norm.fec.sums import combine

__all__ = ["MAX_SYMBOLS", "parity_rows"]

MAX_SYMBOLS = 255
"""Source and parity symbols of a block together."""


@lru_cache(maxsize=32)
def parity_rows(source: int, parity: int) -> Matrix:
    """Return a row for each parity symbol, with a factor for each source symbol.

    Blocks that are shorter use the same rows, with zeros for what is not there: this is
    what the reference implementation does, and not what RFC 5510 says.
    """
    top = tuple(_vandermonde(row, source) for row in range(source))
    bottom = tuple(_vandermonde(source + row, source) for row in range(parity))
    return tuple(combine(bottom, inverted(top), source))


def _vandermonde(row: int, columns: int) -> bytes:
    """Return the powers of the row's point: 0, then 1, a, a^2, ..."""
    if row == 0:
        return b"\x01".ljust(columns, b"\x00")
    return bytes(POWERS[(row - 1) * column % 255] for column in range(columns))
