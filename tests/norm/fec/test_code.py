from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import UsageError
from groupwire.norm.fec import isal
from groupwire.norm.fec.code import Combine, ReedSolomon, Symbol, best_combine, combine


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


def test_too_little_parity_is_refused() -> None:
    with pytest.raises(UsageError, match="1 parity symbols are there"):
        ReedSolomon(4, 2).decode(4, {0: b"a", 1: b"b"}, {0: b"c"}, 1)


@pytest.mark.parametrize(("source", "parity"), [(0, 1), (1, -1), (200, 56)])
def test_a_code_that_cannot_be_is_refused(source: int, parity: int) -> None:
    with pytest.raises(UsageError, match="at most 255 together"):
        ReedSolomon(source, parity)


def test_a_symbol_longer_than_told_is_refused() -> None:
    with pytest.raises(UsageError, match="3 bytes is longer than 2"):
        ReedSolomon(4, 2).encode([b"a", b"abc"], [0], 2)


def test_a_block_longer_than_the_code_is_refused() -> None:
    with pytest.raises(UsageError, match="use at most 2"):
        ReedSolomon(2, 2).encode([b"a", b"b", b"c"], [0], 1)
    with pytest.raises(UsageError, match="use at most 2"):
        ReedSolomon(2, 2).decode(3, {0: b"a", 1: b"b"}, {0: b"c"}, 1)


def test_a_block_without_gaps_needs_no_parity() -> None:
    assert ReedSolomon(2, 2).decode(2, {0: b"a", 1: b"b"}, {}, 1) == {}


def test_a_block_of_parity_alone_comes_back() -> None:
    code = ReedSolomon(2, 2)
    made = code.encode([b"a", b"b"], range(2), 1)
    assert code.decode(2, {}, dict(enumerate(made)), 1) == {0: b"a", 1: b"b"}


def test_symbols_are_anything_with_bytes() -> None:
    code = ReedSolomon(3, 2)
    whole = Random(4).randbytes(60)
    kinds: list[Symbol] = [whole[:20], bytearray(whole[20:40]), memoryview(whole)[40:]]
    made = code.encode(kinds, range(2), 20)
    parity = {0: memoryview(made[0]), 1: bytearray(made[1])}
    assert code.decode(3, {2: kinds[2]}, parity, 20) == {0: kinds[0], 1: kinds[1]}


def test_the_best_way_to_add_is_that_of_the_library(library: Combine) -> None:
    assert best_combine() is library


def test_without_the_library_there_is_the_pure_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isal, "find", lambda: None)
    assert best_combine() is combine


def test_both_ways_repair_what_the_other_has_protected(library: Combine) -> None:
    pure = ReedSolomon(16, 8, combine=combine)
    fast = ReedSolomon(16, 8, combine=library)
    symbols = block(13, 50, 5)
    made = fast.encode(symbols, range(8), 50)
    assert made == pure.encode(symbols, range(8), 50)
    source = dict(enumerate(symbols[4:], 4))
    parity = {n: made[n] for n in (7, 1, 4, 6)}
    found = fast.decode(13, source, parity, 50)
    assert found == pure.decode(13, source, parity, 50) == dict(enumerate(symbols[:4]))
