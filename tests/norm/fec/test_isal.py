from collections.abc import Callable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.fec import isal
from groupwire.norm.fec.sums import Combine, Symbol, combine

KINDS: list[Callable[[bytes], Symbol]] = [bytes, bytearray, memoryview]


@given(st.integers(0, 40), st.integers(0, 9), st.integers(0, 80), st.integers(0, 2**32))
def test_the_library_makes_the_same_bytes(
    library: Combine, length: int, count: int, size: int, seed: int
) -> None:
    dice = Random(seed)
    rows = tuple(dice.randbytes(length) for _ in range(count))
    shortest = dice.randint(0, size)
    symbols = [
        dice.choice(KINDS)(dice.randbytes(dice.randint(shortest, size)))
        for _ in range(length)
    ]
    assert library(rows, symbols, size) == combine(rows, symbols, size)


def test_the_largest_matrix_and_long_symbols_are_no_exception(library: Combine) -> None:
    dice = Random(1)
    rows = tuple(dice.randbytes(128) for _ in range(127))
    symbols = [dice.randbytes(1400) for _ in range(128)]
    assert library(rows, symbols, 1400) == combine(rows, symbols, 1400)


def test_views_of_written_memory_are_read_as_they_are_now(library: Combine) -> None:
    memory = bytearray(b"abc")
    views = [memoryview(memory)]
    assert library((b"\x01",), views, 3) == [b"abc"]
    memory[0] = 0
    assert library((b"\x01",), views, 3) == [b"\x00bc"]


def test_a_library_that_is_not_there_is_none() -> None:
    assert isal.find("no-such-library.so") is None


def test_a_library_that_is_another_one_is_none() -> None:
    assert isal.find("libc.so.6") is None
