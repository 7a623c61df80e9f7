"""A receiver among many senders, strangers and junk."""

from __future__ import annotations

from random import Random

import pytest
from tests.norm.receive.places import (
    CODING,
    ME,
    NODE,
    PLAIN,
    SENDER,
    Ear,
    Object,
    Source,
    asked,
    request,
    stream_symbol,
)

from groupwire.errors import UsageError
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import (
    InfoReceived,
    LossReason,
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    SenderFound,
    SenderKey,
    StreamReceived,
)
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.wire.feedback import FeedbackHead, Nack
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.repairs import RepairLevel
from groupwire.values import Datagram, Origin

DATA = Random(1).randbytes(12 * CODING.segment_bytes)
SIZE = len(DATA)


def _origin(number: int) -> Origin:
    return Origin(f"10.0.1.{number}", 10_000)


def _key(source: Source, origin: Origin = SENDER) -> SenderKey:
    return SenderKey(origin, source.node, source.instance)


def _received(events: list[ReceiverEvent]) -> list[tuple[SenderKey, int]]:
    return [(e.sender, e.object) for e in events if isinstance(e, ObjectReceived)]


def _lost(events: list[ReceiverEvent]) -> list[tuple[SenderKey, int, LossReason]]:
    return [(e.sender, e.object, e.reason) for e in events if isinstance(e, ObjectLost)]


# Who is followed.


def test_a_sender_is_found_when_it_is_heard_first() -> None:
    receiver = Receiver(ReceiverConfig(ME), Random(1))
    source = Source()
    for data in (source.probe(), source.probe()):
        receiver.handle_datagram(Datagram(data, SENDER), now=0.0)
    assert receiver.poll_events() == [SenderFound(_key(source))]
    assert receiver.senders == (_key(source),)
    assert receiver.poll_events() == []


def test_nobody_is_waited_for_where_nobody_was_heard() -> None:
    ear = Ear()
    assert ear.core.poll_timeout() is None
    ear.core.handle_timeout(now=1.0)
    assert ear.core.poll_transmits() == []
    assert not ear.core.senders


def test_senders_are_followed_each_by_itself() -> None:
    # The same node id at another address, another node, another run: all are others.
    ear = Ear()
    ones = [
        (Source(), SENDER),
        (Source(), _origin(2)),
        (Source(node=2), SENDER),
        (Source(instance=8), SENDER),
    ]
    streams = [(source.whole(Object(DATA)), origin) for source, origin in ones]
    for at in range(12):
        for messages, origin in streams:
            ear.hear(messages[at], origin=origin)
    expected = [(_key(source, origin), 0) for source, origin in ones]
    assert _received(ear.events()) == expected


def test_how_a_sender_is_joined_is_chosen_for_each_run() -> None:
    asked: list[SenderKey] = []

    def join_for(key: SenderKey) -> Join:
        asked.append(key)
        return Join.NOW if key.source == 2 else Join.OBJECT

    ear, from_now, whole = Ear(join_for=join_for), Source(node=2), Source(node=3)
    for source in (from_now, whole):
        # The end of an object alone: who begins now does not want it.
        ear.hear(source.block(Object(DATA, 5), 2), source.whole(Object(DATA, 6)))
        ear.hear(source.block(Object(DATA, 5), 0), source.block(Object(DATA, 5), 1))
    assert asked == [_key(from_now), _key(whole)]
    assert sorted(_received(ear.events()), key=str) == [
        (_key(from_now), 6),
        (_key(whole), 5),
        (_key(whole), 6),
    ]


def test_a_sender_that_begins_anew_is_another() -> None:
    ear, old, new = Ear(), Source(instance=7), Source(instance=8)
    ear.hear(old.whole(Object(DATA)), new.whole(Object(DATA)))
    assert _received(ear.events()) == [(_key(old), 0), (_key(new), 0)]


def test_whoever_is_heard_least_makes_room_for_another() -> None:
    ear = Ear(config=ReceiverConfig(ME, sources=2))
    much, little, more = Source(node=2), Source(node=3), Source(node=4)
    ear.hear(much.block(Object(DATA), 0), little.symbol(Object(DATA), 0, 0))
    ear.hear(more.symbol(Object(DATA), 0, 0))
    assert ear.core.senders == (_key(much), _key(more))
    assert ear.events() == []


def _forged(number: int) -> Source:
    return Source(node=1000 + number)


