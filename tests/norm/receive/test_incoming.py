"""One object on its way in."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from random import Random

import pytest
from tests.norm.receive.places import CODING, Object

from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.partition import Partition
from groupwire.norm.receive.incoming import Incoming, object_bytes
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.repair.state import Need
from groupwire.norm.wire.head import ObjectFlag

# 150 bytes in segments of 16: ten symbols, in blocks of 4, 3 and 3; the last has 6.
DATA = Random(1).randbytes(150)
LENGTHS = (4, 3, 3)
NUMBER = 5
CODE = ReedSolomon(CODING.block, CODING.parity)


class ShortSink:
    """A sink as a file is one: it ends where nothing was written behind."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        whole = b"".join(parts)
        self.data.extend(bytes(max(0, offset - len(self.data))))
        self.data[offset : offset + len(whole)] = whole

    def read(self, offset: int, size_bytes: int) -> bytes:
        return bytes(self.data[offset : offset + size_bytes])


def _incoming(sink: MemorySink | None = None, size: int = len(DATA)) -> Incoming:
    return Incoming(NUMBER, size, sink or MemorySink(), CODING, CODE)


def _symbols(block: int, *symbols: int) -> Need:
    bits = sum(1 << symbol for symbol in symbols)
    return Need(NUMBER, NUMBER, False, block, block, bits)


def _add(incoming: Incoming, block: int, *symbols: int, of: bytes = DATA) -> bool:
    """Let symbols arrive one by one; return whether all fitted."""
    cut = Object(of)
    fitted = [incoming.add(block, n, [cut.symbol(block, n)]) for n in symbols]
    return all(fitted)


def test_an_object_is_complete_with_its_last_symbol() -> None:
    sink = MemorySink()
    incoming = _incoming(sink)
    for block, length in enumerate(LENGTHS):
        assert not incoming.complete
        assert _add(incoming, block, *range(length))
    assert incoming.complete
    assert sink.data == DATA


def test_blocks_and_symbols_may_come_in_any_order() -> None:
    sink = MemorySink()
    incoming = _incoming(sink)
    for block in (2, 0, 1):
        assert _add(incoming, block, *reversed(range(LENGTHS[block])))
    assert incoming.complete
    assert sink.data == DATA


def test_the_short_last_symbol_is_made_from_parity() -> None:
    sink = MemorySink()
    incoming = _incoming(sink)
    _add(incoming, 0, 0, 1, 2, 3)
    _add(incoming, 1, 0, 1, 2)
    # Both parity symbols come before any source symbol of the block.
    assert _add(incoming, 2, 3, 4, 0)
    assert incoming.complete
    assert sink.data == DATA


def test_a_sink_may_end_where_its_bytes_end() -> None:
    sink = ShortSink()
    incoming = Incoming(NUMBER, len(DATA), sink, CODING, CODE)
    _add(incoming, 2, 0, 3, 4)
    _add(incoming, 1, 2, 3, 4)
    _add(incoming, 0, 0, 1, 4, 5)
    assert incoming.complete
    assert sink.data == DATA


def test_an_object_without_a_byte_lacks_nothing_but_its_info() -> None:
    # The reference implementation sends no DATA of it.
    sink = MemorySink()
    incoming = _incoming(sink, size=0)
    assert incoming.complete
    assert list(incoming.needs(None, None)) == []
    incoming.flags |= ObjectFlag.INFO
    assert not incoming.complete
    assert list(incoming.needs(None, None)) == [Need(NUMBER, NUMBER, info=True)]
    assert incoming.add(0, 0, [b""])
    assert not incoming.add(0, 0, [b"x"])
    assert sink.data == b""


def test_a_row_of_source_and_parity_symbols_is_taken_apart() -> None:
    # A sender that sends parity unasked sends it right behind the block's source.
    cut = Object(DATA)
    sink = MemorySink()
    incoming = _incoming(sink)
    row = [cut.symbol(0, n) for n in range(2, 6)]
    assert incoming.add(0, 2, row)
    assert _add(incoming, 1, 0, 1, 2)
    assert _add(incoming, 2, 0, 1, 2)
    assert incoming.complete
    assert sink.data == DATA


