from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.fec.field import products
from groupwire.norm.fec.sums import Symbol, combine


def plain(row: bytes, symbols: list[Symbol], size: int) -> bytes:
    """Add as it is written, byte by byte."""
    total = bytearray(size)
    for factor, symbol in zip(row, symbols, strict=True):
        for at, byte in enumerate(bytes(symbol)):
            total[at] ^= products(factor)[byte]
    return bytes(total)


@given(st.integers(0, 13), st.integers(0, 5), st.integers(0, 2**32))
def test_each_row_is_the_sum_of_scaled_symbols(
    length: int, count: int, seed: int
) -> None:
    dice = Random(seed)
    rows = tuple(dice.randbytes(length) for _ in range(count))
    symbols: list[Symbol] = [dice.randbytes(dice.randint(0, 9)) for _ in range(length)]
    assert combine(rows, symbols, 9) == [plain(row, symbols, 9) for row in rows]


@pytest.mark.parametrize("factor", range(256))
def test_every_factor_does_what_its_table_says(factor: int) -> None:
    everything = bytes(range(256))
    assert combine((bytes([factor]),), [everything], 256) == [products(factor)]


def test_symbols_are_anything_with_bytes() -> None:
    whole = Random(1).randbytes(30)
    kinds: list[Symbol] = [whole[:10], bytearray(whole[10:20]), memoryview(whole)[20:]]
    same: list[Symbol] = [whole[:10], whole[10:20], whole[20:]]
    assert combine((b"\x02\x03\x04",), kinds, 10) == combine(
        (b"\x02\x03\x04",), same, 10
    )


def test_nothing_adds_up_to_zeros() -> None:
    assert combine((b"", b""), [], 3) == [bytes(3), bytes(3)]