def _flood(ear: Ear, first: int, last: int) -> None:
    for number in range(first, last + 1):
        source = _forged(number)
        ear.hear(source.probe(), source.symbol(Object(DATA), 0, 0))


def test_a_flood_of_forged_runs_locks_nobody_out_who_begins_in_it() -> None:
    ear, honest = Ear(), Source()
    _flood(ear, 1, 63)
    ear.hear(honest.symbol(Object(DATA), 0, 0))
    _flood(ear, 64, 200)
    assert ear.key not in ear.core.senders
    ear.hear(honest.whole(Object(DATA)))
    events = ear.events()
    assert _received(events) == [(ear.key, 0)]
    assert _lost(events) == []


def test_who_goes_on_in_a_flood_is_heard_more_than_who_does_not() -> None:
    ear, honest = Ear(), Source()
    _flood(ear, 1, 63)
    for at, message in enumerate(honest.whole(Object(DATA)) * 2):
        ear.hear(message)
        _flood(ear, 100 + at, 100 + at)
    events = ear.events()
    assert _received(events) == [(ear.key, 0)]
    assert _lost(events) == []


def test_a_sender_is_found_once_however_often_it_makes_room() -> None:
    core, source = Receiver(ReceiverConfig(ME, sources=1), Random(1)), Source(node=2)
    for data in (source.probe(), Source(node=3).probe(), source.probe()):
        core.handle_datagram(Datagram(data, SENDER), now=0.0)
    found = [SenderFound(_key(source)), SenderFound(_key(Source(node=3)))]
    assert core.poll_events() == found


def test_what_is_told_as_lost_to_others_is_not_delivered_later() -> None:
    ear = Ear(config=ReceiverConfig(ME, sources=1))
    one, other = Source(node=2), Source(node=3)
    ear.hear(one.whole(Object(DATA, 5)), one.symbol(Object(DATA, 6), 0, 0))
    ear.hear(other.probe())
    events = ear.events()
    assert _received(events) == [(_key(one), 5)]
    assert _lost(events) == [(_key(one), 6, LossReason.ROOM)]
    ear.hear(one.whole(Object(DATA, 6)), one.whole(Object(DATA, 7)))
    assert _received(ear.events()) == [(_key(one), 7)]


def test_a_stream_that_was_read_is_lost_with_its_run_and_never_read_again() -> None:
    ear = Ear(config=ReceiverConfig(ME, sources=1))
    one, other = Source(node=2), Source(node=3)
    ear.hear(one.stream(0, 0, stream_symbol(b"once")), other.probe())
    assert _lost(ear.events()) == [(_key(one), 0, LossReason.ROOM)]
    ear.hear(one.stream(0, 0, stream_symbol(b"once")))
    assert ear.events() == []


def test_a_stream_that_nobody_has_read_may_be_read_later() -> None:
    ear = Ear(config=ReceiverConfig(ME, sources=1))
    one, other = Source(node=2), Source(node=3)
    ear.hear(one.stream(0, 1, stream_symbol(b"later")), other.probe())
    ear.hear(one.stream(0, 0, stream_symbol(b"first")))
    (event,) = [e for e in ear.events() if isinstance(e, StreamReceived)]
    assert event.data == b"first"


def test_what_was_delivered_is_not_delivered_again_after_room_was_made() -> None:
    ear = Ear(config=ReceiverConfig(ME, sources=1))
    one, other = Source(node=2), Source(node=3)
    ear.hear(one.whole(Object(DATA, 5)), other.whole(Object(DATA)))
    assert _received(ear.events()) == [(_key(one), 5), (_key(other), 0)]
    ear.hear(one.whole(Object(DATA, 5)), one.whole(Object(DATA, 6)))
    assert _received(ear.events()) == [(_key(one), 6)]


def test_who_made_room_before_anything_was_wanted_of_it_begins_anew() -> None:
    ear = Ear(config=ReceiverConfig(ME, sources=1))
    one, other = Source(node=2), Source(node=3)
    ear.hear(one.probe(), other.probe(), one.whole(Object(DATA)))
    assert _received(ear.events()) == [(_key(one), 0)]


def test_a_run_that_is_forgotten_stays_forgotten() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.block(Object(DATA), 0))
    ear.core.forget(ear.key)
    ear.do()
    assert _lost(ear.events()) == [(ear.key, 0, LossReason.ENDED)]
    ear.hear(source.whole(Object(DATA)))
    ear.hear(source.whole(Object(DATA, 1)))
    assert ear.events() == []
    assert not ear.core.senders
    assert ear.core.dropped["norm-run-is-over"] == 24
    ear.wait(100.0)
    assert ear.said() == []


