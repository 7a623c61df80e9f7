"""What is sent without repair (RFC 5740 §4.2.1), at both ends."""

from __future__ import annotations

from random import Random

import pytest
from tests.norm.receive.facts import (
    BACKOFF_S,
    DATA,
    acks,
    lost,
    numbered,
    received,
    say,
    stream_block,
    text,
)
from tests.norm.receive.places import (
    CODING,
    GRTT_S,
    ME,
    Ear,
    Source,
    asked,
    stream_symbol,
)
from tests.norm.send.places import Stage, lacks, lacks_blocks, lacks_objects

from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import (
    LossReason,
    ReceiverEvent,
    StreamEnded,
    StreamReceived,
)
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import LATER
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.commands import Squelch
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.objects import Data
from groupwire.testing import Faults, Lab

UNRELIABLE = ObjectFlag.UNRELIABLE
UNREPAIRED = LossReason.UNREPAIRED


# A stream at its receiver.


class Once(Source):
    """A sender of streams that nobody repairs."""

    def stream(
        self, block: int, symbol: int, payload: bytes, *, number: int = 0
    ) -> bytes:
        size = 4 * self.coding.block * self.coding.segment_bytes
        flags = ObjectFlag.STREAM | UNRELIABLE
        return self.data(number, block, symbol, payload, size=size, flags=flags)


def test_nothing_of_it_is_asked_for() -> None:
    ear, source = Ear(), Once()
    ear.hear(stream_block(source, 0, 0, 2), stream_block(source, 2, 1))
    ear.hear(source.flush(0, 2, 3))
    ear.wait(100.0)
    assert ear.said() == []


def test_what_is_lacking_is_skipped_one_datagram_after_it_showed() -> None:
    ear, source = Ear(), Once()
    ear.hear(stream_block(source, 0, 0), stream_block(source, 0, 2))
    assert text(ear.events()) == [b"<0.0>"]
    ear.hear(stream_block(source, 0, 3))
    assert text(ear.events()) == [1, b"<0.2><0.3>"]


def test_two_that_change_places_are_put_in_order() -> None:
    ear, source = Ear(), Once()
    ear.hear(stream_block(source, 0, 0, 2, 1, 3))
    assert text(ear.events()) == [b"<0.0>", b"<0.1><0.2>", b"<0.3>"]


def test_each_gap_has_its_own_patience() -> None:
    ear, source = Ear(), Once()
    ear.hear(stream_block(source, 0, 0, 2), stream_block(source, 1, 0))
    # 0.1 was lacking when 0.2 was there; 0.3 only since 1.0 is.
    assert text(ear.events()) == [b"<0.0>", 1, b"<0.2>"]
    ear.hear(stream_block(source, 1, 1))
    assert text(ear.events()) == [1, b"<1.0><1.1>"]


def test_where_the_sender_rests_nothing_is_waited_for() -> None:
    ear, source = Ear(), Once()
    ear.hear(stream_block(source, 0, 0, 2), source.flush(0, 0, 2))
    assert text(ear.events()) == [b"<0.0>", 1, b"<0.2>"]
    ear.hear(source.flush(0, 1, 3))
    assert text(ear.events()) == [5]
    ear.hear(stream_block(source, 1, 2))
    assert text(ear.events()) == []
    ear.hear(stream_block(source, 2, 0))
    assert text(ear.events()) == [b"<2.0>"]


@pytest.mark.parametrize("join", [Join.NOW, Join.OBJECT])
def test_it_begins_with_what_is_heard_first(join: Join) -> None:
    ear, source = Ear(join=join), Once()
    ear.hear(stream_block(source, 7, 2), stream_block(source, 7, 1, 3))
    assert text(ear.events()) == [b"<7.2>", b"<7.3>"]
    ear.wait(10.0)
    assert ear.said() == []


def test_it_may_begin_behind_parity() -> None:
    ear, source = Ear(), Once()
    ear.hear(source.stream(3, 4, bytes(24)), stream_block(source, 4))
    assert text(ear.events()) == [f"<4.{n}>".encode() for n in range(4)]


def test_parity_that_comes_unasked_fills_what_is_lacking() -> None:
    ear, source = Ear(), Once()
    texts = [say(0, n) for n in range(4)]
    code = ReedSolomon(CODING.block, CODING.parity)
    (parity,) = code.encode(texts, [0], 24)
    ear.hear(stream_block(source, 0, 0, 1, 3), source.stream(0, 4, parity))
    assert text(ear.events()) == [b"<0.0>", b"<0.1>", b"<0.2><0.3>"]


def test_it_keeps_nobody_from_acknowledging_what_lies_behind() -> None:
    ear, source = Ear(), Once()
    ear.hear(stream_block(source, 0, 0), stream_block(source, 1))
    ear.hear(source.whole(numbered(1)), source.flush(1, 2, 3, ME))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1
    ear.hear(source.flush(0, 1, 3, ME))  # how far it is, though some was lost
    ear.wait(2 * GRTT_S)
    assert len(acks(ear)) == 1


def test_its_end_is_told_though_something_was_lost() -> None:
    ear, source = Ear(), Once()
    ear.hear(stream_block(source, 0, 0, 2), source.stream(0, 3, stream_symbol(b"")))
    assert ear.events()[-1] == StreamEnded(ear.key, 0)
    ear.hear(source.flush(0, 0, 3, ME))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


# An object at its receiver.


def test_an_object_is_lost_one_datagram_after_the_sender_has_left_it() -> None:
    ear, source = Ear(), Source()
    first, second = numbered(0, UNRELIABLE), numbered(1, UNRELIABLE)
    ear.hear(source.block(first, 0), source.symbol(second, 0, 0))
    assert ear.events() == []
    ear.hear(source.symbol(second, 0, 1))
    assert lost(ear.events()) == [(0, UNREPAIRED)]
    ear.wait(100.0)
    assert asked(ear.said()) == []


