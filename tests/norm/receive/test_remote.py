"""One sender as a receiver follows it: what it hears, wants and acknowledges."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from tests.norm.receive.facts import (
    BACKOFF_S,
    DATA,
    HOLD_S,
    SILENCE_S,
    Disk,
    acks,
    lost,
    numbered,
    received,
    say,
    stream_block,
    text,
)
from tests.norm.receive.places import (
    ANOTHER,
    CODING,
    GRTT_S,
    ME,
    SENDER,
    Ear,
    Source,
    asked,
    request,
)

from groupwire.errors import MessageTooLarge
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import (
    AckRequested,
    CommandReceived,
    InfoReceived,
    LossReason,
    ObjectLost,
    SenderEnded,
    SenderLost,
)
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.wire.feedback import Ack, AckType
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.repairs import RepairLevel


@pytest.mark.parametrize("seed", range(5))
def test_neither_order_nor_doubling_matters(seed: int) -> None:
    ear, source = Ear(), Source()
    messages = source.whole(numbered()) * 2
    Random(seed).shuffle(messages)
    ear.hear(messages)
    assert received(ear.events()) == [0]


def test_a_row_is_taken_in_as_its_datagrams_would_be() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear_row(*source.block(of, 0, but=[1]), source.symbol(of, 1, 0))
    ear.hear_row(*[source.symbol(of, 1, n) for n in (1, 2, 3, 4, 5)])
    ear.hear_row(*source.block(of, 2), source.symbol(of, 0, 1))
    assert received(ear.events()) == [0]


def test_what_fits_no_object_is_counted_and_harms_none() -> None:
    ear, source = Ear(), Source()
    size = len(DATA)
    ear.hear(
        source.symbol(numbered(), 0, 0),
        source.data(0, 0, 1, b"short", size=size),
        source.data(0, 9, 0, bytes(16), size=size),
        source.data(0, 0, 6, bytes(16), size=size),
    )
    assert ear.core.dropped["norm-symbol"] == 3
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]


def test_a_watermark_is_acknowledged_within_a_round_trip() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered()), source.flush(0, 2, 3, ANOTHER, ME))
    assert acks(ear) == []
    ear.wait(GRTT_S)
    (ack,) = acks(ear)
    assert (ack.source, ack.ack_type, ack.ack_id) == (ME, AckType.FLUSH, 0)
    assert ack.payload == bytes.fromhex("0500000000000203")


def test_who_is_not_asked_acknowledges_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered()), source.flush(0, 2, 3, ANOTHER))
    ear.wait(1.0)
    assert ear.said() == []


def test_who_lacks_something_asks_first_and_acknowledges_then() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(*[source.block(of, n, but=[1]) for n in (0, 1)], source.block(of, 2))
    ear.hear(source.flush(0, 2, 3, ME))
    ear.wait(BACKOFF_S)
    said = ear.said()
    assert asked(said) == ["segment 0:0:4", "segment 0:1:4"]
    assert len(said) == 2
    ear.hear(source.symbol(of, 0, 4), source.symbol(of, 1, 4))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_what_is_complete_is_acknowledged_only_when_it_is_accepted() -> None:
    ear = Ear(config=ReceiverConfig(ME, accepts_at_once=False))
    source = Source()
    for number in (0, 1):
        ear.hear(source.whole(numbered(number)))
    ear.hear(source.flush(1, 2, 3, ME))
    ear.core.accept(ear.key, 1, now=ear.now)
    ear.wait(1.0)
    assert ear.said() == []
    ear.core.accept(ear.key, 0, now=ear.now)
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_what_is_accepted_before_anybody_asks_is_acknowledged_when_asked() -> None:
    ear = Ear(config=ReceiverConfig(ME, accepts_at_once=False))
    source = Source()
    ear.hear(source.whole(numbered()))
    ear.core.accept(ear.key, 0, now=ear.now)
    ear.hear(source.flush(0, 2, 3, ME))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_whoever_lost_something_never_acknowledges_what_follows() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.squelch(1))
    ear.hear(source.whole(numbered(1)), source.flush(1, 2, 3, ME))
    ear.wait(10.0)
    assert acks(ear) == []


FORGIVING = ReceiverConfig(ME, forgives_gone=True)


def test_whoever_forgives_what_is_gone_acknowledges_what_follows() -> None:
    ear, source = Ear(config=FORGIVING), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.squelch(1))
    assert lost(ear.events()) == [(0, LossReason.GONE)]
    ear.hear(source.whole(numbered(1)), source.flush(1, 2, 3, ME))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_what_it_gives_up_by_itself_is_never_forgiven() -> None:
    ear, source = Ear(config=replace(FORGIVING, objects=4)), Source()
    for number in range(6):
        ear.hear(source.symbol(numbered(number), 0, 0))
    assert lost(ear.events())[0] == (0, LossReason.WINDOW)
    for number in range(2, 6):
        ear.hear(source.whole(numbered(number)))
    ear.hear(source.flush(5, 2, 3, ME))
    ear.wait(10.0)
    assert acks(ear) == []


def test_behind_a_gap_that_was_told_a_watermark_may_be_acknowledged() -> None:
    ear, source = Ear(config=FORGIVING), Source()
    ear.hear(stream_block(source, 0, 0), source.squelch(0, block=1))
    ear.hear(stream_block(source, 1, 0, 1), source.flush(0, 0, 3, ME))
    ear.wait(GRTT_S)
    assert acks(ear) == []  # there it has lost something
    ear.hear(source.flush(0, 1, 1, ME))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_whoever_is_asked_wants_what_it_is_asked_for() -> None:
    # Although otherwise it would wait for the beginning of an object.
    ear, source = Ear(join=Join.NOW), Source()
    ear.hear(source.symbol(numbered(4), 1, 0), source.flush(4, 2, 3, ME))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 4"]
    ear.hear(source.whole(numbered(4)))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_a_cancelled_object_holds_no_watermark_up() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered(0)), source.symbol(numbered(1), 0, 0))
    ear.hear(source.whole(numbered(2)), source.flush(2, 2, 3, ME))
    ear.hear(source.squelch(0, 1))
    assert lost(ear.events()) == [(1, LossReason.GONE)]
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_an_application_is_asked_once_and_its_answer_kept() -> None:
    ear, source = Ear(), Source()
    ear.hear(*[source.request_ack(16, 3, ANOTHER, ME) for _ in range(3)])
    assert ear.events() == [AckRequested(ear.key, 16, 3)]
    ear.wait(5.0)
    assert ear.said() == []
    ear.core.answer(ear.key, 16, 3, b"42 degrees", now=ear.now)
    ear.wait(GRTT_S)
    ear.hear(source.request_ack(16, 3, ME))
    ear.wait(GRTT_S)
    answers = [(a.ack_type, a.ack_id, a.payload) for a in acks(ear)]
    assert answers == [(16, 3, b"42 degrees")] * 2
    assert ear.events() == []


def test_a_request_256_requests_later_is_asked_of_the_application_anew() -> None:
    # Its number is that of the first one, as an id is one byte.
    ear, source = Ear(), Source()
    ear.hear(source.request_ack(16, 0, ME))
    ear.core.answer(ear.key, 16, 0, b"old", now=ear.now)
    for number in range(1, 256):
        ear.wait(1.0)
        ear.hear(source.request_ack(16, number, ANOTHER))
    ear.events()
    ear.said()
    ear.hear(source.request_ack(16, 0, ME))
    ear.wait(GRTT_S)
    assert ear.events() == [AckRequested(ear.key, 16, 0)]
    assert ear.said() == []


def test_nobody_answers_who_is_not_asked() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.request_ack(16, 3, ANOTHER))
    assert ear.events() == []


@pytest.mark.parametrize("ack_type", [0, AckType.CONGESTION, AckType.FLUSH, 15])
def test_an_application_is_asked_for_none_of_the_acks_of_norm(ack_type: int) -> None:
    # RFC 5740 §4.2.3.6: 16 to 255 are the application's.
    ear, source = Ear(), Source()
    ear.hear(source.request_ack(ack_type, 0, ME))
    assert ear.events() == []
    assert ear.core.dropped["norm-ack-type"] == 1


def test_an_answer_is_no_longer_than_a_segment() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(), 0, 0), source.request_ack(16, 3, ME))
    with pytest.raises(MessageTooLarge, match="17 bytes"):
        ear.core.answer(ear.key, 16, 3, bytes(17), now=ear.now)
    ear.core.answer(ear.key, 16, 3, bytes(16), now=ear.now)
    ear.wait(GRTT_S)
    assert [ack.payload for ack in acks(ear)] == [bytes(16)]


def test_commands_of_the_application_are_told_as_often_as_they_come() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.command(b"reboot"), source.command(b"reboot"))
    assert ear.events() == [CommandReceived(ear.key, b"reboot")] * 2


def test_who_is_silent_says_nothing_and_receives_what_it_can() -> None:
    ear = Ear(config=ReceiverConfig(ME, silent=True))
    source = Source()
    ear.hear(source.probe(rate=0x8003), source.request_ack(16, 3, ME))
    ear.core.answer(ear.key, 16, 3, now=ear.now)
    ear.hear(source.whole(numbered(0)), source.block(numbered(1), 0, but=[1]))
    ear.hear(source.whole(numbered(2)), source.flush(2, 2, 3, ME))
    ear.wait(3 * SILENCE_S)
    assert received(ear.events()) == [0, 2]
    assert ear.datagrams == []


@pytest.mark.parametrize("unicast", [False, True])
def test_feedback_goes_to_the_group_or_to_the_sender_alone(unicast: bool) -> None:
    ear = Ear(config=ReceiverConfig(ME, unicast=unicast))
    source = Source()
    ear.hear(source.symbol(numbered(), 1, 0), source.flush(0, 2, 3, ME))
    ear.wait(BACKOFF_S)
    ear.hear(source.whole(numbered()))
    ear.wait(GRTT_S)
    assert len(ear.datagrams) >= 2
    assert {to for _, to in ear.datagrams} == {SENDER if unicast else None}


def test_now_begins_with_the_first_object_whose_beginning_is_heard() -> None:
    ear, source = Ear(join=Join.NOW), Source()
    ear.hear(source.block(numbered(3), 1), source.block(numbered(3), 2))
    ear.hear(source.flush(3, 2, 3))
    again = ObjectFlag.REPAIR
    ear.hear(source.symbol(numbered(2, again), 0, 0))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    ear.hear(source.symbol(numbered(4), 0, 1), source.whole(numbered(5)))
    ear.wait(BACKOFF_S)
    assert received(ear.events()) == [5]
    assert asked(ear.said()) == ["segment 4:0:3-5", "block 4:1-2"]


def test_now_begins_with_info_too() -> None:
    ear, source = Ear(join=Join.NOW), Source()
    ear.hear(source.info(4, b"name", size=len(DATA)))
    ear.hear(source.block(numbered(4, ObjectFlag.INFO), 1))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["block 4:0"]


def test_object_begins_with_the_one_under_way_from_its_beginning() -> None:
    ear, source = Ear(join=Join.OBJECT), Source()
    ear.hear(source.block(numbered(3), 2))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["block 3:0-1"]
    ear.hear(source.whole(numbered(2)), source.whole(numbered(3)))
    assert received(ear.events()) == [3]


def test_window_asks_for_all_that_may_be_kept() -> None:
    ear = Ear(config=ReceiverConfig(ME, join=Join.WINDOW, objects=4))
    source = Source()
    ear.hear(source.whole(numbered(9)))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 6-8"]
    # What the sender keeps no more was hoped for and is not lost.
    ear.hear(source.squelch(8), source.whole(numbered(8)))
    events = ear.events()
    assert received(events) == [9, 8]
    assert lost(events) == []


def test_a_flush_of_a_newer_object_loses_the_oldest() -> None:
    ear = Ear(config=ReceiverConfig(ME, objects=2))
    source = Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.flush(2, 0, 3))
    assert lost(ear.events()) == []  # a leap beyond all that is kept
    ear.hear(source.flush(2, 0, 3))
    assert lost(ear.events()) == [(0, LossReason.WINDOW)]


def test_a_leap_that_is_heard_once_changes_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(0), 0, 0))
    wrong = 1 << 14  # one bit of the object's id
    ear.hear(source.symbol(numbered(wrong), 0, 1), source.symbol(numbered(0), 0, 1))
    ear.hear(source.info(wrong, b"name", size=100), source.symbol(numbered(0), 0, 2))
    ear.hear(source.flush(wrong, 0, 0), source.symbol(numbered(0), 0, 3))
    ear.hear(source.squelch(wrong))
    assert lost(ear.events()) == []
    assert ear.core.dropped["norm-leap"] == 4


def test_what_the_sender_keeps_no_more_is_lost() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.whole(numbered(1)))
    ear.hear(source.symbol(numbered(3), 1, 0), source.squelch(3))
    events = ear.events()
    assert received(events) == [1]
    assert lost(events) == [(0, LossReason.GONE), (2, LossReason.GONE)]
    ear.wait(2 * BACKOFF_S)
    # RFC 5740 §4.2.3.3: no requests for what a SQUELCH says is invalid.
    assert asked(ear.said()) == ["block 3:0"]


def test_objects_that_are_listed_as_invalid_are_lost() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered(0)), source.symbol(numbered(3), 1, 0))
    ear.hear(source.squelch(0, 1, 3))
    assert lost(ear.events()) == [(1, LossReason.GONE), (3, LossReason.GONE)]
    ear.hear(source.squelch(0, 1, 3), source.symbol(numbered(4), 1, 0))
    assert ear.events() == []
    ear.wait(HOLD_S + 2 * BACKOFF_S)
    assert set(asked(ear.said())) == {"object 2", "block 4:0"}


def test_a_sender_that_ends_takes_along_what_is_lacking_and_says_so_once() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.symbol(numbered(2), 1, 0))
    ear.hear(source.end(), source.end(), source.end())
    events = ear.events()
    assert lost(events) == [(number, LossReason.ENDED) for number in range(3)]
    assert events[-1] == SenderEnded(ear.key)
    assert events.count(SenderEnded(ear.key)) == 1
    # Late ones change nothing.
    ear.hear(source.symbol(numbered(2), 2, 0), source.flush(3, 2, 3), source.end())
    ear.wait(30 * SILENCE_S)
    assert ear.said() == []
    assert ear.events() == []


def test_what_a_stream_lacks_is_asked_for() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0, 3), stream_block(source, 1, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4-5"]


def test_a_flush_says_how_far_a_stream_goes() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0), source.flush(0, 1, 1))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:1:0-1"]


def test_a_stream_and_an_object_may_go_on_side_by_side() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0), source.block(numbered(1), 0))
    ear.hear(source.block(numbered(1), 1))
    ear.wait(BACKOFF_S)
    assert ear.said() == []


def test_a_watermark_in_a_stream_is_acknowledged() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0, 1), source.flush(0, 0, 2, ME))
    ear.wait(GRTT_S)
    assert acks(ear) == []
    ear.hear(stream_block(source, 0, 2))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_now_begins_a_stream_with_nothing_that_is_sent_again() -> None:
    # RFC 5740 §5.2: at the block for which non-repair content is received.
    ear, source = Ear(join=Join.NOW), Source()
    again = ObjectFlag.STREAM | ObjectFlag.REPAIR
    size = 4 * CODING.block * CODING.segment_bytes
    ear.hear(
        source.info(0, b"prices", size=size, flags=again | ObjectFlag.INFO),
        source.data(0, 3, 0, say(3, 0), size=size, flags=again),
        source.stream(9, 0, say(9, 0)),
    )
    assert text(ear.events()) == [b"<9.0>"]
    ear.wait(SILENCE_S + BACKOFF_S)
    assert ear.said() == []


def test_what_was_not_what_was_sent_comes_again_from_its_beginning() -> None:
    # A digest above NORM has found wrong bytes.
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]
    ear.core.again(ear.key, 0, now=ear.now)
    ear.hear(source.flush(0, 2, 3, ME))
    ear.wait(BACKOFF_S)
    said = ear.said()
    assert asked(said) == ["object 0"]
    assert len(said) == 1
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_without_any_more_to_hear_of_it_it_is_asked_for_too() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered()))
    ear.core.again(ear.key, 0, now=ear.now)
    # Nor does it matter how often the application says so.
    ear.core.again(ear.key, 0, now=ear.now)
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 0"]


def test_who_makes_room_for_others_goes_on_where_it_was_left() -> None:
    ear = Ear(config=ReceiverConfig(ME, sources=1))
    one, other = Source(), Source(node=2)
    ear.hear(one.whole(numbered(0)), other.probe(), one.whole(numbered(0)))
    ear.hear(one.whole(numbered(1)))
    assert received(ear.events()) == [0, 1]


def test_a_squelch_of_a_stream_is_a_gap() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0, 2), stream_block(source, 2, 0))
    ear.hear(source.squelch(0, block=2))
    assert text(ear.events()) == [b"<0.0>", 3 + 4, b"<2.0>"]


def test_a_full_disk_ends_one_object_alone() -> None:
    ear, source = (
        Ear(sink_for=lambda of: MemorySink() if of.object else Disk(100)),
        Source(),
    )
    ear.hear(source.whole(numbered(0)), source.whole(numbered(1)))
    events = ear.events()
    assert lost(events) == [(0, LossReason.STORE)]
    assert received(events) == [1]


def test_info_may_come_at_last() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered(0, ObjectFlag.INFO)))
    ear.hear(source.info(0, b"name", size=len(DATA)))
    assert received(ear.events()) == [0]


@pytest.mark.parametrize("by_the_sender", [False, True])
def test_what_others_ask_for_is_not_asked_for(by_the_sender: bool) -> None:
    ear, source = Ear(), Source()
    ear.hear(source.block(numbered(), 0, but=[1]), source.symbol(numbered(), 1, 0))
    others = request(RepairLevel.BLOCK, (0, 0, 0))
    if by_the_sender:
        ear.hear(source.advertise(others))
    else:
        ear.hear_nack(others)
    ear.wait(BACKOFF_S)
    assert ear.said() == []


def test_probes_are_answered_and_the_answers_of_others_are_heard() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.probe(rate=0x8003))
    ear.wait(BACKOFF_S)
    (ack,) = acks(ear)
    assert ack.ack_type == AckType.CONGESTION
    ear.wait(10.0)
    ear.hear(source.probe(rate=0x8003))
    # Another receiver has a rate at least as low: RFC 5740 §5.5.2.2.
    lower = Ack(1, ANOTHER, ack.to, AckType.CONGESTION, 0, b"", ack.extensions)
    ear.hear(lower.encode())
    ear.wait(BACKOFF_S)
    assert acks(ear) == []


def test_what_a_sender_that_fell_silent_owes_is_lost() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=2)), Source()
    ear.hear(source.symbol(numbered(), 0, 0))
    assert ear.core.lacks(ear.key)
    ear.wait(60.0)
    lost_to_silence = ObjectLost(ear.key, 0, LossReason.SILENCE)
    assert ear.events() == [lost_to_silence, SenderLost(ear.key)]
    assert not ear.core.lacks(ear.key)


def test_what_a_sender_does_not_repair_is_lost_though_it_is_there() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=2)), Source()
    ear.hear(source.block(numbered(0), 0), source.symbol(numbered(1), 1, 0))
    for _ in range(60):
        ear.wait(0.5)
        ear.hear(source.probe())
    assert lost(ear.events()) == [(n, LossReason.UNANSWERED) for n in (0, 1)]


def test_info_that_is_heard_twice_is_told_once() -> None:
    ear, source = Ear(), Source()
    info = source.info(0, b"name", size=len(DATA))
    ear.hear(info, info)
    assert ear.events() == [InfoReceived(ear.key, 0, b"name")]


def test_nothing_is_asked_behind_what_the_sender_could_tell_of_what_was_asked() -> None:
    # RFC 5740 §4.2.3.5: that is what the flag LIMIT says.
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.symbol(numbered(1), 0, 0))
    of = request(RepairLevel.BLOCK, (0, 1, 0))
    ear.hear(source.advertise(of, limited=True))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:3-5", "block 0:1"]


def test_a_cancelled_object_pushes_out_the_oldest_too() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, objects=4)), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.squelch(0, 4))
    ear.events()
    # Twice, as it is a leap.
    ear.hear(source.symbol(numbered(4), 0, 0), source.symbol(numbered(4), 0, 1))
    assert lost(ear.events()) == [(0, LossReason.WINDOW)]