def _strangers_deliver(ear: Ear, first: int, count: int) -> None:
    """Let others deliver an object of a segment each."""
    for number in range(first, first + count):
        ear.hear(_forged(number).whole(Object(DATA[:16])))


@pytest.mark.parametrize("sources", [1, 64])
@pytest.mark.parametrize("forgotten", [False, True])
def test_what_is_replayed_of_a_run_behind_many_strangers_is_not_delivered_twice(
    forgotten: bool, sources: int
) -> None:
    ear, honest = Ear(config=ReceiverConfig(ME, sources=sources)), Source()
    recorded = [*honest.whole(Object(DATA)), honest.flush(0, 2, 3), honest.end()]
    ear.hear(recorded)
    if forgotten:
        ear.core.forget(ear.key)
    _strangers_deliver(ear, 0, 1_200)
    assert _received(ear.events())[0] == (ear.key, 0)
    ear.hear(recorded)
    _strangers_deliver(ear, 2_000, 1_200)
    ear.hear(recorded)
    assert (ear.key, 0) not in _received(ear.events())


def test_forgetting_one_run_leaves_another_with_the_same_ids_alone() -> None:
    ear, here, there = Ear(), Source(), Source()
    ear.hear(here.probe(), there.symbol(Object(DATA), 1, 0))
    ear.hear(there.symbol(Object(DATA), 1, 0), origin=_origin(2))
    ear.core.forget(ear.key)
    ear.hear_nack(request(RepairLevel.BLOCK, (0, 0, 0)))
    ear.wait(1.0)
    # Heard by the other one still, which stays silent.
    assert ear.said() == []


def test_only_so_many_forgotten_runs_are_remembered() -> None:
    ear = Ear()
    for instance in range(1025):
        source = Source(instance=instance)
        ear.hear(source.probe())
        ear.core.forget(_key(source))
    ear.hear(Source(instance=1).probe(), Source(instance=1024).probe())
    assert not ear.core.senders
    ear.hear(Source(instance=0).probe())
    assert ear.core.senders == (_key(Source(instance=0)),)


def test_each_sender_has_its_own_time() -> None:
    # The one falls silent, the other has asked for an acknowledgement.
    ear, one, other = Ear(), Source(node=2), Source(node=3)
    ear.hear(one.symbol(Object(DATA), 0, 0), other.symbol(Object(DATA), 1, 0))
    due = ear.core.poll_timeout()
    assert due is not None
    ear.core.handle_timeout(now=due)
    ear.do()
    assert [said.to.sender for said in ear.said()] == [3]
    later = ear.core.poll_timeout()
    assert later is not None
    assert later > due


def test_info_finds_a_sender_too() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.info(0, b"name", size=SIZE))
    assert ear.events() == [InfoReceived(ear.key, 0, b"name")]


# What the application says.


def test_what_is_accepted_is_acknowledged() -> None:
    ear = Ear(config=ReceiverConfig(ME, accepts_at_once=False))
    source = Source()
    ear.hear(source.whole(Object(DATA)), source.flush(0, 2, 3, ME))
    ear.wait(1.0)
    assert ear.said() == []
    ear.core.accept(ear.key, 0, now=ear.now)
    ear.wait(1.0)
    assert len(ear.said()) == 1


@pytest.mark.parametrize("silent", [False, True])
def test_who_is_silent_sends_nothing(silent: bool) -> None:
    ear = Ear(config=ReceiverConfig(ME, silent=silent))
    ear.hear(Source().request_ack(16, 0, ME))
    ear.core.answer(ear.key, 16, 0, b"yes", now=ear.now)
    ear.wait(1.0)
    assert len(ear.datagrams) == (0 if silent else 1)


def test_what_is_said_of_a_run_that_strangers_pushed_out_is_counted() -> None:
    # Strangers can do that between an event and what the application says to it.
    ear = Ear(config=ReceiverConfig(ME, sources=1))
    ear.hear(Source().whole(Object(DATA)), Source(node=5).probe())
    ear.core.accept(ear.key, 0, now=0.0)
    ear.core.answer(ear.key, 16, 0, now=0.0)
    ear.core.again(ear.key, 0, now=0.0)
    assert ear.core.dropped == {"norm-run-is-gone": 3}
    assert not ear.core.lacks(ear.key)
    ear.wait(10.0)
    assert ear.datagrams == []
    assert ear.core.senders == (_key(Source(node=5)),)


