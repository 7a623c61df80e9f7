import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.send.stream import StreamContent
from groupwire.norm.stream_header import StreamHeader

SEGMENT, BLOCK = 10, 4
BLOCK_BYTES = SEGMENT * BLOCK


def stream(kept_blocks: int = 10) -> StreamContent:
    return StreamContent(SEGMENT, BLOCK, kept_blocks)


def symbols(of: StreamContent) -> list[tuple[StreamHeader, bytes]]:
    """Return headers and bytes of all symbols that are kept."""
    kept = [
        symbol
        for block in range(of.first_block, of.blocks)
        for symbol in of.symbols(block, 0, of.ready(block))
    ]
    return [(StreamHeader.decode(symbol), symbol[8:]) for symbol in kept]


def test_a_symbol_tells_its_length_its_offset_and_where_a_message_begins() -> None:
    of = stream()
    of.write(b"abcdefghij", message_ends=True)
    of.write(b"klmnopqrst", message_ends=True)
    assert symbols(of) == [
        (StreamHeader(10, 1, 0), b"abcdefghij"),
        (StreamHeader(10, 1, 10), b"klmnopqrst"),
    ]


def test_a_segment_waits_until_it_is_full() -> None:
    of = stream()
    of.write(b"abc", message_ends=True)
    assert symbols(of) == []
    of.write(b"defghijk", message_ends=True)
    assert symbols(of) == [(StreamHeader(10, 1, 0), b"abcdefghij")]


def test_a_flush_sends_a_segment_that_is_not_full() -> None:
    of = stream()
    of.write(b"abc", message_ends=True)
    of.flush()
    of.flush()
    of.write(b"de", message_ends=True)
    of.flush()
    assert symbols(of) == [
        (StreamHeader(3, 1, 0), b"abc"),
        (StreamHeader(2, 1, 3), b"de"),
    ]


def test_only_the_first_message_of_a_segment_is_told() -> None:
    of = stream()
    for message in (b"abcdefghijkl", b"mn", b"op", b"qrstuvwx"):
        of.write(message, message_ends=True)
    of.flush()
    heads = [head for head, _ in symbols(of)]
    assert heads == [
        StreamHeader(10, 1, 0),
        StreamHeader(10, 3, 10),  # "mn" begins behind "kl", counted from 1
        StreamHeader(4, 0, 20),  # what is left of the last one
    ]


def test_a_segment_in_the_middle_of_a_message_tells_no_beginning() -> None:
    of = stream()
    of.write(bytes(30), message_ends=True)
    assert [head.message_start for head, _ in symbols(of)] == [1, 0, 0]


def test_a_message_that_ends_with_a_segment_is_followed_by_a_beginning() -> None:
    of = stream()
    of.write(bytes(20), message_ends=True)
    of.write(bytes(20), message_ends=True)
    assert [head.message_start for head, _ in symbols(of)] == [1, 0, 1, 0]


def test_a_message_may_be_written_in_pieces() -> None:
    of = stream()
    of.write(bytes(12), message_ends=False)
    of.write(bytes(3), message_ends=True)
    of.write(bytes(5), message_ends=True)
    assert [head.message_start for head, _ in symbols(of)] == [1, 6]


def test_a_message_of_no_bytes_leaves_no_trace() -> None:
    of = stream()
    of.write(b"", message_ends=True)
    of.write(bytes(10), message_ends=False)
    of.write(b"", message_ends=True)
    of.write(bytes(10), message_ends=True)
    assert [head.message_start for head, _ in symbols(of)] == [1, 1]


def test_the_end_is_a_symbol_of_no_bytes_behind_all_others() -> None:
    of = stream()
    of.write(b"abc", message_ends=True)
    assert not of.ended
    of.end()
    assert of.ended
    assert symbols(of) == [
        (StreamHeader(3, 1, 0), b"abc"),
        (StreamHeader(0, 0, 3), b""),
    ]
    assert symbols(of)[-1][0].ends


def test_offsets_wrap_at_32_bits() -> None:
    of = StreamContent(65_000, 1, 2)
    of._offset = (1 << 32) - 65_000
    of.write(bytes(65_001), message_ends=True)
    of.flush()
    assert [head.offset for head, _ in symbols(of)] == [(1 << 32) - 65_000, 0]


def test_blocks_have_their_full_length_though_they_fill_slowly() -> None:
    of = stream()
    assert (of.blocks, of.first_block, of.ready(0)) == (0, 0, 0)
    of.write(bytes(15), message_ends=True)
    assert (of.blocks, of.ready(0), of.length(0)) == (1, 1, BLOCK)
    of.write(bytes(35), message_ends=True)
    assert (of.blocks, of.ready(0), of.ready(1)) == (2, 4, 1)
    assert of.ready(7) == 0
    assert of.symbol_bytes == SEGMENT + 8


def test_the_oldest_block_goes_when_a_new_one_begins_in_a_full_buffer() -> None:
    of = stream(kept_blocks=3)
    of.write(bytes(3 * BLOCK_BYTES), message_ends=True)
    assert of.first_block == 0
    of.write(bytes(SEGMENT), message_ends=True)
    assert (of.first_block, of.blocks) == (1, 4)
    assert of.ready(0) == 0
    assert [head.offset for head, _ in symbols(of)] == [*range(40, 130, 10)]


