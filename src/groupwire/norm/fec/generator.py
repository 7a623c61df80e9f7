"""The matrix that makes parity: the one of Rizzo's code, as the reference speaks it.

RFC 5510 §8.2.1 read literally gives a Vandermonde matrix over the points 1, a, a^2, ...
The reference implementation, zfec and FLUTE's tools begin with the point 0, which is
another code. docs/norm.md says more.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from groupwire.norm.fec.field import LOGARITHMS, POWERS, Matrix

__all__ = ["MAX_SYMBOLS", "parity_rows"]

MAX_SYMBOLS = 255
"""Source and parity symbols of a block together."""
_POINTS = (0, *POWERS[: MAX_SYMBOLS - 1])
_NONZERO = 255
"""How many numbers have a logarithm: these are added modulo that."""


@lru_cache(maxsize=32)
def parity_rows(source: int, parity: int) -> Matrix:
    """Return a row for each parity symbol, with a factor for each source symbol.

    Blocks that are shorter use the same rows, with zeros for what is not there: this is
    what the reference implementation does, and not what RFC 5510 says.

    That matrix times the inverse of its upper square: the source symbols are values of
    a polynomial at the first points, and the parity symbols its values at the others.
    So the factors are Lagrange's, and nothing need be inverted: for a row at ``x`` and
    a column at ``p`` the product of all ``(x - q) / (p - q)`` for the other ``q``.
    """
    points = _POINTS[:source]
    below = [_logarithm(p ^ q for q in points if q != p) for p in points]
    rows: list[bytes] = []
    for x in _POINTS[source : source + parity]:
        above = _logarithm(x ^ q for q in points)
        rows.append(
            bytes(
                POWERS[(above - LOGARITHMS[x ^ p] - divisor) % _NONZERO]
                for p, divisor in zip(points, below, strict=True)
            )
        )
    return tuple(rows)


def _logarithm(factors: Iterable[int]) -> int:
    """Return that of a product, of which none is 0."""
    return sum(LOGARITHMS[factor] for factor in factors)
