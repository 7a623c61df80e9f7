"""What is kept although something newer wants its room, as a user sees it."""

import pytest
from tests.norm.send.places import GRTT, Stage, config, numbered

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.send.events import ObjectPurged, RoomFreed
from groupwire.norm.wire.objects import Data

CYCLE = (2 * 4 + 3) * GRTT  # of a receiver: waiting K, holding off K + 2, and K + 1


def test_an_object_is_kept_until_nobody_will_ask_for_it_any_more() -> None:
    stage = Stage(kept_objects=1, hold=2.0, robust=50)
    stage.send(numbered(50))
    stage.run(CYCLE)
    with pytest.raises(UsageError, match="RoomFreed"):
        stage.send(numbered(50))
    assert stage.happened(ObjectPurged) == []
    stage.run(1.2 * CYCLE)
    assert stage.happened(RoomFreed) == [RoomFreed()]
    stage.send(numbered(50))
    assert stage.happened(ObjectPurged) == [ObjectPurged(0)]


def test_a_stream_has_room_again_when_its_oldest_block_is_not_asked_for() -> None:
    stage = Stage(hold=2.0, robust=50)
    stream = stage.do(stage.sender.open_stream, buffer_bytes=200)
    while (room := stage.sender.stream_room(stream)) > 0:
        stage.do(stage.sender.write, stream, bytes(room))
        stage.run(0.01)
    with pytest.raises(UsageError, match="RoomFreed"):
        stage.do(stage.sender.write, stream, b"more")
    stage.run(CYCLE)
    assert stage.happened(RoomFreed) == []
    assert stage.sender.stream_room(stream) == 0
    stage.run(1.2 * CYCLE)
    assert stage.happened(RoomFreed) == [RoomFreed()]
    stage.do(stage.sender.write, stream, b"more")


def test_who_waits_for_room_in_a_stream_that_is_cancelled_is_told() -> None:
    stage = Stage(hold=2.0)
    stream = stage.do(stage.sender.open_stream, buffer_bytes=200)
    with pytest.raises(UsageError, match="do not fit"):
        stage.do(stage.sender.write, stream, bytes(10_000))
    stage.do(stage.sender.cancel, stream)
    assert stage.happened(RoomFreed) == [RoomFreed()]


def test_a_round_trip_that_somebody_lies_about_keeps_nothing_for_minutes() -> None:
    stage = Stage(kept_objects=1, hold=1000.0, robust=50)
    stage.send(numbered(50))
    with pytest.raises(UsageError):
        stage.send(numbered(50))
    stage.run(21.0)
    assert stage.happened(RoomFreed) == [RoomFreed()]


def test_a_negative_hold_is_none() -> None:
    with pytest.raises(UsageError, match="use 0 or more"):
        config(hold=-1.0)


def test_the_smallest_buffer_has_room_for_a_segment_behind_one_that_is_not_full() -> (
    None
):
    coding = Coding(segment_bytes=200, block=1, parity=4)
    stage = Stage(coding=coding)
    stream = stage.do(stage.sender.open_stream, buffer_bytes=600)
    for size in (146, 200, 100):
        stage.do(stage.sender.write, stream, bytes(size))
    stage.do(stage.sender.flush, stream)
    assert len(stage.of(Data)) == 3
