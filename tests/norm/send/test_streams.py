import pytest
from tests.norm.send.places import outgoing

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.send.outgoing import ObjectHead, Outgoing
from groupwire.norm.send.streams import Streams
from groupwire.norm.send.window import Window
from groupwire.norm.wire.head import ObjectFlag

CODING = Coding(100, 4, 2)
BLOCK_BYTES = 400


def open_stream(window: Window, streams: Streams, buffer_bytes: int = 2000) -> int:
    content = streams.content(buffer_bytes)
    fti = CODING.object_info(content.buffer_bytes)
    head = ObjectHead(ObjectFlag.STREAM, fti, None)
    number = window.next_number
    window.add(Outgoing(number, content, ReedSolomon(4, 2), head=head, auto_parity=0))
    return number


def test_a_stream_keeps_whole_blocks_for_as_many_bytes_as_are_asked_for() -> None:
    window = Window(10, 10_000)
    streams = Streams(window, CODING)
    assert streams.content(2000).buffer_bytes == 2000
    assert streams.content(2001).buffer_bytes == 2400


def test_an_object_and_a_stream_that_has_ended_are_no_open_streams() -> None:
    window = Window(10, 10_000)
    streams = Streams(window, CODING)
    window.add(outgoing(b"x", 0))
    number = open_stream(window, streams)
    streams.get(number).end()
    for closed in (0, number, 7):
        with pytest.raises(UsageError, match="is no open stream"):
            streams.get(closed)


def test_room_is_what_is_not_waiting_to_be_sent() -> None:
    window = Window(10, 10_000)
    streams = Streams(window, CODING)
    number = open_stream(window, streams)
    before = streams.room_bytes(number, 0.0, 0.0)
    streams.get(number).write(bytes(BLOCK_BYTES), message_ends=True)
    assert streams.room_bytes(number, 0.0, 0.0) == before - BLOCK_BYTES


def test_one_tries_again_when_it_fits_and_when_nothing_ever_will() -> None:
    window = Window(10, 10_000)
    streams = Streams(window, CODING)
    number = open_stream(window, streams)
    room = streams.room_bytes(number, 0.0, 0.0)
    assert streams.to_try(number, room, 0.0, 0.0)
    assert not streams.to_try(number, room + 1, 0.0, 0.0)
    streams.get(number).end()
    assert streams.to_try(number, room + 1, 0.0, 0.0)


def test_only_a_stream_that_is_the_newest_is_flushed() -> None:
    window = Window(10, 10_000)
    streams = Streams(window, CODING)
    assert not streams.flush_newest()
    number = open_stream(window, streams)
    streams.get(number).write(b"abc", message_ends=True)
    assert streams.flush_newest()
    assert streams.get(number).ready(0) == 1
    window.add(outgoing(b"x", window.next_number))
    assert not streams.flush_newest()


def test_what_is_released_makes_room_before_it_was_sent_long_enough_ago() -> None:
    window = Window(10, 10_000)
    streams = Streams(window, CODING)
    number = open_stream(window, streams)
    free = streams.room_bytes(number, 0.0, 9.0)
    streams.get(number).write(bytes(2 * BLOCK_BYTES), message_ends=True)
    sending = window.get(number)
    assert sending is not None
    for block in range(2):
        sending.next_new(4)
        window.touch(sending, block, 0.0)
    assert streams.room_bytes(number, 1.0, 9.0) == free - 2 * BLOCK_BYTES
    streams.release(number, 1)
    assert streams.room_bytes(number, 1.0, 9.0) == free - BLOCK_BYTES
    streams.release(number, 0)
    assert streams.room_bytes(number, 1.0, 9.0) == free - BLOCK_BYTES
    streams.release(7, 1)
