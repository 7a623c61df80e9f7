"""Arithmetic in GF(2^8) with the polynomial 0x11d, for numbers and for whole symbols.

A symbol is multiplied by ``bytes.translate`` with a table of 256 products and added as
one big integer: nothing in the standard library is faster.
"""

from __future__ import annotations

from functools import cache

__all__ = ["add", "inverse", "inverted", "product", "products", "scaled"]

_POLYNOMIAL = 0x11D
Matrix = tuple[tuple[int, ...], ...]


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


POWERS, _LOGARITHMS = _tables()
"""Powers of the generator 2, twice over, so that sums of exponents need no modulo."""


def product(a: int, b: int) -> int:
    """Return a times b."""
    if not a or not b:
        return 0
    return POWERS[_LOGARITHMS[a] + _LOGARITHMS[b]]


def inverse(a: int) -> int:
    """Return what a must be multiplied by to give 1; ZeroDivisionError for 0."""
    if not a:
        raise ZeroDivisionError("0 has no inverse")
    return POWERS[255 - _LOGARITHMS[a]]


@cache
def products(factor: int) -> bytes:
    """Return the table that multiplies each byte by ``factor``."""
    return bytes(product(factor, byte) for byte in range(256))


def scaled(symbol: bytes, factor: int) -> int:
    """Return a symbol times a number, as the big integer that :func:`add` takes."""
    if factor == 1:
        return int.from_bytes(symbol, "little")
    return int.from_bytes(symbol.translate(products(factor)), "little")


def add(total: int, term: int) -> int:
    """Return the sum, which is the difference too."""
    return total ^ term


def inverted(matrix: Matrix) -> Matrix:
    """Return the inverse of a square matrix, by Gauss and Jordan.

    ZeroDivisionError if it has none.
    """
    size = len(matrix)
    rows = [
        [*row, *(int(column == number) for column in range(size))]
        for number, row in enumerate(matrix)
    ]
    for column in range(size):
        _pivot(rows, column)
        for number, row in enumerate(rows):
            if number != column and row[column]:
                _subtract(row, rows[column], row[column])
    return tuple(tuple(row[size:]) for row in rows)


def _pivot(rows: list[list[int]], column: int) -> None:
    """Bring a row to ``column`` that has a 1 there."""
    found = next((n for n in range(column, len(rows)) if rows[n][column]), None)
    if found is None:
        raise ZeroDivisionError("the matrix has no inverse")
    rows[column], rows[found] = rows[found], rows[column]
    factor = inverse(rows[column][column])
    rows[column] = [product(factor, value) for value in rows[column]]


def _subtract(row: list[int], other: list[int], factor: int) -> None:
    for column, value in enumerate(other):
        if value:
            row[column] ^= product(factor, value)
