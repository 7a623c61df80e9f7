"""When a receiver asks, up to where, and when it gives up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.norm.receive.facts import (
    BACKOFF_S,
    DATA,
    HOLD_S,
    SILENCE_S,
    lost,
    numbered,
    received,
    stream_block,
    text,
)
from tests.norm.receive.places import GRTT_S, ME, Ear, Object, Source, asked, request

from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import (
    LossReason,
    ObjectReceived,
    SenderLost,
)
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.repairs import RepairLevel, RepairRequest


def test_nothing_is_asked_for_within_a_block() -> None:
    # RFC 5740 §5.3: only at the boundary of a block or object, or at a FLUSH.
    ear, source = Ear(), Source()
    ear.hear(source.block(numbered(), 0, but=[1]))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    ear.hear(source.symbol(numbered(), 1, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]


def test_at_the_next_object_all_of_the_last_one_is_asked_for() -> None:
    ear, source = Ear(), Source()
    of = numbered(0)
    ear.hear(source.block(of, 1, but=[0, 1]), source.symbol(numbered(1), 0, 0))
    ear.wait(BACKOFF_S)
    # Its parity, and nothing but; what does not fit into one message comes in more.
    assert asked(ear.said()) == ["block 0:0", "segment 0:1:4-5", "block 0:2"]


def test_objects_never_heard_of_are_asked_for_as_objects() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered(0)), source.symbol(numbered(3), 0, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 1-2"]
    ear.hear(source.whole(numbered(1)), source.whole(numbered(2)))
    assert received(ear.events()) == [0, 1, 2]


def test_a_flush_makes_ask_up_to_where_it_says() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.block(numbered(), 0), source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["block 0:1-2"]


def test_a_flush_within_a_block_makes_ask_for_symbols_themselves() -> None:
    # RFC 5740 §4.2.3.1: there is no parity yet.
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(), 0, 1), source.flush(0, 0, 2))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:0", "segment 0:0:2"]


def test_a_flush_is_no_reason_to_ask_when_nothing_lacks() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered()), source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert ear.said() == []


@pytest.mark.parametrize("seed", range(8))
def test_it_asks_after_a_random_wait_and_again_after_a_hold_off(seed: int) -> None:
    ear, source = Ear(seed=seed), Source()
    times: list[float] = []
    ear.hear(source.block(numbered(), 0, but=[1]), source.symbol(numbered(), 1, 0))
    while ear.now < 2.5 * (BACKOFF_S + HOLD_S):
        ear.wait(0.001)
        times += [ear.now for _ in ear.said()]
    assert 0 < times[0] <= BACKOFF_S + 0.002
    for earlier, later in pairwise(times):
        assert HOLD_S - 0.002 <= later - earlier <= HOLD_S + BACKOFF_S + 0.002
    assert len(times) >= 2


def test_only_what_it_lacks_when_it_asks_is_asked_for() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(source.block(of, 0, but=[1, 2]), source.symbol(of, 1, 0))
    ear.hear(source.symbol(of, 0, 5))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]


def test_what_came_late_is_not_asked_for() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(source.block(of, 0, but=[1]), source.symbol(of, 1, 0))
    ear.hear(source.symbol(of, 0, 1))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    # Nobody has to hold off who has not asked.
    ear.hear(source.block(of, 1, but=[0, 2]), source.symbol(of, 2, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:1:4"]


def test_what_it_waited_for_decides_whether_it_asks_and_not_for_how_much() -> None:
    # RFC 5401 §3.2.1: others need only ask for what lacked when the cycle began. RFC
    # 5740 §5.3: who asks does so up to where the sender is meanwhile.
    of = numbered()
    for others_ask in (True, False):
        ear, source = Ear(), Source()
        ear.hear(source.block(of, 0, but=[1]), source.block(of, 1, but=[1]))
        ear.hear(source.symbol(of, 2, 0))
        if others_ask:
            ear.hear_nack(request(RepairLevel.SEGMENT, (0, 0, 4)))
        ear.wait(BACKOFF_S)
        words = [] if others_ask else ["segment 0:0:4", "segment 0:1:4"]
        assert asked(ear.said()) == words


def test_who_hears_others_ask_for_all_of_it_stays_silent() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(source.block(of, 0, but=[1]), source.symbol(of, 1, 0))
    ear.hear_nack(request(RepairLevel.SEGMENT, (0, 0, 4), (0, 0, 5)))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    # After a hold-off it asks for what has not come.
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]


def test_the_sender_may_say_what_others_have_asked_for() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(source.block(of, 0, but=[1]), source.symbol(of, 1, 0))
    ear.hear(source.advertise(request(RepairLevel.BLOCK, (0, 0, 0))))
    ear.wait(BACKOFF_S)
    assert ear.said() == []


def test_who_lacks_more_than_others_ask_for_asks() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(source.block(of, 0, but=[1, 2]), source.symbol(of, 1, 0))
    ear.hear_nack(request(RepairLevel.SEGMENT, (0, 0, 4)))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4-5"]


def test_what_others_asked_for_before_silences_nobody() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(source.block(of, 0, but=[1]))
    ear.hear_nack(request(RepairLevel.SEGMENT, (0, 0, 4)))
    ear.hear(source.symbol(of, 1, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]


def test_a_sender_that_repairs_something_earlier_need_not_be_asked_yet() -> None:
    # RFC 5740 §5.3: its position must exceed the earliest repair position.
    ear, source = Ear(), Source()
    of = numbered()
    ear.hear(source.block(of, 0), source.block(of, 1, but=[1]))
    ear.hear(source.symbol(of, 2, 0))
    ear.hear(source.symbol(of, 0, 4))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    ear.hear(source.symbol(of, 2, 1))
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:1:4"]


def test_without_backoff_a_gap_is_asked_for_as_soon_as_it_shows() -> None:
    ear, source = Ear(), Source(backoff=0)
    of = numbered()
    ear.hear(source.symbol(of, 0, 0), source.symbol(of, 0, 2))
    assert asked(ear.said()) == ["segment 0:0:1"]
    ear.hear(source.symbol(of, 0, 3))
    ear.wait(2 * GRTT_S - 0.001)
    assert ear.said() == []
    ear.wait(0.002)
    assert asked(ear.said()) == ["segment 0:0:4"]
    ear.hear(source.symbol(of, 0, 1))
    ear.wait(10 * GRTT_S)
    assert ear.said() == []


def test_a_sender_that_falls_silent_is_asked_and_then_given_up() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=3)), Source()
    silence = 1.0  # RFC 5740 §5.3: 2 * 3 * GRTT, but a second at least
    ear.hear(source.whole(numbered(0)), source.symbol(numbered(2), 0, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 1"]
    ear.wait(silence - BACKOFF_S - 0.001)
    ear.said()
    ear.wait(HOLD_S + BACKOFF_S)
    # Now of the last object too, whatever the sender has sent of it.
    whole = ["object 1", "segment 2:0:3-5", "block 2:1-2"]
    assert asked(ear.said())[-3:] == whole
    ear.wait(4 * silence)
    events = ear.events()
    assert received(events) == [0]
    assert lost(events) == [(1, LossReason.SILENCE), (2, LossReason.SILENCE)]
    assert events[-1] == SenderLost(ear.key)
    ear.said()
    ear.wait(60.0)
    assert ear.said() == []
    assert ear.core.poll_timeout() is None


def test_silence_is_counted_from_what_was_heard_last() -> None:
    ear, source = Ear(), Source()
    of = numbered()
    for symbol in range(3):
        ear.hear(source.symbol(of, 0, symbol))
        ear.wait(0.9 * SILENCE_S)
    assert ear.said() == []
    ear.wait(0.1 * SILENCE_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4", "block 0:1-2"]


def test_probes_do_not_hide_that_there_is_no_data() -> None:
    # RFC 5740 §5.3: the timer is that of NORM_DATA and NORM_INFO.
    ear, source = Ear(), Source()
    ear.hear(source.block(numbered(), 0, but=[1]))
    for _ in range(60):
        ear.wait(0.1)
        ear.hear(source.probe())
    assert asked(ear.said())[:2] == ["segment 0:0:4", "block 0:1-2"]


def test_a_sender_that_is_there_and_does_not_repair_is_asked_long_enough() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=2)), Source()
    ear.hear(source.whole(numbered(0)), source.block(numbered(2), 0, but=[1]))
    ear.hear(source.symbol(numbered(2), 1, 0))
    for _ in range(60):
        ear.wait(0.5)
        ear.hear(source.probe())
    events = ear.events()
    unanswered = [(number, LossReason.UNANSWERED) for number in (1, 2)]
    assert lost(events) == unanswered
    assert SenderLost(ear.key) not in events
    ear.said()
    ear.hear(source.whole(numbered(3)))
    ear.wait(60.0)
    assert ear.said() == []
    assert received(ear.events()) == [3]


def test_a_sender_that_repairs_now_and_then_is_not_given_up() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=2)), Source()
    ear.hear(source.symbol(numbered(0), 1, 0))
    for block in (0, 1, 2):
        for symbol in range(4):
            ear.wait(1.0)
            ear.hear(source.symbol(numbered(0), block, symbol))
    assert received(ear.events()) == [0]


def test_a_sender_that_was_cut_off_is_asked_soon_after_it_is_back() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.block(numbered(), 0, but=[1]))
    ear.wait(2.9 * SILENCE_S)
    ear.said()
    ear.hear(source.probe())
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said())[:2] == ["segment 0:0:4", "block 0:1-2"]


def test_after_a_partition_it_is_asked_within_a_few_round_trips() -> None:
    # Who asks in vain asks less and less often; a sign of life makes up for that.
    ear, source = Ear(), Source(grtt_s=0.001)
    ear.hear(source.block(numbered(), 0, but=[1]), source.symbol(numbered(), 1, 0))
    ear.wait(10.0)
    assert len(ear.said()) < 100
    ear.hear(source.probe())
    ear.wait(0.012)
    assert asked(ear.said())[:1] == ["segment 0:0:4"]
    ear.wait(0.018)
    # And again soon, should that have been lost.
    assert asked(ear.said())[:1] == ["segment 0:0:4"]


def test_after_a_partition_it_is_asked_before_anything_is_given_up() -> None:
    # Three questions and seconds are over, and the sender is heard just in time.
    ear, source = Ear(config=ReceiverConfig(ME, robust=3)), Source(grtt_s=0.001)
    ear.hear(source.block(numbered(), 0, but=[1]), source.symbol(numbered(), 1, 0))
    ear.wait(3.95)
    ear.said()
    ear.hear(source.probe())
    ear.wait(0.02)
    assert asked(ear.said())[:1] == ["segment 0:0:4"]
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]


def test_a_shorter_round_trip_shortens_the_patience() -> None:
    # RFC 5740 §5.3: receivers rescale the timeout as the GRTT changes.
    ear, source = Ear(), Source()
    ear.hear(source.block(numbered(), 0, but=[1]))
    source.grtt_s = 0.001
    ear.hear(source.probe())
    ear.wait(1.1)
    assert asked(ear.said())[:2] == ["segment 0:0:4", "block 0:1-2"]


def test_silence_after_all_is_there_means_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered()))
    ear.events()
    ear.wait(100 * SILENCE_S)
    assert ear.events() == []
    assert ear.said() == []
    assert ear.core.poll_timeout() is None


def test_before_it_has_joined_a_shorter_round_trip_means_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.probe())
    source.grtt_s = 0.001
    ear.hear(source.probe())
    assert ear.core.poll_timeout() is None


def test_before_it_has_joined_silence_means_nothing() -> None:
    ear, source = Ear(join=Join.NOW), Source()
    ear.hear(source.symbol(numbered(), 1, 0), source.probe())
    assert ear.core.poll_timeout() is None


def test_an_idle_stream_lacks_nothing_however_long_it_is_idle() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0, 1), source.flush(0, 0, 1))
    ear.events()
    ear.wait(100 * SILENCE_S)
    assert ear.said() == []
    assert ear.events() == []
    ear.hear(stream_block(source, 0, 2))
    assert text(ear.events()) == [b"<0.2>"]


def test_what_a_silent_sender_is_known_to_have_sent_is_asked_for() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0, 2))
    ear.wait(SILENCE_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:1"]
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:1"]


def test_who_is_silent_gives_up_too() -> None:
    ear = Ear(config=ReceiverConfig(ME, silent=True, robust=2))
    ear.hear(Source().symbol(numbered(), 0, 0))
    ear.wait(60.0)
    events = ear.events()
    assert lost(events) == [(0, LossReason.SILENCE)]
    assert ear.core.poll_timeout() is None
    assert ear.datagrams == []


def test_a_sender_that_slowly_repairs_what_lies_before_is_waited_for() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=2)), Source()
    for number in range(5):
        ear.hear(source.whole(numbered(number)))
    ear.hear(source.block(numbered(5), 0, but=[1]), source.symbol(numbered(5), 1, 0))
    for _ in range(10):
        for number in range(5):
            ear.hear(source.flush(5, 1, 0))
            ear.wait(0.5)
            ear.hear(source.symbol(numbered(number), 0, 0))
            ear.wait(0.5)
    assert lost(ear.events()) == []
    ear.hear(source.whole(numbered(5)))
    assert received(ear.events())[-1:] == [5]


def test_a_sender_that_has_ended_is_asked_for_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(), 1, 0), source.end(), source.end())
    ear.hear(source.symbol(numbered(), 2, 0), source.flush(0, 2, 3))
    ear.wait(30 * SILENCE_S)
    assert ear.said() == []
    assert ear.core.poll_timeout() is None


def test_a_sender_that_goes_on_after_its_end_is_asked_again() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(), 1, 0), source.end())
    assert lost(ear.events()) == [(0, LossReason.ENDED)]
    ear.hear(source.symbol(numbered(1), 1, 0), source.symbol(numbered(1), 2, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) != []
    ear.hear(source.end())
    assert lost(ear.events()) == [(1, LossReason.ENDED)]


def test_who_may_not_ask_gives_up_while_probes_go_on() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, silent=True, robust=2)), Source()
    ear.hear(source.symbol(numbered(), 0, 0))
    for _ in range(60):
        ear.wait(0.5)
        ear.hear(source.probe())
    assert lost(ear.events()) == [(0, LossReason.UNANSWERED)]
    assert ear.core.poll_timeout() is None


def test_the_info_of_a_new_object_shows_that_a_sender_goes_on_after_its_end() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(), 1, 0), source.end())
    ear.hear(source.info(1, b"name", size=100), source.flush(1, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) != []


_OF_THE_FIRST = ["segment 0:0:3-5", "block 0:1-2"]
"""All that is lacking of an object of which the first symbol is there."""


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (request(RepairLevel.OBJECT, (0, 0, 0)), []),  # others have asked for it
        (request(RepairLevel.INFO, (1, 0, 0)), _OF_THE_FIRST),
        (request(RepairLevel.SEGMENT, (1, 0, 2)), [*_OF_THE_FIRST, "segment 1:0:1-2"]),
        (
            request(RepairLevel.BLOCK, (1, 1, 0)),
            [*_OF_THE_FIRST, "segment 1:0:3-5", "block 1:1"],
        ),
    ],
)
def test_nothing_is_asked_behind_what_a_sender_could_tell(
    told: RepairRequest, expected: list[str]
) -> None:
    # RFC 5740 §4.2.3.5: the LIMIT flag.
    ear, source = Ear(), Source()
    ear.hear(*(source.symbol(numbered(number), 0, 0) for number in range(3)))
    ear.hear(source.advertise(told, limited=True))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == expected


def test_an_advertisement_of_nothing_limits_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.symbol(numbered(2), 0, 0))
    ear.hear(source.advertise(limited=True))
    ear.wait(BACKOFF_S)
    assert "object 1" in asked(ear.said())


# What the application wants once more.


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ended", [False, True])
def test_what_is_wanted_again_is_asked_for_at_once(ended: bool, seed: int) -> None:
    # RFC 5740 §5.3: at once is within the random wait, with no silence before it.
    ear, source = Ear(seed=seed), Source()
    of = Object(DATA[:16])
    ear.hear(source.whole(of), *[source.end()] * ended)
    ear.events()
    ear.core.again(ear.key, 0, now=ear.now)
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 0"]
    ear.hear(source.whole(of))
    assert [type(event) for event in ear.events()] == [ObjectReceived]


def test_without_backoff_what_is_wanted_again_is_asked_for_immediately() -> None:
    ear, source = Ear(), Source(backoff=0)
    ear.hear(source.whole(numbered()))
    ear.core.again(ear.key, 0, now=ear.now)
    ear.do()
    assert asked(ear.said()) == ["object 0"]


def test_what_is_wanted_again_during_a_hold_off_is_asked_for_behind_it() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered(1)), source.whole(numbered(2)))
    ear.hear(source.symbol(numbered(4), 0, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 3"]
    ear.core.again(ear.key, 1, now=ear.now)
    ear.core.again(ear.key, 2, now=ear.now)
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said())[0] in ("object 1-3", "object 1-2")


def test_what_is_wanted_again_is_asked_for_although_the_sender_has_gone_back() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered(0)), source.whole(numbered(1)))
    ear.hear(source.symbol(numbered(0, ObjectFlag.REPAIR), 0, 0), source.end())
    ear.core.again(ear.key, 1, now=ear.now)
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 1"]


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("ended", [False, True])
def test_what_is_wanted_again_of_a_sender_that_is_gone_is_lost(
    ended: bool, silent: bool
) -> None:
    config = ReceiverConfig(ME, robust=3, silent=silent)
    ear, source = Ear(config=config), Source()
    ear.hear(source.whole(numbered()), *[source.end()] * ended)
    assert received(ear.events()) == [0]
    for _ in range(2):
        # The second time, everybody knows that it is gone.
        ear.core.again(ear.key, 0, now=ear.now)
        ear.wait(2 * 1.0)
        assert lost(ear.events()) == []
        ear.wait(3 * 1.0)
        assert lost(ear.events()) == [(0, LossReason.SILENCE)]
        ear.said()
        ear.wait(60.0)
        assert ear.said() == []
        assert ear.core.poll_timeout() is None


def test_what_is_wanted_again_is_lost_when_the_sender_ends_once_more() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered()), source.end())
    ear.core.again(ear.key, 0, now=ear.now)
    ear.hear(source.end())
    assert lost(ear.events()) == [(0, LossReason.ENDED)]


def test_what_is_wanted_again_and_never_repaired_is_given_up_for_good() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=2)), Source()
    ear.hear(source.whole(numbered()))
    for _ in range(2):
        ear.core.again(ear.key, 0, now=ear.now)
        questions = 0
        for _ in range(60):
            ear.wait(0.5)
            ear.hear(source.probe())
            questions += len(asked(ear.said()))
        assert lost(ear.events())[-1:] == [(0, LossReason.UNANSWERED)]
        assert questions >= 2


@pytest.mark.parametrize("number", [1, 5])
def test_what_was_never_there_is_not_asked_for_again(number: int) -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered(3)), source.end())
    ear.core.again(ear.key, number, now=ear.now)
    ear.wait(10.0)
    assert ear.said() == []
    assert not ear.core.lacks(ear.key)


def test_what_was_only_hoped_for_and_came_is_lost_if_it_does_not_come_again() -> None:
    ear, source = Ear(join=Join.WINDOW), Source()
    ear.hear(source.whole(numbered(300)), source.whole(numbered(299)))
    ear.core.again(ear.key, 299, now=ear.now)
    ear.hear(source.squelch(300))
    assert lost(ear.events()) == [(299, LossReason.GONE)]


def test_what_is_wanted_again_is_lost_when_its_run_makes_room() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, sources=1)), Source()
    other = Source(node=2).probe()
    ear.hear(source.whole(numbered()), other, source.symbol(numbered(), 0, 0))
    assert received(ear.events()) == [0]
    ear.core.again(ear.key, 0, now=ear.now)
    ear.hear(other)
    assert lost(ear.events()) == [(0, LossReason.ROOM)]


def test_what_is_wanted_again_too_late_is_named_as_lost() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, objects=4)), Source()
    for number in range(10):
        ear.hear(source.whole(numbered(number)))
    ear.events()
    ear.core.again(ear.key, 2, now=ear.now)
    ear.hear(source.symbol(numbered(10), 0, 0))
    assert lost(ear.events()) == [(2, LossReason.WINDOW)]