def test_who_is_not_followed_cannot_be_forgotten() -> None:
    with pytest.raises(UsageError, match="no such sender"):
        Ear().core.forget(SenderKey(SENDER, 5, 5))


def test_who_is_not_followed_yet_cannot_be_forgotten_in_advance() -> None:
    ear, source = Ear(), Source()
    with pytest.raises(UsageError, match="no such sender"):
        ear.core.forget(ear.key)
    ear.hear(source.whole(Object(DATA)))
    assert _received(ear.events()) == [(ear.key, 0)]


@pytest.mark.parametrize(
    ("ack_type", "ack_id", "size"),
    [(15, 0, 0), (256, 0, 0), (16, -1, 0), (16, 256, 0), (16, 0, 65_001)],
)
def test_only_what_an_ack_can_hold_is_an_answer(
    ack_type: int, ack_id: int, size: int
) -> None:
    ear, source = Ear(), Source()
    ear.hear(source.request_ack(16, 0, ME))
    with pytest.raises(UsageError):
        ear.core.answer(ear.key, ack_type, ack_id, bytes(size), now=ear.now)


def test_an_answer_is_no_longer_than_a_segment() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(Object(DATA), 0, 0), source.request_ack(16, 0, ME))
    ear.core.answer(ear.key, 16, 0, bytes(CODING.segment_bytes), now=ear.now)
    with pytest.raises(UsageError, match="17 bytes"):
        ear.core.answer(ear.key, 16, 0, bytes(17), now=ear.now)


def test_what_was_not_what_was_sent_is_asked_for_again() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(Object(DATA)))
    assert _received(ear.events()) == [(ear.key, 0)]
    ear.core.again(ear.key, 0, now=ear.now)
    ear.hear(source.flush(0, 2, 3))
    ear.wait(1.0)
    assert asked(ear.said())[0] == "object 0"
    ear.hear(source.whole(Object(DATA)))
    assert _received(ear.events()) == [(ear.key, 0)]


def test_whether_something_lacks_is_told() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.probe())
    assert not ear.core.lacks(ear.key)
    ear.hear(source.block(Object(DATA), 0))
    # The end of an object counts as soon as its beginning has been heard.
    assert ear.core.lacks(ear.key)
    ear.hear(source.whole(Object(DATA)))
    assert not ear.core.lacks(ear.key)


# Junk and strangers.


@pytest.mark.parametrize("junk", [b"", b"\x12", b"junk" * 20])
def test_junk_is_counted_and_dropped(junk: bytes) -> None:
    ear = Ear()
    ear.hear(junk)
    assert sum(ear.core.dropped.values()) == 1
    assert not ear.core.senders


def test_its_own_messages_are_none_of_its_business() -> None:
    # A member that sends and receives hears itself where the system loops back.
    ear = Ear()
    own = Source(node=ME)
    row = own.block(Object(DATA), 0)
    ear.hear(own.probe(), row)
    ear.hear_row(*row)
    nack = Nack(1, ME, FeedbackHead(NODE, 7), ())
    ear.hear(nack.encode())
    assert not ear.core.senders


def test_feedback_for_a_sender_that_nobody_follows_is_nobodys_business() -> None:
    ear = Ear()
    ear.hear_nack(request(RepairLevel.BLOCK, (0, 0, 0)))
    assert not ear.core.senders


def test_feedback_for_another_run_silences_nobody() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(Object(DATA), 1, 0))
    others = request(RepairLevel.OBJECT, (0, 0, 0))
    ear.hear(Nack(1, 11, FeedbackHead(NODE, 8), (others,)).encode())
    ear.hear(Nack(1, 11, FeedbackHead(NODE + 1, 7), (others,)).encode())
    ear.wait(1.0)
    assert asked(ear.said())[:1] == ["block 0:0"]


# Rows.


def test_a_row_may_end_with_a_shorter_datagram() -> None:
    ear, source = Ear(), Source()
    short = Object(DATA[:-5])
    ear.hear_row(*source.whole(short))
    assert _received(ear.events()) == [(ear.key, 0)]


def test_a_row_of_one_is_a_datagram() -> None:
    ear, source = Ear(), Source()
    ear.hear_row(source.whole(Object(DATA[:16]))[0])
    assert _received(ear.events()) == [(ear.key, 0)]


def test_a_row_of_different_objects_is_taken_one_by_one() -> None:
    ear, source = Ear(), Source()
    ear.hear_row(
        *[source.symbol(Object(DATA[:16], number), 0, 0) for number in range(3)]
    )
    assert _received(ear.events()) == [(ear.key, number) for number in range(3)]


