from itertools import combinations

import pytest

from groupwire.norm.fec.field import POWERS, Matrix, inverted
from groupwire.norm.fec.generator import MAX_SYMBOLS, parity_rows
from groupwire.norm.fec.sums import combine


def test_the_matrix_has_the_point_zero_and_not_that_of_the_rfc() -> None:
    """Two source symbols: points 0 and 1 for them, a and a squared for the parity."""
    assert parity_rows(2, 2) == (b"\x03\x02", b"\x05\x04")


def test_a_single_symbol_is_repeated() -> None:
    assert parity_rows(1, 3) == (b"\x01", b"\x01", b"\x01")


@pytest.mark.parametrize(("source", "parity"), [(1, 254), (100, 155)])
def test_there_is_a_row_for_each_parity_symbol(source: int, parity: int) -> None:
    assert source + parity == MAX_SYMBOLS
    assert [len(row) for row in parity_rows(source, parity)] == [source] * parity


def test_every_square_of_it_has_an_inverse() -> None:
    rows = parity_rows(6, 4)
    for picked in combinations(rows, 2):
        for columns in combinations(range(6), 2):
            inverted(tuple(bytes(row[n] for n in columns) for row in picked))


@pytest.mark.parametrize(("source", "parity"), [(1, 3), (2, 2), (16, 8), (100, 155)])
def test_it_is_a_vandermonde_matrix_times_the_inverse_of_its_upper_square(
    source: int, parity: int
) -> None:
    whole = vandermonde(source + parity, source)
    top, bottom = whole[:source], whole[source:]
    assert parity_rows(source, parity) == tuple(combine(bottom, inverted(top), source))


def vandermonde(rows: int, columns: int) -> Matrix:
    """Return the powers of each row's point: 0, then 1, a, a^2, ..."""
    powers = (
        bytes(POWERS[row * column % 255] for column in range(columns))
        for row in range(rows - 1)
    )
    return (b"\x01".ljust(columns, b"\x00"), *powers)