@pytest.mark.parametrize(("wanted", "kept"), [(0, 3), (1, 3), (3, 3), (4, 4)])
def test_three_blocks_are_kept_at_least(wanted: int, kept: int) -> None:
    of = stream(wanted)
    assert of.buffer_bytes == kept * BLOCK_BYTES
    of.write(bytes(kept * BLOCK_BYTES), message_ends=True)
    assert of.first_block == 0


Writes = list[tuple[bytes, bool, bool]]
"""What is written, whether a message ends there, whether it leaves."""


def _plainly(writes: Writes) -> list[tuple[StreamHeader, bytes]]:
    """Cut byte by byte."""
    found: list[tuple[StreamHeader, bytes]] = []
    piece, start, offset, begins = b"", 0, 0, True

    def leave() -> None:
        nonlocal piece, start, offset
        if piece:
            found.append((StreamHeader(len(piece), start, offset), piece))
            piece, start, offset = b"", 0, offset + len(piece)

    for data, ends, flush in writes:
        for at in range(len(data)):
            if begins:
                start = start or len(piece) + 1
                begins = False
            piece += data[at : at + 1]
            if len(piece) == SEGMENT:
                leave()
        begins = begins or ends
        if flush:
            leave()
    return found


@given(st.lists(st.tuples(st.binary(max_size=95), st.booleans(), st.booleans())))
def test_however_it_is_written_it_is_cut_as_byte_by_byte(
    writes: Writes,
) -> None:
    of = stream(kept_blocks=1000)
    for data, ends, flush in writes:
        of.write(data, message_ends=ends)
        if flush:
            of.flush()
    assert symbols(of) == _plainly(writes)


def test_a_write_of_many_segments_fills_block_after_block() -> None:
    of = stream(kept_blocks=4)
    of.write(bytes(SEGMENT), message_ends=True)
    of.write(bytes(5 * BLOCK_BYTES), message_ends=True)
    assert (of.first_block, of.blocks) == (2, 6)
    assert [of.ready(block) for block in range(2, 6)] == [BLOCK, BLOCK, BLOCK, 1]
    assert of.last == (5, 0)


# How much may be written.


def test_room_is_what_can_be_written_without_losing_what_was_not_sent() -> None:
    of = stream(kept_blocks=5)
    of.write(b"abc", message_ends=True)
    of.write(bytes(of.room_bytes(0)), message_ends=True)
    of.end()
    assert of.first_block == 0
    assert of.blocks == 5


def test_room_counts_what_waits_for_its_segment_to_be_full() -> None:
    of = stream()
    empty = of.room_bytes(0)
    of.write(b"abc", message_ends=True)
    assert of.room_bytes(0) == empty - 3
    of.flush()
    assert of.room_bytes(0) == empty - SEGMENT


@pytest.mark.parametrize("block", [1, 2, 4])
def test_the_shortest_stream_never_runs_out_of_room_for_good(block: int) -> None:
    of = StreamContent(SEGMENT, block, 0)
    for _ in range(20):
        of.write(b"abc", message_ends=True)
        of.flush()
        sending = of.blocks - 1  # all is sent, and the last block may go on
        assert of.room_bytes(sending) >= block * SEGMENT


def test_there_is_no_room_behind_a_buffer_that_waits_to_be_sent() -> None:
    of = stream(kept_blocks=3)
    of.write(bytes(of.room_bytes(0)), message_ends=True)
    assert of.room_bytes(0) == 0
    assert of.room_bytes(1) == BLOCK_BYTES
    of.write(bytes(BLOCK_BYTES), message_ends=True)
    assert of.room_bytes(0) == 0


def test_of_what_nobody_needs_only_so_many_bytes_are_kept() -> None:
    of = StreamContent(SEGMENT, BLOCK, 10, kept_bytes=100)
    for _ in range(6 * BLOCK):
        of.write(b"abcdefghij", message_ends=True)
    of.forget_before(0)
    assert of.first_block == 0
    of.forget_before(2)
    assert of.first_block == 2
    of.forget_before(6)
    assert of.first_block == 3  # the last ones are kept
    for _ in range(20 * BLOCK):
        of.write(b"abcdefghij", message_ends=True)
    assert of.blocks - of.first_block == 10


def test_what_waits_to_be_sent_is_bounded_by_its_bytes_too() -> None:
    of = StreamContent(SEGMENT, BLOCK, 10, kept_bytes=200)
    room = of.room_bytes(0)
    assert room == 200
    while (room := of.room_bytes(0)) >= SEGMENT:
        of.write(b"abcdefghij", message_ends=True)
    assert of.first_block == 0
    assert of.blocks * BLOCK_BYTES < 10 * BLOCK_BYTES
    assert of.room_bytes(of.blocks - 1) > SEGMENT


def test_what_fills_no_segment_is_flushed_as_it_was_written() -> None:
    of = stream()
    of.write(b"abc", message_ends=True, flush=True)
    of.write(b"abcdefghijkl", message_ends=True, flush=True)
    of.write(b"m", message_ends=False)
    of.write(b"n", message_ends=True, flush=True)
    of.write(b"", message_ends=True, flush=True)
    assert symbols(of) == [
        (StreamHeader(3, 1, 0), b"abc"),
        (StreamHeader(10, 1, 3), b"abcdefghij"),
        (StreamHeader(2, 0, 13), b"kl"),
        (StreamHeader(2, 1, 15), b"mn"),
    ]
