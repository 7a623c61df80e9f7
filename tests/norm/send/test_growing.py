"""Objects whose source is still being read while they are sent."""

from __future__ import annotations

from random import Random

import pytest
from tests.norm.group import Group
from tests.norm.send.places import (
    GRTT,
    RECEIVER,
    Stage,
    ack,
    lacks_blocks,
    numbered,
    outgoing,
)

from groupwire.norm.partition import Partition
from groupwire.norm.send.content import BytesSource, ObjectContent, content_of
from groupwire.norm.send.events import (
    NodeAcknowledged,
    ObjectSent,
    TransmissionIdle,
)
from groupwire.norm.wire.commands import EndOfTransmission, Flush
from groupwire.norm.wire.objects import Info

DATA = numbered(125)
"""Blocks of 4, 3, 3 and 3 symbols of 10 bytes; the last has 5."""


class Tap(BytesSource):
    """Bytes that come to be there one after the other, and refuse to be read before."""

    def __init__(self, data: bytes, ready_bytes: int = 0) -> None:
        super().__init__(data)
        self.ready_bytes = ready_bytes

    def read(self, offset: int, size_bytes: int) -> memoryview:
        assert offset + size_bytes <= self.ready_bytes
        return super().read(offset, size_bytes)


def _wake(stage: Stage, tap: Tap, ready_bytes: int) -> None:
    tap.ready_bytes = ready_bytes
    stage.do(stage.sender.wake)


def test_only_whole_symbols_that_are_ready_are_sent() -> None:
    stage, tap = Stage(), Tap(DATA, 19)
    stage.do(stage.sender.send_object, tap)
    assert stage.places() == [(0, 0, 0)]
    _wake(stage, tap, 45)
    assert stage.places() == [(0, 0, 1), (0, 0, 2), (0, 0, 3)]
    _wake(stage, tap, 75)
    assert stage.places() == [(0, 1, 0), (0, 1, 1), (0, 1, 2)]
    _wake(stage, tap, 124)
    assert len(stage.places()) == 5
    assert stage.happened(ObjectSent) == []
    _wake(stage, tap, 125)
    assert stage.places() == [(0, 3, 2)]
    assert stage.happened(ObjectSent) == [ObjectSent(0)]


def test_waking_brings_nothing_where_no_more_is_ready() -> None:
    stage, tap = Stage(), Tap(DATA, 5)
    stage.do(stage.sender.wake)
    stage.do(stage.sender.send_object, tap)
    stage.do(stage.sender.wake)
    assert stage.places() == []


def test_the_info_does_not_wait_for_the_source() -> None:
    stage = Stage()
    stage.send(Tap(DATA), info=b"name")  # type: ignore[arg-type]
    assert len(stage.of(Info)) == 1
    assert stage.places() == []


def test_an_object_of_no_bytes_has_nothing_to_wait_for() -> None:
    stage = Stage()
    stage.send(Tap(b""))  # type: ignore[arg-type]
    assert stage.places() == [(0, 0, 0)]


def test_what_is_ready_is_flushed_and_no_more() -> None:
    stage, tap = Stage(), Tap(DATA, 65)
    stage.do(stage.sender.send_object, tap)
    stage.run(100 * GRTT)
    places = {(f.payload_id.block, f.payload_id.symbol) for f in stage.of(Flush)}
    assert places == {(1, 1)}
    assert stage.happened(TransmissionIdle) == []
    _wake(stage, tap, 125)
    stage.run(100 * GRTT)
    assert stage.happened(TransmissionIdle) == [TransmissionIdle()]


def test_the_end_waits_for_all_of_the_source() -> None:
    stage, tap = Stage(), Tap(DATA, 65)
    stage.do(stage.sender.send_object, tap)
    stage.do(stage.sender.finish)
    stage.run(1000 * GRTT)
    assert stage.of(EndOfTransmission) == []
    _wake(stage, tap, 125)
    stage.run(1000 * GRTT)
    assert stage.of(EndOfTransmission) != []


