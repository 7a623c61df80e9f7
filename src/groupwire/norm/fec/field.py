"""Arithmetic in GF(2^8) with the polynomial 0x11d, for numbers and small matrices.

Sums of whole symbols are made elsewhere: in sums.py, or by ISA-L in isal.py.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

__all__ = [
    "LOGARITHMS",
    "POWERS",
    "Matrix",
    "identity",
    "inverse",
    "inverted",
    "product",
    "products",
]

Matrix: TypeAlias = tuple[bytes, ...]
"""Rows of numbers. Bytes know their hash, so tables are found by matrix at no cost."""

_POLYNOMIAL = 0x11D


def _tables() -> tuple[list[int], list[int]]:
    powers, logarithms = [0] * 510, [0] * 256
    value = 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logarithms[value] = exponent
        value <<= 1
        if value > 0xFF:
            value ^= _POLYNOMIAL
    return powers, logarithms


POWERS, LOGARITHMS = _tables()
"""Powers of the generator 2, twice over, so that sums of exponents need no modulo, and
the logarithms of 1 to 255."""
_POWER_BYTES, _LOGARITHM_BYTES = bytes(POWERS), bytes(LOGARITHMS[1:])
"""The same, and the logarithms of 1 to 255, for whole tables at once."""


def product(a: int, b: int) -> int:
    """Return a times b."""
    if not a or not b:
        return 0
    return POWERS[LOGARITHMS[a] + LOGARITHMS[b]]


def inverse(a: int) -> int:
    """Return what a must be multiplied by to give 1; ZeroDivisionError for 0."""
    if not a:
        raise ZeroDivisionError("0 has no inverse")
    return POWERS[255 - LOGARITHMS[a]]


@cache
def products(factor: int) -> bytes:
    """Return the table that multiplies each byte by ``factor``."""
    if not factor:
        return bytes(256)
    at = LOGARITHMS[factor]
    return b"\0" + _LOGARITHM_BYTES.translate(_POWER_BYTES[at : at + 256])


@cache
def identity(size: int) -> Matrix:
    """Return the matrix that changes nothing."""
    return tuple(bytes(n) + b"\x01" + bytes(size - n - 1) for n in range(size))


def inverted(matrix: Matrix) -> Matrix:
    """Return the inverse of a square matrix, by Gauss and Jordan.

    ZeroDivisionError if it has none.
    """
    size = len(matrix)
    rows = [row + unit for row, unit in zip(matrix, identity(size), strict=True)]
    for column in range(size):
        pivot = _pivot(rows, column)
        for number, row in enumerate(rows):
            if number != column and row[column]:
                rows[number] = _sum(row, pivot.translate(products(row[column])))
    return tuple(row[size:] for row in rows)


def _pivot(rows: list[bytes], column: int) -> bytes:
    """Bring a row to ``column`` that has a 1 there, and return it."""
    found = next((n for n in range(column, len(rows)) if rows[n][column]), None)
    if found is None:
        raise ZeroDivisionError("the matrix has no inverse")
    rows[column], rows[found] = rows[found], rows[column]
    rows[column] = rows[column].translate(products(inverse(rows[column][column])))
    return rows[column]


def _sum(a: bytes, b: bytes) -> bytes:
    total = int.from_bytes(a, "little") ^ int.from_bytes(b, "little")
    return total.to_bytes(len(a), "little")
