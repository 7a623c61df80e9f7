"""Sums of scaled symbols, with the standard library alone.

A symbol is one big integer. A factor is eight bits, so a sum of scaled symbols is eight
sums of unscaled ones, of which the one of bit n counts 2^n times. All rows take those
from the same sums of each few neighbours, which are made once: the "method of the four
Russians". The doubling is done seven times for a row, however many symbols there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from groupwire.norm.fec.field import Matrix

__all__ = ["Combine", "Symbol", "combine"]

Symbol: TypeAlias = bytes | bytearray | memoryview
"""What is added and scaled; views are of single bytes."""

Combine: TypeAlias = Callable[[Matrix, Sequence[Symbol], int], list[bytes]]
"""Makes a sum of scaled symbols for each row; symbols may be shorter than the size.

None may be longer, and each row has as many factors as there are symbols.
"""

_NEIGHBOURS = 4
"""More would need fewer additions, of sums that no longer fit into a cache."""
_REMAINDER = 0x1D
"""What 2^8 leaves in the field."""


def combine(rows: Matrix, symbols: Sequence[Symbol], size_bytes: int) -> list[bytes]:
    """Return for each row the sum of all symbols, each times its factor.

    A symbol that is shorter than ``size_bytes`` counts as if zeros followed.
    """
    sums = _neighbour_sums(symbols)
    ones = int.from_bytes(b"\x01" * size_bytes, "little")
    return [_row_sum(row, sums, ones).to_bytes(size_bytes, "little") for row in rows]


def _neighbour_sums(symbols: Sequence[Symbol]) -> list[int]:
    """Return the sums of all subsets of each few neighbours, one set after another."""
    found: list[int] = []
    for first in range(0, len(symbols), _NEIGHBOURS):
        sums = [0]
        for symbol in symbols[first : first + _NEIGHBOURS]:
            value = int.from_bytes(symbol, "little")
            sums += [value ^ other for other in sums]
        found += sums
    return found


def _row_sum(row: bytes, sums: Sequence[int], ones: int) -> int:
    """Return the sum of a row by Horner's rule; ``ones`` has a 1 in each byte."""
    low = ones * 0x7F
    total = 0
    for places in _places(row):
        over = (total >> 7) & ones
        total = ((total & low) << 1) ^ (over * _REMAINDER)
        for place in places:
            total ^= sums[place]
    return total


@lru_cache(maxsize=256)
def _places(row: bytes) -> tuple[tuple[int, ...], ...]:
    """Return where the sums are that a row adds, for each bit from the highest on."""
    subsets = b"".join(
        _subsets(row[first : first + _NEIGHBOURS])
        for first in range(0, len(row), _NEIGHBOURS)
    )
    return tuple(
        tuple((n << _NEIGHBOURS) + subset for n, subset in enumerate(subsets[bit::8]))
        for bit in range(8)
    )


def _subsets(factors: bytes) -> bytes:
    """Return for each bit from the highest on which of the factors have it."""
    spread = (_SPREAD[factor] << n for n, factor in enumerate(factors))
    return sum(spread).to_bytes(8, "big")


_SPREAD = [
    sum((factor >> bit & 1) << 8 * bit for bit in range(8)) for factor in range(256)
]
"""Each bit of a factor in a byte of its own."""