def test_a_watermark_lies_at_the_end_of_what_is_not_ready_yet() -> None:
    stage, tap = Stage(), Tap(DATA, 65)
    stage.do(stage.sender.send_object, tap)
    stage.do(stage.sender.watermark, [RECEIVER])
    stage.run(10 * GRTT)
    assert all(not flush.nodes for flush in stage.of(Flush))
    _wake(stage, tap, 125)
    stage.run(4 * GRTT)
    mark = next(flush for flush in stage.of(Flush) if flush.nodes)
    assert (mark.payload_id.block, mark.payload_id.symbol) == (3, 2)
    stage.hear(ack(mark))
    assert stage.happened(NodeAcknowledged) == [NodeAcknowledged(RECEIVER)]


def test_what_waits_is_repaired_as_far_as_it_was_sent_and_not_given_up() -> None:
    stage, tap = Stage(kept_objects=2), Tap(DATA, 65)
    stage.do(stage.sender.send_object, tap)
    stage.places()
    stage.nack(lacks_blocks(0, 0, 3))
    stage.run(20 * GRTT)
    assert stage.places() == [(0, 0, n) for n in range(4)] + [(0, 1, 0), (0, 1, 1)]
    stage.send(numbered(10))
    with pytest.raises(Exception, match="wait to be sent"):
        stage.send(numbered(10))
    assert stage.places() == []


def test_objects_behind_wait_for_the_one_that_is_being_read() -> None:
    stage, tap = Stage(), Tap(DATA, 10)
    stage.do(stage.sender.send_object, tap)
    stage.send(numbered(10))
    _wake(stage, tap, 125)
    assert stage.places()[-1] == (1, 0, 0)


def test_cancelling_what_waits_lets_the_next_one_go() -> None:
    stage = Stage()
    stage.do(stage.sender.send_object, Tap(DATA, 10))
    stage.send(numbered(10))
    stage.do(stage.sender.cancel, 0)
    assert stage.places() == [(0, 0, 0), (1, 0, 0)]


def test_parity_of_a_block_comes_when_the_block_is_ready() -> None:
    tap = Tap(DATA, 35)
    content = content_of(tap, Partition.of(125, 10, 4))
    of = outgoing(content=content, auto_parity=2)
    first = of.next_new(100)
    assert first is not None
    assert first.places == [(0, 0), (0, 1), (0, 2)]
    assert of.next_new(100) is None
    tap.ready_bytes = 40
    second = of.next_new(100)
    assert second is not None
    assert second.places == [(0, 3), (0, 4), (0, 5)]
    assert not of.finished
    assert of.sent_bytes == 40


@pytest.mark.parametrize("size", [0, 1, 10, 11, 40, 41, 125])
def test_what_is_ready_counts_in_blocks(size: int) -> None:
    tap = Tap(numbered(size))
    content = content_of(tap, Partition.of(size, 10, 4))
    whole = ObjectContent(tap, Partition.of(size, 10, 4))
    for ready in range(size + 1):
        tap.ready_bytes = ready
        there = [content.ready(block) for block in range(content.blocks)]
        symbols = ready // 10 if ready < size else max(1, -(-size // 10))
        assert sum(there) == symbols
        assert content.ready_blocks == sum(n > 0 for n in there)
        assert content.ended is (ready == size)
        assert content.last == whole.last


@pytest.mark.parametrize("seed", range(3))
def test_a_slow_source_comes_whole_to_receivers_that_lose_packets(seed: int) -> None:
    dice, group = Random(seed), Group(seed, 2, rate=1e6)
    data = dice.randbytes(50_000)
    tap = Tap(data)
    group.sender.do(lambda core, now: core.send_object(tap, now=now))
    while tap.ready_bytes < len(data):
        assert not group.run(dice.random(), until=1)
        tap.ready_bytes = min(len(data), tap.ready_bytes + dice.randint(0, 20_000))
        group.sender.do(lambda core, now: core.wake(now=now))
    assert group.run(30.0, until=2)
    assert all(ears.objects[0] == data for ears in group.ears)
