from io import BytesIO
from typing import cast

import pytest
from tests.norm.send.places import numbered

from groupwire.norm.partition import Partition
from groupwire.norm.send.content import BytesSource, FileSource, ObjectContent


def content(data: bytes, *, segment: int = 10, block: int = 4) -> ObjectContent:
    partition = Partition.of(len(data), segment, block)
    return ObjectContent(BytesSource(data), partition)


def all_symbols(of: ObjectContent) -> list[list[bytes]]:
    return [
        [bytes(symbol) for symbol in of.symbols(block, 0, of.length(block))]
        for block in range(of.blocks)
    ]


@pytest.mark.parametrize(
    ("size", "lengths"),
    [
        (0, [1]),
        (1, [1]),
        (10, [1]),
        (11, [2]),
        (40, [4]),
        (41, [3, 2]),
        (80, [4, 4]),
        (81, [3, 3, 3]),
        (125, [4, 3, 3, 3]),
    ],
)
def test_blocks_are_cut_as_rfc_5052_says(size: int, lengths: list[int]) -> None:
    of = content(numbered(size))
    assert of.blocks == len(lengths)
    assert [of.length(block) for block in range(of.blocks)] == lengths
    assert [of.ready(block) for block in range(of.blocks)] == lengths


@pytest.mark.parametrize("size", [0, 1, 10, 11, 39, 40, 41, 80, 81, 125])
def test_symbols_together_are_the_object(size: int) -> None:
    data = numbered(size)
    blocks = all_symbols(content(data))
    symbols = [symbol for block in blocks for symbol in block]
    assert b"".join(symbols) == data
    assert all(len(symbol) == 10 for symbol in symbols[:-1])


def test_an_object_of_no_bytes_has_one_symbol_of_no_bytes() -> None:
    assert all_symbols(content(b"")) == [[b""]]


def test_symbols_can_be_read_again_from_the_middle_of_a_block() -> None:
    data = numbered(125)
    of = content(data)
    assert [bytes(s) for s in of.symbols(1, 1, 3)] == [data[50:60], data[60:70]]
    assert [bytes(s) for s in of.symbols(3, 2, 3)] == [data[120:]]


def test_all_of_an_object_is_there_from_the_beginning_on() -> None:
    of = content(numbered(125))
    assert (of.first_block, of.ended, of.symbol_bytes) == (0, True, 10)


def test_bytes_in_memory_are_not_copied() -> None:
    data = bytearray(b"0123456789")
    source = BytesSource(data)
    view = source.read(2, 3)
    data[2:5] = b"abc"
    assert bytes(view) == b"abc"
    assert source.size_bytes == 10


def test_items_of_more_than_a_byte_are_counted_in_bytes() -> None:
    wide = memoryview(bytes(range(8))).cast("I")
    source = BytesSource(wide)
    assert source.size_bytes == 8
    assert bytes(source.read(3, 2)) == b"\3\4"


def test_a_file_is_read_where_it_is_asked_for() -> None:
    data = numbered(125)
    source = FileSource(BytesIO(data), len(data))
    of = ObjectContent(source, Partition.of(source.size_bytes, 10, 4))
    assert bytes(source.read(100, 25)) == data[100:]
    assert b"".join(b"".join(block) for block in all_symbols(of)) == data
    assert not source.short


def test_what_was_cut_off_a_file_is_read_as_zeros_and_told() -> None:
    file = BytesIO(b"0123456789")
    source = FileSource(file, 10)
    assert bytes(source.read(0, 10)) == b"0123456789"
    file.truncate(4)
    assert bytes(source.read(2, 4)) == b"23\0\0"
    assert bytes(source.read(8, 2)) == b"\0\0"
    assert source.short
    assert source.size_bytes == 10


def test_what_was_appended_to_a_file_is_not_read() -> None:
    source = FileSource(BytesIO(b"0123456789"), 4)
    of = ObjectContent(source, Partition.of(4, 3, 4))
    assert all_symbols(of) == [[b"012", b"3"]]
    assert not source.short


class Dripping(BytesIO):
    """Reads less than is asked for, as a raw file may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(cast(int, size), 3))


def test_a_file_may_give_its_bytes_in_pieces() -> None:
    source = FileSource(Dripping(b"0123456789"), 10)
    assert bytes(source.read(1, 8)) == b"12345678"
    assert not source.short
