"""Blocks put together from the symbols that arrive."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from random import Random

import pytest

from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.receive.assembly import Assembly
from groupwire.norm.repair.state import Need

LENGTH, PARITY, SIZE = 4, 3, 8


class Shelf:
    """A store of symbols of equal size, but for the last one of all."""

    def __init__(self, last: int = SIZE) -> None:
        self.last = last
        self.kept: dict[tuple[int, int], bytes] = {}
        self.writes = 0

    def write(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> None:
        self.writes += len(payloads)
        for number, payload in enumerate(payloads, symbol):
            self.kept[block, number] = bytes(payload)

    def read(self, block: int, longest: int) -> Sequence[bytes | memoryview]:  # noqa: ARG002
        sizes = [SIZE] * (LENGTH - 1) + [self.last]
        # What never came may be anything: here, neither zeros nor right.
        return [self.kept.get((block, n), b"?" * size) for n, size in enumerate(sizes)]


class Block:
    """What a sender would send of a block."""

    def __init__(self, seed: int = 1, last: int = SIZE) -> None:
        rng = Random(seed)
        sizes = [SIZE] * (LENGTH - 1) + [last]
        self.source = [rng.randbytes(size) for size in sizes]
        code = ReedSolomon(LENGTH, PARITY)
        self.parity = code.encode(self.source, range(PARITY), SIZE)

    def symbol(self, number: int) -> bytes:
        return [*self.source, *self.parity][number]


def _assembly(shelf: Shelf, parity: int = PARITY) -> Assembly:
    return Assembly(shelf, ReedSolomon(LENGTH, parity), lambda _: LENGTH)


def _there(shelf: Shelf, number: int = 0) -> list[bytes]:
    return [shelf.kept[number, n] for n in range(LENGTH)]


def _bits(*symbols: int) -> int:
    return sum(1 << symbol for symbol in symbols)


def _symbols(block: int, *symbols: int) -> Need:
    return Need(9, 9, False, block, block, _bits(*symbols))


def _blocks(first: int, last: int) -> Need:
    return Need(9, 9, False, first, last)


def _needs(assembly: Assembly, block: int, symbol: int | None = None) -> list[Need]:
    return list(assembly.needs(9, block, symbol))


def test_a_whole_block_at_once_is_complete() -> None:
    shelf, block = Shelf(), Block()
    assembly = _assembly(shelf)
    assert assembly.add(0, 0, block.source)
    assert _there(shelf) == block.source
    assert 0 in assembly.complete


def test_it_is_complete_with_its_last_symbol_whatever_the_order() -> None:
    block = Block()
    for order in permutations(range(LENGTH)):
        shelf = Shelf()
        assembly = _assembly(shelf)
        done = [assembly.add(0, n, [block.symbol(n)]) for n in order]
        assert done == [False, False, False, True]
        assert _there(shelf) == block.source


@pytest.mark.parametrize("last", [SIZE, 3])
def test_any_symbols_will_do_if_there_are_enough(last: int) -> None:
    # Also where the last source symbol is shorter than the parity symbols.
    block = Block(last=last)
    for some in combinations(range(LENGTH + PARITY), LENGTH):
        for order in (some, some[::-1]):
            shelf = Shelf(last)
            assembly = _assembly(shelf)
            done = [assembly.add(0, n, [block.symbol(n)]) for n in order]
            assert done == [False] * (LENGTH - 1) + [True]
            assert _there(shelf) == block.source


def test_what_comes_twice_changes_nothing() -> None:
    shelf, block = Shelf(), Block()
    assembly = _assembly(shelf)
    for number in (1, 1, 5, 5, 1, 5):
        assert not assembly.add(0, number, [block.symbol(number)])
    assert not assembly.add(0, 1, [b"another1"])
    assert assembly.add(0, 2, block.source[2:])
    assert _there(shelf) == block.source
    assert not assembly.add(0, 1, [b"too late"])
    assert not assembly.add(0, 0, [b"too late"] * LENGTH)
    assert _there(shelf) == block.source


def test_a_row_that_overlaps_what_is_there_fills_what_is_not() -> None:
    shelf, block = Shelf(), Block()
    assembly = _assembly(shelf)
    assembly.add(0, 1, block.source[1:2])
    before = shelf.writes
    assert not assembly.add(0, 0, block.source[:3])
    assert shelf.writes == before + 2
    assert assembly.add(0, 0, block.source)
    assert _there(shelf) == block.source


def test_parity_that_the_sender_has_not_got_is_of_no_use() -> None:
    block = Block()
    assembly = _assembly(Shelf(), parity=1)
    assert not assembly.add(0, 0, block.source[:3])
    assert not assembly.add(0, LENGTH + 1, [block.symbol(LENGTH + 1)])
    assert _needs(assembly, 0) == [_symbols(0, LENGTH)]


def test_parity_without_its_zeros_at_the_end_is_as_good() -> None:
    # The reference implementation sends only as much as its longest symbol has.
    source = [b"ab", b"cd", b"ef", b"gh"]
    short = ReedSolomon(LENGTH, PARITY).encode(source, [0], 2)[0]
    shelf = Shelf()
    assembly = _assembly(shelf)
    for number in (0, 1, 3):
        assembly.add(0, number, [source[number] + bytes(SIZE - 2)])
    assert assembly.add(0, LENGTH, [short])
    assert shelf.kept[0, 2] == b"ef" + bytes(SIZE - 2)


def test_of_what_has_begun_the_lowest_parity_is_asked_for() -> None:
    # RFC 5740 §5.3: from symbol 4 on, the block's length, as many as are missing.
    assembly, block = _assembly(Shelf()), Block()
    assembly.add(0, 1, block.source[1:3])
    assert _needs(assembly, 0) == [_symbols(0, 4, 5)]


def test_later_only_what_has_not_come_of_it_is_asked_for() -> None:
    assembly, block = _assembly(Shelf()), Block()
    assembly.add(0, 1, block.source[1:2])
    assert _needs(assembly, 0) == [_symbols(0, 4, 5, 6)]
    assembly.add(0, 5, [block.symbol(5)])
    assert _needs(assembly, 0) == [_symbols(0, 4, 6)]
    assembly.add(0, 0, block.source[:1])
    assert _needs(assembly, 0) == [_symbols(0, 4)]


def test_what_parity_cannot_fill_is_asked_for_from_the_highest_on() -> None:
    # RFC 5740 §5.3: all parity plus the ordinally highest missing source symbols.
    assembly, block = _assembly(Shelf(), parity=1), Block()
    assembly.add(0, 2, block.source[2:3])
    assert _needs(assembly, 0) == [_symbols(0, 4, 3, 1)]
    assembly.add(0, 4, [block.symbol(4)])
    assert _needs(assembly, 0) == [_symbols(0, 3, 1)]


def test_without_parity_the_missing_symbols_themselves_are_asked_for() -> None:
    assembly, block = _assembly(Shelf(), parity=0), Block()
    assembly.add(0, 2, block.source[2:3])
    assert _needs(assembly, 0) == [_symbols(0, 0, 1, 3)]


def test_blocks_of_which_nothing_came_are_asked_for_as_blocks() -> None:
    assembly, block = _assembly(Shelf()), Block()
    assembly.add(3, 0, block.source[:3])
    assembly.add(5, 0, block.source)
    assembly.add(6, 0, block.source[:2])
    assert _needs(assembly, 8) == [
        _blocks(0, 2),
        _symbols(3, 4),
        _blocks(4, 4),
        _symbols(6, 4, 5),
        _blocks(7, 8),
    ]
    assert _needs(assembly, 3) == [_blocks(0, 2), _symbols(3, 4)]
    assert _needs(assembly, 2) == [_blocks(0, 2)]


def test_neighbours_that_have_begun_are_asked_for_one_by_one() -> None:
    assembly, block = _assembly(Shelf()), Block()
    for number in (2, 0, 1):
        assembly.add(number, 0, block.source[:3])
    assert _needs(assembly, 1) == [_symbols(0, 4), _symbols(1, 4)]


def test_up_to_a_symbol_the_symbols_themselves_are_asked_for() -> None:
    # RFC 5740 §4.2.3.1: the sender has no parity yet of a block it is still at.
    assembly, block = _assembly(Shelf()), Block()
    assembly.add(1, 1, block.source[1:2])
    assert _needs(assembly, 1, 2) == [_blocks(0, 0), _symbols(1, 0, 2)]
    assert _needs(assembly, 1, 0) == [_blocks(0, 0), _symbols(1, 0)]
    assert _needs(assembly, 2, 1) == [
        _blocks(0, 0),
        _symbols(1, 4, 5, 6),
        _symbols(2, 0, 1),
    ]


def test_up_to_a_symbol_nothing_is_asked_for_that_is_there() -> None:
    assembly, block = _assembly(Shelf()), Block()
    assembly.add(0, 0, block.source[:2])
    assert _needs(assembly, 0, 1) == []
    assembly.add(0, 2, block.source[2:])
    assert _needs(assembly, 0, 3) == []


def test_what_is_forgotten_is_wanted_no_more() -> None:
    shelf, block = Shelf(), Block()
    assembly = _assembly(shelf)
    assembly.forget_before(0)
    assert assembly.lacks_before(1)
    for number in (1, 4):
        assembly.add(number, 0, block.source[:1])
    assembly.forget_before(3)
    assert not assembly.lacks_before(3)
    assert _needs(assembly, 4) == [_blocks(3, 3), _symbols(4, 4, 5, 6)]
    assert not assembly.add(1, 1, block.source[1:])


def test_whether_something_is_lacking_before_a_block_is_told() -> None:
    assembly, block = _assembly(Shelf()), Block()
    assert not assembly.lacks_before(0)
    assert assembly.lacks_before(1)
    assembly.add(0, 0, block.source)
    assembly.add(2, 0, block.source)
    assert not assembly.lacks_before(1)
    assert assembly.lacks_before(3)


@pytest.mark.parametrize("in_a_row", [False, True])
def test_no_more_parity_is_kept_than_symbols_are_lacking(in_a_row: bool) -> None:
    shelf, block = Shelf(), Block()
    assembly = _assembly(shelf)
    assert not assembly.add(0, 0, block.source[:2])
    # One of three would do beside the first two and another; the rest is let go.
    numbers = [4, 5, 6]
    if in_a_row:
        assert assembly.add(0, 4, [*block.parity])
    else:
        done = [assembly.add(0, n, [block.symbol(n)]) for n in numbers]
        assert done == [False, True, False]
    assert _there(shelf) == block.source