def test_junk_in_a_row_harms_no_neighbour() -> None:
    ear, source = Ear(), Source()
    messages = source.whole(Object(DATA))
    junk = bytes(len(messages[0]))
    ear.hear_row(junk, *messages[:4], junk, *messages[4:], junk)
    assert _received(ear.events()) == [(ear.key, 0)]
    assert ear.core.dropped["norm-version"] == 3


@pytest.mark.parametrize("seed", range(5))
def test_a_row_of_several_kinds_is_taken_in_as_its_datagrams_would_be(
    seed: int,
) -> None:
    at_once, one_by_one, rng = Ear(), Ear(), Random(seed)
    source = Source()
    repaired = Object(DATA, flags=PLAIN | ObjectFlag.REPAIR)
    messages: list[bytes] = []
    while len(messages) < 30:
        of = rng.choice([Object(DATA), repaired, Object(DATA, 1)])
        block, first = rng.randrange(of.partition.blocks), rng.randrange(3)
        messages += source.block(of, block)[first:]
    at_once.hear_row(*messages)
    one_by_one.hear(messages)
    assert _received(at_once.events()) == _received(one_by_one.events())
    assert at_once.core.stats(at_once.key) == one_by_one.core.stats(one_by_one.key)


def test_a_row_of_commands_is_taken_one_by_one() -> None:
    ear, source = Ear(), Source()
    ear.hear_row(*[source.command(bytes([n])) for n in range(3)])
    assert len(ear.events()) == 3


# Memory.


def test_an_object_larger_than_all_memory_is_refused() -> None:
    ear = Ear(config=ReceiverConfig(ME, memory_bytes=SIZE - 1))
    source = Source()
    ear.hear(source.whole(Object(DATA, 0)), source.whole(Object(DATA[:16], 1)))
    assert _lost(ear.events())[0] == (ear.key, 0, LossReason.REFUSED)


def test_the_sender_heard_least_makes_room_for_an_object() -> None:
    # Memory for one of these objects at a time, with what is remembered beside it.
    ear = Ear(config=ReceiverConfig(ME, memory_bytes=2 * SIZE + 2400))
    little, much = Source(node=2), Source(node=3)
    ear.hear(little.symbol(Object(DATA), 0, 0), much.probe(), much.probe())
    ear.hear(much.whole(Object(DATA)))
    events = ear.events()
    assert _received(events) == [(_key(much), 0)]
    assert ear.core.senders == (_key(much),)
    # It had nothing to lose yet, and comes back.
    ear.hear(little.whole(Object(DATA)))
    events += ear.events()
    assert _received(events)[1:] == [(_key(little), 0)]
    assert _lost(events) == []


def test_who_is_heard_least_itself_has_to_wait_for_room() -> None:
    ear = Ear(config=ReceiverConfig(ME, memory_bytes=2 * SIZE + 2400))
    much, little = Source(node=2), Source(node=3)
    ear.hear(much.block(Object(DATA), 0))
    ear.hear(little.symbol(Object(DATA), 0, 0))
    assert _lost(ear.events()) == []
    assert ear.core.dropped["norm-no-room"] == 1
    ear.hear(much.whole(Object(DATA)), little.whole(Object(DATA)))
    received = _received(ear.events())
    assert received == [(_key(much), 0), (_key(little), 0)]


def test_memory_of_what_is_done_or_lost_is_free_again() -> None:
    ear = Ear(config=ReceiverConfig(ME, memory_bytes=2 * SIZE + 2400))
    source = Source()
    for number in range(5):
        ear.hear(source.whole(Object(DATA, number)))
    ear.hear(source.symbol(Object(DATA, 5), 0, 0), source.squelch(6))
    ear.hear(source.whole(Object(DATA, 6)))
    assert [number for _, number in _received(ear.events())] == [0, 1, 2, 3, 4, 6]


def test_where_somebody_else_stores_memory_is_no_matter() -> None:
    sinks: list[MemorySink] = []

    def choose(_: object) -> MemorySink:
        sinks.append(MemorySink())
        return sinks[-1]

    ear = Ear(config=ReceiverConfig(ME, memory_bytes=0), sink_for=choose)
    source = Source()
    ear.hear(source.whole(Object(DATA)))
    assert _received(ear.events()) == [(ear.key, 0)]
    assert [sink.data for sink in sinks] == [DATA]