def test_two_objects_may_change_places_where_they_meet() -> None:
    ear, source = Ear(), Source()
    messages = [*source.whole(numbered(0, UNRELIABLE))]
    messages += source.whole(numbered(1, UNRELIABLE))
    messages[11], messages[12] = messages[12], messages[11]
    ear.hear(messages)
    assert received(ear.events()) == [0, 1]


def test_an_object_is_lost_where_the_sender_rests_behind_it() -> None:
    ear, source = Ear(), Source()
    of = numbered(0, UNRELIABLE)
    ear.hear(source.block(of, 0), source.block(of, 2), source.flush(0, 1, 3))
    assert ear.events() == []
    ear.hear(source.flush(0, 2, 3))
    assert lost(ear.events()) == [(0, UNREPAIRED)]


def test_one_that_has_no_place_yet_is_lost_in_the_same_way() -> None:
    ear, source = Ear(sink_for=lambda _: LATER), Source()
    ear.hear(source.block(numbered(0, UNRELIABLE | ObjectFlag.INFO), 0))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    ear.hear(source.flush(1, 0, 0))
    assert lost(ear.events()) == [(0, UNREPAIRED)]


def test_one_that_was_lost_keeps_nobody_from_acknowledging_what_lies_behind() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.block(numbered(0, UNRELIABLE), 0), source.whole(numbered(1)))
    ear.hear(source.flush(1, 2, 3, ME))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1
    assert received(ear.events()[1:]) == [1]


# The sender.


def test_what_is_asked_for_is_told_to_be_gone() -> None:
    stage = Stage()
    for _ in range(2):
        stage.send(DATA, flags=UNRELIABLE)
    stage.send(DATA)
    stage.heard.clear()
    stage.nack(lacks(0, 0, 1), lacks_objects(1))
    stage.run(1.0)
    assert stage.of(Data) == []
    (squelch,) = stage.of(Squelch)
    assert (squelch.object_id, squelch.invalid) == (2, ())


def test_between_others_it_is_listed_as_gone() -> None:
    stage = Stage()
    stage.send(DATA)
    stage.send(DATA, flags=UNRELIABLE)
    stage.send(DATA)
    stage.nack(lacks(1, 0, 1))
    stage.run(1.0)
    (squelch,) = stage.of(Squelch)
    assert (squelch.object_id, squelch.invalid) == (0, (1,))


def test_an_object_that_is_under_way_is_not_told_to_be_gone() -> None:
    stage = Stage(rate=1000.0)
    stage.call(stage.sender.send_object, bytes(1000), flags=UNRELIABLE)
    stage.run(0.1)
    stage.nack(lacks(0, 0, 0))
    stage.run(0.1)
    (squelch,) = stage.of(Squelch)
    assert (squelch.object_id, squelch.invalid) == (0, ())


def test_a_stream_is_told_to_go_on_where_it_is() -> None:
    stage = Stage()
    number = stage.do(stage.sender.open_stream, buffer_bytes=400, flags=UNRELIABLE)
    block_bytes = stage.config.coding.block * stage.config.coding.segment_bytes
    stage.do(stage.sender.write, number, bytes(3 * block_bytes + 20))
    assert {d.flags for d in stage.take(Data)} == {ObjectFlag.STREAM | UNRELIABLE}
    stage.nack(lacks_blocks(number, 0, 1))
    stage.run(1.0)
    assert stage.of(Data) == []
    (squelch,) = stage.of(Squelch)
    assert (squelch.object_id, squelch.payload_id.block) == (0, 3)


def test_what_has_been_sent_makes_room_at_once() -> None:
    stage = Stage(kept_objects=1)
    number = stage.do(stage.sender.open_stream, buffer_bytes=200, flags=UNRELIABLE)
    for _ in range(20):
        stage.do(stage.sender.write, number, bytes(50))
    stage.do(stage.sender.end_stream, number)
    stage.send(DATA, flags=UNRELIABLE)
    stage.send(DATA, flags=UNRELIABLE)


# Both.


@pytest.mark.parametrize("seed", range(5))
def test_of_a_lossy_stream_each_message_comes_or_lies_in_a_gap(seed: int) -> None:
    lab = Lab(seed)
    rng = Random(seed)
    bad = Faults(loss=0.2, delay_s=0.001, jitter_s=0.001)
    config = SenderConfig(1, 7, Coding(segment_bytes=100, block=16, parity=4))
    sender = lab.add("sender", Sender(config, FixedRate(1e6)))
    heard: list[bytes] = []

    def hear(event: ReceiverEvent) -> None:
        if isinstance(event, StreamReceived):
            heard.append(event.data)

    core = Receiver(ReceiverConfig(2), lab.rng("receiver"))
    lab.add("receiver", core, down=bad, up=bad, on_event=hear)
    stream: int = sender.do(
        lambda core, now: core.open_stream(
            buffer_bytes=1 << 16, flags=UNRELIABLE, now=now
        )
    )
    messages = [bytes([n % 256]) * rng.randrange(1, 100) for n in range(500)]
    for message in messages:
        sender.do(lambda core, now, m=message: core.write(stream, m, now=now))
        sender.do(lambda core, now: core.flush(stream, now=now))
        lab.run(lab.clock.now + 0.002)
    lab.run(lab.clock.now + 1.0)
    whole, rest = b"".join(heard), iter(messages)
    while whole:
        message = next(m for m in rest if whole.startswith(m))
        whole = whole[len(message) :]
    assert sender.core.stats.nacks_heard == 0
    assert 0.7 <= len(b"".join(heard)) / len(b"".join(messages)) <= 0.9
