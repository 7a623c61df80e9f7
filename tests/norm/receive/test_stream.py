"""A stream on its way in."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest
from tests.norm.receive.places import CODING, stream_symbol

from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.receive.stream import IncomingStream, stream_bytes
from groupwire.norm.repair.state import Need
from groupwire.norm.wire.head import ObjectFlag

BLOCK, SYMBOL_BYTES = CODING.block, CODING.segment_bytes + 8
NUMBER = 3
CODE = ReedSolomon(CODING.block, CODING.parity)
END = stream_symbol(b"")


def _stream(first_block: int = 0, most_blocks: int = 10) -> IncomingStream:
    return IncomingStream(NUMBER, first_block, most_blocks, CODING, CODE)


def _text(block: int, symbol: int) -> bytes:
    return f"<{block}.{symbol}>".encode()


def _sym(block: int, symbol: int) -> bytes:
    return stream_symbol(_text(block, symbol))


def _add(stream: IncomingStream, block: int, *symbols: int) -> None:
    for symbol in symbols:
        assert stream.add(block, symbol, [_sym(block, symbol)])


def _taken(stream: IncomingStream) -> bytes:
    return b"".join(data for data, _ in stream.take())


def _texts(*places: tuple[int, int]) -> bytes:
    return b"".join(_text(*place) for place in places)


def _symbols(block: int, *symbols: int) -> Need:
    bits = sum(1 << symbol for symbol in symbols)
    return Need(NUMBER, NUMBER, False, block, block, bits)


def _blocks(first: int, last: int) -> Need:
    return Need(NUMBER, NUMBER, False, first, last)


def test_bytes_are_handed_over_as_they_come_in_order() -> None:
    stream = _stream()
    _add(stream, 0, 0, 1)
    assert _taken(stream) == _texts((0, 0), (0, 1))
    assert _taken(stream) == b""
    _add(stream, 0, 2, 3)
    _add(stream, 1, 0)
    assert _taken(stream) == _texts((0, 2), (0, 3), (1, 0))
    assert (stream.block, stream.symbol) == (1, 1)


def test_what_comes_early_waits_for_what_was_lost() -> None:
    stream = _stream()
    _add(stream, 1, 0, 1, 2, 3)
    _add(stream, 0, 3, 1, 0)
    assert _taken(stream) == _texts((0, 0), (0, 1))
    _add(stream, 0, 2)
    rest = [(0, 2), (0, 3), *((1, n) for n in range(4))]
    assert _taken(stream) == _texts(*rest)


def test_what_comes_twice_or_late_is_handed_over_once() -> None:
    stream = _stream()
    _add(stream, 0, 0, 0, 1, 2, 3)
    assert _taken(stream) == _texts(*((0, n) for n in range(4)))
    _add(stream, 0, 0, 1, 2, 3)
    assert _taken(stream) == b""


def test_the_first_beginning_of_a_message_is_told() -> None:
    stream = _stream()
    stream.add(0, 0, [stream_symbol(b"tail|head", message_start=6)])
    stream.add(0, 1, [stream_symbol(b"middle")])
    assert list(stream.take()) == [(b"tail|headmiddle", 5)]
    stream.add(0, 2, [stream_symbol(b"middle")])
    stream.add(0, 3, [stream_symbol(b"new", message_start=1)])
    assert list(stream.take()) == [(b"middlenew", 6)]


def test_where_no_message_begins_none_is_told() -> None:
    stream = _stream()
    stream.add(0, 0, [stream_symbol(b"in the middle")] * 4)
    (chunk,) = stream.take()
    assert chunk == (4 * b"in the middle", None)


def test_very_much_that_has_waited_is_handed_over_in_pieces() -> None:
    coding = Coding(segment_bytes=60_000, block=4, parity=2)
    code = ReedSolomon(coding.block, coding.parity)
    stream = IncomingStream(NUMBER, 0, 100, coding, code)
    block = [stream_symbol(bytes([n]) * 60_000, message_start=n == 2) for n in range(4)]
    for number in range(1, 11):
        stream.add(number, 0, block)
    stream.add(0, 0, block)
    chunks = list(stream.take())
    assert b"".join(data for data, _ in chunks) == b"".join(s[8:] for s in block) * 11
    assert [len(data) for data, _ in chunks] == [5 * 240_000, 5 * 240_000, 240_000]
    assert [at for _, at in chunks] == [120_000] * 3


def test_a_stream_ends_with_a_symbol_without_bytes() -> None:
    stream = _stream()
    _add(stream, 0, 0)
    stream.add(0, 1, [END])
    assert not stream.complete
    assert _taken(stream) == _text(0, 0)
    assert stream.complete
    _add(stream, 0, 2)
    assert _taken(stream) == b""


def test_a_lost_symbol_is_made_from_parity() -> None:
    source = [_sym(0, n) for n in range(4)]
    parity = CODE.encode(source, [0, 1], SYMBOL_BYTES)
    stream = _stream()
    stream.add(0, 0, source[:1])
    stream.add(0, 3, source[3:])
    stream.add(0, 4, parity)
    assert _taken(stream) == _texts(*((0, n) for n in range(4)))


@pytest.mark.parametrize("longest", [b"sixteen bytes is", b"less"])
def test_a_lost_symbol_that_was_the_longest_is_made_whole(longest: bytes) -> None:
    # RFC 5740 §4.2.1: the header is protected too. The reference implementation makes
    # parity as long as the longest symbol; shorter ones have zeros behind them.
    texts = [b"ab", longest, b"c", b"d"]
    source = [stream_symbol(text) for text in texts]
    parity = CODE.encode(source, [0], len(source[1]))
    stream = _stream()
    for number in (0, 2, 3):
        stream.add(0, number, [source[number]])
    stream.add(0, 4, parity)
    assert _taken(stream) == b"".join(texts)


def test_a_block_can_be_made_from_parity_alone() -> None:
    coding = Coding(segment_bytes=16, block=2, parity=2)
    code = ReedSolomon(2, 2)
    source = [stream_symbol(b"all of it"), stream_symbol(b" and more")]
    parity = code.encode(source, [0, 1], len(source[0]))
    stream = IncomingStream(NUMBER, 0, 4, coding, code)
    assert stream.add(0, 2, parity)
    assert _taken(stream) == b"all of it and more"


def test_a_row_of_source_and_parity_symbols_is_taken_apart() -> None:
    source = [_sym(0, n) for n in range(4)]
    parity = CODE.encode(source, [0, 1], SYMBOL_BYTES)
    stream = _stream()
    assert stream.add(0, 2, [*source[2:], *parity])
    assert _taken(stream) == _texts(*((0, n) for n in range(4)))


@pytest.mark.parametrize(
    ("symbol", "sizes"),
    [
        (0, [25]),  # longer than a segment and its header
        (4, [25]),
        (2, [25, 24, 24]),
        (0, [24] * 7),  # more parity than the code has
        (3, [24] * 4),
        (4, [24] * 3),
        (6, [24]),
    ],
)
def test_what_cannot_be_its_symbol_is_refused(symbol: int, sizes: list[int]) -> None:
    stream = _stream()
    assert not stream.add(0, symbol, [bytes(size) for size in sizes])
    _add(stream, 0, 0, 1, 2, 3)
    assert _taken(stream) == _texts(*((0, n) for n in range(4)))


@pytest.mark.parametrize("junk", [b"", b"cut", b"\0\x99\0\0\0\0\0\0x"])
def test_a_symbol_whose_header_lies_is_skipped_and_counted(junk: bytes) -> None:
    stream = _stream()
    _add(stream, 0, 0)
    stream.add(0, 1, [junk])
    _add(stream, 0, 2)
    chunks = stream.take()
    assert next(chunks) == (_text(0, 0), None)
    assert stream.skipped == 0
    assert next(chunks) == (_text(0, 2), None)
    assert stream.skipped == 1


def test_what_is_given_up_is_skipped_and_counted() -> None:
    stream = _stream()
    _add(stream, 0, 0, 1)
    _taken(stream)
    _add(stream, 2, 1)
    stream.skip_to(2)
    # Two of block 0 and four of block 1.
    assert stream.skipped == 6
    _add(stream, 2, 0)
    assert _taken(stream) == _texts((2, 0), (2, 1))
    stream.skip_to(1)
    assert (stream.block, stream.skipped) == (2, 6)
    _add(stream, 0, 2)
    assert _taken(stream) == b""


def test_what_waits_too_long_for_what_was_lost_is_let_go() -> None:
    stream = _stream(most_blocks=3)
    _add(stream, 1, *range(4))
    _add(stream, 2, *range(4))
    assert stream.skipped == 0
    _add(stream, 3, 0)
    assert stream.skipped == 4
    assert _taken(stream) == _texts(*((b, n) for b in (1, 2) for n in range(4)), (3, 0))


def test_a_stream_joined_late_begins_with_the_block_of_its_joining() -> None:
    stream = _stream(first_block=7)
    _add(stream, 6, 0, 1, 2, 3)
    _add(stream, 7, 0)
    assert _taken(stream) == _text(7, 0)
    assert not stream.lacks_before(7)
    assert list(stream.needs(7, None)) == []


def test_what_is_lacking_is_told_up_to_a_place() -> None:
    stream = _stream()
    _add(stream, 0, 0)
    _add(stream, 3, 2)
    assert not stream.lacks_before(0)
    assert stream.lacks_before(1)
    assert list(stream.needs(0, 2)) == [_symbols(0, 1, 2)]
    missing = [_symbols(0, 4, 5, 3), _blocks(1, 2)]
    assert list(stream.needs(2, None)) == missing
    assert list(stream.needs(3, 1)) == [*missing, _symbols(3, 0, 1)]


def test_nothing_is_lacking_that_has_not_been_sent_yet() -> None:
    # An object that comes behind it, or silence, says nothing of how far it goes.
    stream = _stream()
    assert list(stream.needs(None, None)) == []
    assert list(stream.needs(1 << 32, None)) == []
    _add(stream, 0, 0, 1)
    assert list(stream.needs(None, None)) == []
    assert list(stream.needs(0, None)) == []
    assert list(stream.needs(1 << 32, None)) == []
    _add(stream, 1, 1)
    lacking = [_symbols(0, 4, 5), _symbols(1, 0)]
    assert list(stream.needs(None, None)) == lacking
    assert list(stream.needs(1 << 32, None)) == lacking


def test_a_sender_that_says_how_far_it_is_makes_more_lacking() -> None:
    stream = _stream()
    _add(stream, 0, 0, 1)
    stream.reach(0, 2)
    assert list(stream.needs(None, None)) == [_symbols(0, 2)]
    stream.reach(0, 1)
    assert list(stream.needs(None, None)) == [_symbols(0, 2)]
    stream.reach(1, 3)
    assert list(stream.needs(None, None)) == [_symbols(0, 4, 5), _blocks(1, 1)]


def test_parity_says_that_a_block_has_been_sent() -> None:
    stream = _stream()
    _add(stream, 0, 0)
    stream.add(0, 5, [bytes(SYMBOL_BYTES)])
    assert list(stream.needs(None, None)) == [_symbols(0, 4, 3)]


def test_a_stream_lacks_the_info_that_it_has_by_its_flags() -> None:
    stream = _stream()
    stream.flags |= ObjectFlag.INFO
    info = Need(NUMBER, NUMBER, info=True)
    assert stream.lacks_before(0)
    assert list(stream.needs(None, None)) == [info]
    stream.info = b"prices"
    assert not stream.lacks_before(0)
    assert list(stream.needs(None, None)) == []


def test_it_is_past_what_was_handed_over_once_its_info_is_there() -> None:
    stream = _stream()
    _add(stream, 0, 0, 1)
    _taken(stream)
    assert stream.is_past((0, 1))
    assert not stream.is_past((0, 2))
    stream.flags |= ObjectFlag.INFO
    assert not stream.is_past((0, 1))
    stream.info = b"prices"
    assert stream.is_past((0, 1))


@pytest.mark.parametrize("seed", range(3))
def test_any_order_and_any_doubling_hands_over_the_same(seed: int) -> None:
    rng = Random(seed)
    places = [(block, n) for block in range(5) for n in range(BLOCK)]
    arriving = places * 2
    rng.shuffle(arriving)
    stream, taken = _stream(), b""
    for block, symbol in arriving:
        _add(stream, block, symbol)
        taken += _taken(stream)
    assert taken == _texts(*places)
    assert stream.skipped == 0


def test_it_has_what_it_has_handed_over_since_it_was_joined() -> None:
    stream = _stream(first_block=2)
    _add(stream, 2, 0, 1, 2, 3)
    _add(stream, 3, 0)
    assert not stream.has((2, 0))
    _taken(stream)
    assert stream.has((2, 0))
    assert stream.has((3, 0))
    assert not stream.has((3, 1))
    assert not stream.has((1, 3))


@pytest.mark.parametrize("junk", [False, True])
def test_with_a_gap_in_it_nothing_counts_as_had(junk: bool) -> None:
    stream = _stream()
    assert stream.intact
    if junk:
        stream.add(0, 0, [b"junk"])
    else:
        stream.skip_to(1)
    _add(stream, 0, 1, 2, 3)
    _add(stream, 1, 0)
    _taken(stream)
    assert not stream.intact
    assert not stream.has((1, 0))


@pytest.mark.parametrize("apart", [False, True])
def test_messages_may_be_handed_over_each_by_itself(apart: bool) -> None:
    stream = _stream()
    stream.message_by_message = apart
    parts = [b"one", b"still", b"two", b"e|three"]
    for symbol, (data, start) in enumerate(zip(parts, (1, 0, 1, 3), strict=True)):
        stream.add(0, symbol, [stream_symbol(data, message_start=start)])
    if apart:
        expected = [(b"onestill", 0), (b"two", 0), (b"e|three", 2)]
    else:
        expected = [(b"onestilltwoe|three", 0)]
    assert list(stream.take()) == expected


def test_behind_a_gap_that_is_forgiven_it_has_what_was_handed_over() -> None:
    stream = _stream()
    _add(stream, 0, 0, 1, 2, 3)
    _add(stream, 2, 0, 1, 2, 3)
    assert _taken(stream)
    stream.skip_to(2)
    _taken(stream)
    assert not stream.has((2, 3))
    stream.forgive()
    assert stream.intact
    assert stream.has((2, 0))
    assert stream.has((2, 3))
    assert not stream.has((1, 3))
    assert not stream.has((3, 0))
    stream.skip_to(4)
    assert not stream.has((2, 3))


def test_memory_for_a_stream_is_that_of_its_blocks_and_a_little_more() -> None:
    symbols = 3 * BLOCK
    assert stream_bytes(CODING, 3) > symbols * SYMBOL_BYTES
    assert stream_bytes(CODING, 6) == 2 * stream_bytes(CODING, 3)
    assert stream_bytes(Coding(), 10) < 1.1 * 10 * 64 * 1408


def test_it_is_begun_when_something_was_read_or_skipped() -> None:
    read, skipped = _stream(2), _stream(2)
    _add(read, 2, 1)
    assert _taken(read) == b""
    assert not read.begun
    _add(read, 2, 0)
    assert _taken(read)
    assert read.begun
    skipped.skip_to(3)
    assert skipped.begun


def test_a_stream_takes_no_more_memory_than_was_promised() -> None:
    # Each block holds one symbol fewer than it needs, and most of them are parity.
    coding, blocks = Coding(segment_bytes=1400, block=64, parity=62), 4
    code = ReedSolomon(coding.block, coding.parity)
    symbol = memoryview(bytes(1408))
    tracemalloc.start()
    stream = IncomingStream(NUMBER, 0, blocks, coding, code)
    for block in range(blocks):
        stream.add(block, 1, [symbol])
        stream.add(block, 64, [symbol] * 62)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert blocks * 63 * 1408 <= taken <= stream_bytes(coding, blocks)
