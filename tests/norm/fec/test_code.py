from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import UsageError
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.fec.field import inverse, inverted, product, products
from groupwire.norm.fec.generator import parity_rows


def block(length: int, size: int, seed: int) -> list[bytes]:
    return [Random(seed * 1000 + n).randbytes(size) for n in range(length)]


@given(st.integers(1, 24), st.integers(0, 12), st.integers(0, 2**32), st.data())
def test_whatever_is_lost_comes_back_from_as_much_parity(
    source: int, parity: int, seed: int, data: st.DataObject
) -> None:
    code = ReedSolomon(source, parity)
    length = data.draw(st.integers(1, source))
    symbols = block(length, 9, seed)
    made = code.encode(symbols, range(parity), 9)
    dice = Random(seed)
    erased = dice.sample(range(length), data.draw(st.integers(0, min(length, parity))))
    kept = dice.sample(range(parity), len(erased))
    found = code.decode(
        length,
        {n: symbol for n, symbol in enumerate(symbols) if n not in erased},
        {n: made[n] for n in kept},
        9,
    )
    assert found == {n: symbols[n] for n in erased}


def test_only_the_parity_asked_for_is_made() -> None:
    code = ReedSolomon(8, 4)
    symbols = block(8, 20, 1)
    everything = code.encode(symbols, range(4), 20)
    assert code.encode(symbols, [3, 1], 20) == [everything[3], everything[1]]


def test_a_shortened_block_counts_as_filled_with_zeros() -> None:
    code = ReedSolomon(8, 4)
    symbols = block(5, 20, 2)
    padded = [*symbols, *[bytes(20)] * 3]
    assert code.encode(symbols, range(4), 20) == code.encode(padded, range(4), 20)


def test_a_short_symbol_counts_as_filled_with_zeros() -> None:
    code = ReedSolomon(4, 2)
    symbols = [*block(3, 20, 3), b"end"]
    made = code.encode(symbols, range(2), 20)
    found = code.decode(4, dict(enumerate(symbols[:3])), {1: made[1]}, 20)
    assert found == {3: b"end" + bytes(17)}


def test_the_matrix_has_the_point_zero_and_not_that_of_the_rfc() -> None:
    """Two source symbols: points 0 and 1 for them, a and a squared for the parity."""
    assert parity_rows(2, 2) == ((3, 2), (5, 4))


def test_too_little_parity_is_refused() -> None:
    with pytest.raises(UsageError, match="1 parity symbols are there"):
        ReedSolomon(4, 2).decode(4, {0: b"a", 1: b"b"}, {0: b"c"}, 1)


@pytest.mark.parametrize(("source", "parity"), [(0, 1), (1, -1), (200, 56)])
def test_a_code_that_cannot_be_is_refused(source: int, parity: int) -> None:
    with pytest.raises(UsageError, match="at most 255 together"):
        ReedSolomon(source, parity)


@given(st.integers(1, 255), st.integers(0, 255), st.integers(0, 255))
def test_the_field_is_one(a: int, b: int, c: int) -> None:
    assert product(a, inverse(a)) == 1
    assert product(a, b ^ c) == product(a, b) ^ product(a, c)
    assert products(a)[b] == product(a, b)


def test_a_matrix_without_inverse_has_none() -> None:
    with pytest.raises(ZeroDivisionError):
        inverted(((1, 1), (1, 1)))
    with pytest.raises(ZeroDivisionError):
        inverse(0)