@pytest.mark.parametrize(
    ("block", "symbol", "sizes"),
    [
        (3, 0, [16]),  # no such block
        (0, 0, [16, 16, 15]),  # too short
        (0, 0, [17]),  # too long
        (0, 0, [16, 15, 16]),
        (2, 2, [16]),  # the object's last symbol has six bytes
        (2, 2, [5]),
        (1, 2, [16, 16, 17]),  # parity longer than a segment
        (1, 3, [17]),
        (0, 3, [16, 16, 16, 16]),  # more parity than the code has
        (0, 4, [16, 16, 16]),
        (0, 6, [16]),
        (1, 5, [16]),
    ],
)
def test_what_cannot_be_its_symbol_is_refused(
    block: int, symbol: int, sizes: list[int]
) -> None:
    sink = MemorySink()
    incoming = _incoming(sink)
    assert not incoming.add(block, symbol, [bytes(size) for size in sizes])
    assert not incoming.complete
    for number, length in enumerate(LENGTHS):
        assert _add(incoming, number, *range(length))
    assert sink.data == DATA


def test_an_object_with_info_is_complete_only_with_it() -> None:
    incoming = _incoming()
    incoming.flags = ObjectFlag.INFO
    for block, length in enumerate(LENGTHS):
        _add(incoming, block, *range(length))
    assert not incoming.complete
    assert incoming.lacks_before(0)
    assert list(incoming.needs(None, None)) == [Need(NUMBER, NUMBER, info=True)]
    incoming.info = b"name"
    assert incoming.complete
    assert not incoming.lacks_before(0)
    assert list(incoming.needs(None, None)) == []


def test_what_is_lacking_is_told_up_to_a_place() -> None:
    incoming = _incoming()
    _add(incoming, 0, 0, 1)
    _add(incoming, 2, 0)
    assert incoming.lacks_before(1)
    assert not incoming.lacks_before(0)
    first = _symbols(0, 4, 5)
    second = Need(NUMBER, NUMBER, False, 1, 1)
    assert list(incoming.needs(0, None)) == [first]
    assert list(incoming.needs(1, None)) == [first, second]
    assert list(incoming.needs(2, 1)) == [first, second, _symbols(2, 1)]
    # A block's last source symbol: all of it has been sent, so parity will do.
    assert list(incoming.needs(2, 2)) == [first, second, _symbols(2, 3, 4)]


@pytest.mark.parametrize("block", [None, 2, 3, 1 << 32])
def test_behind_its_last_block_an_object_has_nothing_to_lack(
    block: int | None,
) -> None:
    incoming = _incoming()
    _add(incoming, 0, *range(4))
    _add(incoming, 1, *range(3))
    assert list(incoming.needs(block, None)) == [Need(NUMBER, NUMBER, False, 2, 2)]
    assert incoming.lacks_before(1 << 32)
    _add(incoming, 2, *range(3))
    assert not incoming.lacks_before(1 << 32)


@pytest.mark.parametrize("parity", [0, 16, 63, 128])
def test_an_object_takes_no_more_memory_than_was_promised(parity: int) -> None:
    # The last symbol of each block is there, and parity in place of most others.
    coding, blocks = Coding(segment_bytes=1400, block=64, parity=parity), 8
    code = ReedSolomon(coding.block, coding.parity)
    symbol = memoryview(bytes(1400))
    partition = Partition.of(blocks * 64 * 1400, 1400, 64)
    held = min(parity, 62)
    tracemalloc.start()
    incoming = Incoming(0, partition.size_bytes, MemorySink(), coding, code)
    for block in range(blocks):
        assert incoming.add(block, 63, [symbol])
        if held:
            assert incoming.add(block, 64, [symbol] * held)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    least = partition.size_bytes + blocks * held * 1400
    assert least <= taken <= object_bytes(partition, coding)
