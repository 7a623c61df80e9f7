from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.fec.field import (
    Matrix,
    identity,
    inverse,
    inverted,
    product,
    products,
)


def times(left: Matrix, right: Matrix) -> Matrix:
    """Multiply as it is written, number by number."""
    return tuple(
        bytes(_cell(row, column) for column in zip(*right, strict=True)) for row in left
    )


def _cell(row: bytes, column: tuple[int, ...]) -> int:
    total = 0
    for a, b in zip(row, column, strict=True):
        total ^= product(a, b)
    return total


@given(st.integers(1, 255), st.integers(0, 255), st.integers(0, 255))
def test_the_field_is_one(a: int, b: int, c: int) -> None:
    assert product(a, inverse(a)) == 1
    assert product(a, b ^ c) == product(a, b) ^ product(a, c)
    assert products(a)[b] == product(a, b)


def test_the_polynomial_is_that_of_rfc_5510() -> None:
    assert product(0x80, 2) == 0x1D


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_matrix_times_its_inverse_changes_nothing(size: int) -> None:
    dice = Random(size)
    matrix = tuple(dice.randbytes(size) for _ in range(size))
    assert times(matrix, inverted(matrix)) == identity(size)


def test_rows_change_places_where_a_zero_is_in_the_way() -> None:
    swap = (b"\x00\x01", b"\x01\x00")
    assert inverted(swap) == swap


def test_what_has_no_inverse_has_none() -> None:
    with pytest.raises(ZeroDivisionError):
        inverted((b"\x01\x01", b"\x01\x01"))
    with pytest.raises(ZeroDivisionError):
        inverse(0)
