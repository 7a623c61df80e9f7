from dataclasses import replace

import pytest
from tests.norm.send.places import (
    GRTT,
    SMALL,
    ack,
    config,
    decoded,
    numbered,
    outgoing,
)

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.send.events import NodeAcknowledged, SenderEvent, WatermarkEnded
from groupwire.norm.send.flusher import Flusher
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.outgoing import Outgoing
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.stream import StreamContent
from groupwire.norm.wire.commands import EndOfTransmission, Flush
from groupwire.norm.wire.payload import FecId, PayloadId

PENDING, SUCCESS, FAILURE = AckStatus.PENDING, AckStatus.SUCCESS, AckStatus.FAILURE
ROBUST = 3
NOTHING = (-1, 0, 0)


class Desk:
    """A flusher, its clock, and how far the sender has come."""

    def __init__(self, coding: Coding = SMALL, patience_cycles: float = 0.0) -> None:
        self.coding = coding
        self.outbox = Outbox(
            config(
                coding=coding,
                robust=ROBUST,
                patience_s=0.0,
                patience_cycles=patience_cycles,
            )
        )
        self.flusher = Flusher(self.outbox)
        self.now = 100.0
        self.reached = NOTHING
        self.is_drained = False
        self.is_repairing = False

    @property
    def interval(self) -> float:
        return 2 * self.outbox.grtt_s

    def object(self, size: int, number: int = 0) -> Outgoing:
        return outgoing(numbered(size), number, coding=self.coding)

    def send(self, of: Outgoing) -> None:
        """Send all that is new of an object."""
        while of.next_new(100) is not None:
            self.flusher.sent(of)
            self.reached = (of.number, *of.position)

    def drain(self) -> None:
        self.is_drained = True
        self.flusher.drained(self.now)

    def turn(self) -> tuple[list[Flush | EndOfTransmission], bool]:
        """Go to when something is due; return what is said and whether that was all."""
        assert self.flusher.deadline is not None
        self.now = max(self.now, self.flusher.deadline)
        idle = self.expire(self.now)
        return self.said(), idle

    def expire(self, now: float) -> bool:
        return self.flusher.expire(
            now,
            drained=self.is_drained,
            reached=self.reached,
            repairing=lambda _: self.is_repairing,
        )

    def said(self) -> list[Flush | EndOfTransmission]:
        messages = decoded(self.outbox.take())
        return [m for m in messages if isinstance(m, Flush | EndOfTransmission)]

    def flush(self) -> Flush:
        """Return the one flush that is due next."""
        (flush,), _ = self.turn()
        assert isinstance(flush, Flush)
        return flush

    def rest(self) -> list[tuple[float, Flush | EndOfTransmission]]:
        """Go on until nothing is due; return what is said at which time."""
        said: list[tuple[float, Flush | EndOfTransmission]] = []
        began, idles = self.now, 0
        while self.flusher.deadline is not None:
            messages, idle = self.turn()
            said += [(self.now - began, message) for message in messages]
            idles += idle
        assert idles == 1, "it is told once that all has been said"
        return said

    def events(self) -> list[SenderEvent]:
        events, self.flusher.events = self.flusher.events, []
        return events


@pytest.fixture
def desk() -> Desk:
    return Desk()


def sent(desk: Desk, *sizes: int) -> list[Outgoing]:
    objects = [desk.object(size, number) for number, size in enumerate(sizes)]
    for of in objects:
        desk.send(of)
    return objects


# Flushes (RFC 5740 §4.2.3.1).


def test_all_that_was_sent_is_flushed_once_in_two_round_trips(desk: Desk) -> None:
    sent(desk, 50)
    desk.drain()
    said = desk.rest()
    assert [time for time, _ in said] == pytest.approx(
        [n * desk.interval for n in range(ROBUST)]
    )
    for _, flush in said:
        assert isinstance(flush, Flush)
        # 50 bytes are five symbols: blocks of three and of two.
        assert (flush.object_id, flush.payload_id) == (0, PayloadId(1, 1))
        assert flush.nodes == ()


def test_who_has_sent_nothing_has_nothing_to_flush(desk: Desk) -> None:
    desk.drain()
    assert desk.flusher.deadline is None
    assert not desk.flusher.active
    desk.flusher.say(desk.now)
    assert desk.said() == []


def test_the_last_object_is_flushed(desk: Desk) -> None:
    sent(desk, 50, 10)
    desk.drain()
    assert desk.flush().object_id == 1


def test_nothing_is_flushed_while_there_is_something_to_send(desk: Desk) -> None:
    sent(desk, 50)
    desk.drain()
    desk.flush()
    desk.flusher.pause()
    assert desk.flusher.deadline is None
    assert not desk.flusher.active


def test_flushing_begins_anew_behind_repairs(desk: Desk) -> None:
    sent(desk, 50)
    desk.drain()
    desk.flush()
    desk.flusher.pause()
    desk.drain()
    assert len(desk.rest()) == ROBUST


def test_nothing_is_said_before_it_is_due(desk: Desk) -> None:
    sent(desk, 50)
    desk.drain()
    desk.flush()
    early = desk.now + 0.9 * desk.interval
    assert not desk.expire(early)
    assert desk.said() == []


def test_an_object_without_bytes_is_flushed(desk: Desk) -> None:
    sent(desk, 0)
    desk.drain()
    assert desk.flush().payload_id == PayloadId(0, 0)


def test_ids_wrap_on_the_wire(desk: Desk) -> None:
    desk.send(desk.object(50, number=65_537))
    desk.drain()
    assert desk.flush().object_id == 1


def test_fec_id_129_tells_how_long_the_block_is() -> None:
    desk = Desk(replace(SMALL, fec_id=FecId.SMALL_BLOCK))
    sent(desk, 50)
    desk.drain()
    assert desk.flush().payload_id == PayloadId(1, 1, 2)


# The watermark (RFC 5740 §5.5.3).


def test_somebody_must_be_named(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    with pytest.raises(UsageError, match="nobody is to acknowledge"):
        desk.flusher.watermark([], of, desk.now)
    assert not desk.flusher.polling


def test_nodes_are_asked_until_they_acknowledge(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([5, 6], of, desk.now)
    desk.drain()
    flush = desk.flush()
    assert (flush.payload_id, flush.nodes) == (PayloadId(1, 1), (5, 6))
    desk.flusher.hear(ack(flush, 5))
    assert desk.events() == [NodeAcknowledged(5)]
    assert desk.flush().nodes == (6,)
    desk.flusher.hear(ack(flush, 6))
    assert desk.events() == [
        NodeAcknowledged(6),
        WatermarkEnded(0, {5: SUCCESS, 6: SUCCESS}),
    ]
    assert not desk.flusher.polling


def test_who_is_silent_has_failed_after_the_robust_factor(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([5, 6], of, desk.now)
    desk.drain()
    desk.flusher.hear(ack(desk.flush(), 5))
    said = [flush for _, flush in desk.rest() if isinstance(flush, Flush)]
    assert [flush.nodes for flush in said] == [(6,), (6,)]
    assert desk.events()[-1] == WatermarkEnded(0, {5: SUCCESS, 6: FAILURE})


def test_lists_hold_at_most_a_segment(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark(range(5), of, desk.now)
    asked = [desk.flush().nodes for _ in range(4)]
    assert asked == [(0, 1), (2, 3), (4, 0), (1, 2)]  # ten bytes hold two of four


def test_nobody_is_asked_before_the_watermark_has_been_sent(desk: Desk) -> None:
    of = desk.object(50)
    desk.flusher.watermark([5], of, desk.now)
    of.next_new(3)
    desk.reached = (0, *of.position)
    assert desk.turn() == ([], False)
    assert desk.turn() == ([], False)
    desk.send(of)
    assert desk.flush().nodes == (5,)


def test_nodes_are_asked_while_other_things_are_sent(desk: Desk) -> None:
    first, second = desk.object(50), desk.object(50, 1)
    desk.send(first)
    desk.flusher.watermark([5], first, desk.now)
    second.next_new(1)
    desk.flusher.sent(second)
    desk.reached = (1, 0, 0)
    flush = desk.flush()
    assert (flush.object_id, flush.nodes) == (0, (5,))
    desk.flusher.pause()
    assert desk.flush().nodes == (5,)


def test_what_lies_behind_the_watermark_is_flushed_too(desk: Desk) -> None:
    first, second = sent(desk, 50, 10)
    desk.flusher.watermark([5], first, desk.now)
    desk.drain()
    said = [flush for _, flush in desk.rest() if isinstance(flush, Flush)]
    assert [f.object_id for f in said if f.nodes] == [first.number] * ROBUST
    assert [f.object_id for f in said if not f.nodes] == [second.number] * ROBUST


def test_asking_is_flushing_where_the_watermark_is_the_end(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([5], of, desk.now)
    desk.drain()
    assert len(desk.rest()) == ROBUST


def test_flushes_go_on_for_those_who_are_not_named(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([5], of, desk.now)
    desk.drain()
    desk.flusher.hear(ack(desk.flush(), 5))
    said = [flush for _, flush in desk.rest() if isinstance(flush, Flush)]
    assert [flush.nodes for flush in said] == [()] * (ROBUST - 1)


def test_only_an_echo_of_the_very_watermark_acknowledges(desk: Desk) -> None:
    first, second = sent(desk, 50, 50)
    desk.flusher.watermark([5], second, desk.now)
    flush = desk.flush()
    wrong = [
        replace(flush, object_id=first.number),
        replace(flush, payload_id=PayloadId(1, 0)),
        replace(flush, payload_id=PayloadId(0, 1)),
        replace(flush, fec_id=FecId.REED_SOLOMON_M),
    ]
    for each in wrong:
        desk.flusher.hear(ack(each, 5))
    desk.flusher.hear(replace(ack(flush, 5), payload=b""))
    desk.flusher.hear(ack(flush, 6))
    assert desk.events() == []
    desk.flusher.hear(ack(flush, 5))
    desk.flusher.hear(ack(flush, 5))
    assert desk.events() == [NodeAcknowledged(5), WatermarkEnded(1, {5: SUCCESS})]


def test_what_an_ack_says_of_the_blocks_length_does_not_matter() -> None:
    """With fec_id 129 libnorm1 sends back the length of a block that is full."""
    desk = Desk(replace(SMALL, fec_id=FecId.SMALL_BLOCK))
    (of,) = sent(desk, 50)
    desk.flusher.watermark([5], of, desk.now)
    flush = desk.flush()
    assert flush.payload_id == PayloadId(1, 1, 2)
    desk.flusher.hear(ack(replace(flush, payload_id=PayloadId(1, 1, 4)), 5))
    assert NodeAcknowledged(5) in desk.events()


def test_acknowledgements_of_nothing_are_ignored(desk: Desk) -> None:
    sent(desk, 50)
    desk.drain()
    desk.flusher.hear(ack(desk.flush(), 5))
    assert desk.events() == []


def test_a_new_watermark_gives_up_the_one_before(desk: Desk) -> None:
    first, second = sent(desk, 50, 50)
    desk.flusher.watermark([5, 6], first, desk.now)
    flush = desk.flush()
    desk.flusher.hear(ack(flush, 5))
    desk.events()
    desk.flusher.watermark([5, 6], second, desk.now)
    assert desk.events() == [WatermarkEnded(0, {5: SUCCESS, 6: PENDING})]
    desk.flusher.hear(ack(flush, 6))
    assert desk.events() == []
    assert desk.flush().object_id == 1


def test_a_node_that_asks_for_repair_is_asked_longer(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([5], of, desk.now)
    for _ in range(ROBUST):
        desk.flush()
    desk.flusher.alive(5)
    assert [desk.flush().nodes for _ in range(2)] == [(5,), (5,)]
    assert desk.flusher.polling


def test_without_a_watermark_it_does_not_matter_who_lives(desk: Desk) -> None:
    desk.flusher.alive(5)
    desk.flusher.drop(5)
    assert desk.events() == []


def test_a_member_that_is_dropped_has_failed(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([5, 6], of, desk.now)
    desk.flusher.drop(5)
    assert desk.flush().nodes == (6,)
    desk.flusher.drop(6)
    assert desk.events() == [WatermarkEnded(0, {5: FAILURE, 6: FAILURE})]


def test_the_watermark_of_a_stream_is_what_it_had_then(desk: Desk) -> None:
    content = StreamContent(10, SMALL.block, 5)
    of = outgoing(content=content)
    content.write(bytes(50), message_ends=True)
    desk.send(of)
    desk.flusher.watermark([5], of, desk.now)
    content.write(bytes(50), message_ends=True)
    desk.send(of)
    assert desk.flush().payload_id == PayloadId(1, 0)


# A stream to which more may be written.


class Writing(Desk):
    """A stream, with round trips far shorter than the waits of its flushes."""

    def __init__(self, robust: int = ROBUST) -> None:
        super().__init__()
        self.outbox = Outbox(replace(self.outbox.config, robust=robust))
        self.flusher = Flusher(self.outbox)
        self.outbox.composer.set_grtt(0.0001)
        self.content = StreamContent(10, SMALL.block, 50)
        self.of = outgoing(content=self.content)

    def say(self) -> None:
        self.content.write(b"a message", message_ends=True)
        self.content.flush()
        self.send(self.of)
        self.drain()

    def times(self, seconds: float) -> list[int]:
        """Return when flushes are said in this time, in milliseconds."""
        said: list[int] = []
        began = self.now
        while (due := self.flusher.deadline) is not None and due < began + seconds:
            messages, _ = self.turn()
            said += [round(1000 * (self.now - began)) for _ in messages]
        self.now = began + seconds
        return said


def test_a_lone_message_is_flushed_soon_and_then_more_and_more_rarely() -> None:
    desk = Writing(robust=9)
    desk.say()
    times = [round(1000 * time) for time, _ in desk.rest()]
    assert times == [3, 43, 123, 283, 603, 1243, 2243, 3243, 4243]


def test_messages_that_follow_each_other_need_no_flush() -> None:
    desk = Writing()
    for _ in range(50):
        desk.say()
        assert desk.times(0.002) == []
    assert desk.times(0.01) == [1]


def test_single_messages_bring_no_more_flushes_than_one_in_40_milliseconds() -> None:
    desk = Writing()
    said = 0
    for _ in range(100):
        desk.say()
        said += len(desk.times(0.01))
    assert 18 <= said <= 26


def test_who_is_asked_for_a_watermark_of_it_is_asked_at_once_and_in_round_trips() -> (
    None
):
    desk = Writing()
    desk.say()
    desk.flusher.watermark([5], desk.of, desk.now)
    assert desk.flush().nodes == (5,)
    at = desk.now
    assert desk.flush().nodes == (5,)
    assert desk.now - at <= 0.001
    desk.flusher.hear(ack(desk.flush()))
    assert desk.times(0.04)


def test_what_is_sent_while_an_answer_is_awaited_makes_nothing_due_sooner() -> None:
    desk = Writing()
    desk.say()
    desk.flusher.watermark([5], desk.of, desk.now)
    assert desk.flush().nodes == (5,)
    due = desk.flusher.deadline
    assert due is not None
    assert due > desk.now
    desk.say()
    assert desk.flusher.deadline == due


def test_objects_that_more_may_follow_are_flushed_as_rarely_as_a_stream() -> None:
    desk = Desk()
    config = replace(desk.outbox.config, more_follows=True, robust=5)
    desk.outbox = Outbox(config)
    desk.flusher = Flusher(desk.outbox)
    desk.outbox.composer.set_grtt(0.0001)
    sent(desk, 50)
    desk.drain()
    times = [round(1000 * time) for time, _ in desk.rest()]
    assert times == [3, 43, 123, 283, 603]


def test_where_a_stream_is_to_end_nobody_waits_for_more() -> None:
    desk = Writing()
    desk.say()
    desk.flusher.end(desk.now)
    assert desk.flush()
    at = desk.now
    assert desk.flush()
    assert desk.now - at <= 0.001


def test_the_watermark_of_an_object_that_is_cancelled_ends(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    waiting = desk.object(50, 1)
    desk.flusher.watermark([5, 6], waiting, desk.now)
    desk.flusher.cancelled(of.number)
    assert desk.flusher.polling
    desk.flusher.cancelled(waiting.number)
    assert not desk.flusher.polling
    assert desk.events() == [WatermarkEnded(1, {5: PENDING, 6: PENDING})]
    desk.flusher.cancelled(waiting.number)
    assert desk.events() == []


# The end (RFC 5740 §4.2.3.2).


def test_a_sender_that_has_sent_nothing_says_that_it_is_gone(desk: Desk) -> None:
    desk.is_drained = True
    desk.flusher.end(desk.now)
    said = desk.rest()
    assert [time for time, _ in said] == pytest.approx(
        [n * desk.interval for n in range(ROBUST)]
    )
    assert all(isinstance(message, EndOfTransmission) for _, message in said)


def test_the_end_is_said_behind_all_flushes(desk: Desk) -> None:
    sent(desk, 50)
    desk.drain()
    desk.flush()
    desk.flusher.end(desk.now)
    said = [message for _, message in desk.rest()]
    kinds = [type(message) for message in said]
    assert kinds == [Flush] * (ROBUST - 1) + [EndOfTransmission] * ROBUST


def test_the_end_leaves_time_to_ask_for_repair_after_the_last_flush(desk: Desk) -> None:
    sent(desk, 50)
    desk.drain()
    desk.flusher.end(desk.now)
    said = desk.rest()
    flushed = max(time for time, message in said if isinstance(message, Flush))
    ended = min(t for t, message in said if isinstance(message, EndOfTransmission))
    # RFC 5740 §5.3: NACKs come within K round trips, and travel for another one.
    assert ended - flushed > (desk.outbox.config.backoff + 1) * desk.outbox.grtt_s


def test_the_end_begins_anew_behind_repairs(desk: Desk) -> None:
    sent(desk, 50)
    desk.drain()
    desk.flusher.end(desk.now)
    said: list[Flush | EndOfTransmission] = []
    while not any(isinstance(message, EndOfTransmission) for message in said):
        said, _ = desk.turn()
    desk.flusher.pause()
    desk.drain()
    kinds = [type(message) for _, message in desk.rest()]
    assert kinds == [Flush] * ROBUST + [EndOfTransmission] * ROBUST


def test_the_end_is_not_said_before_everything_is_sent(desk: Desk) -> None:
    of = desk.object(50)
    of.next_new(1)
    desk.flusher.sent(of)
    desk.flusher.end(desk.now)
    while desk.flusher.deadline is not None:
        assert desk.turn() == ([], False)
    desk.send(of)
    desk.drain()
    kinds = [type(message) for _, message in desk.rest()]
    assert kinds == [Flush] * ROBUST + [EndOfTransmission] * ROBUST


def test_the_end_is_said_though_all_was_cancelled_before_it_was_sent(
    desk: Desk,
) -> None:
    desk.flusher.end(desk.now)
    while desk.flusher.deadline is not None:
        desk.turn()
    desk.drain()
    kinds = [type(message) for _, message in desk.rest()]
    assert kinds == [EndOfTransmission] * ROBUST


def test_the_end_waits_for_who_may_still_acknowledge(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([5], of, desk.now)
    desk.drain()
    desk.flusher.end(desk.now)
    kinds = [type(message) for _, message in desk.rest()]
    assert kinds == [Flush] * ROBUST + [EndOfTransmission] * ROBUST
    assert desk.events() == [WatermarkEnded(0, {5: FAILURE})]


def test_the_end_of_a_poll_is_not_the_end_of_what_is_sent(desk: Desk) -> None:
    first, second = desk.object(50), desk.object(50, 1)
    desk.send(first)
    desk.flusher.watermark([5], first, desk.now)
    second.next_new(1)
    desk.flusher.sent(second)
    desk.flusher.hear(ack(desk.flush(), 5))
    while desk.flusher.deadline is not None:
        assert desk.turn() == ([], False)


def test_more_flushes_are_no_more_questions(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([7], of, desk.now)
    desk.drain()
    assert desk.flush().nodes == (7,)
    for _ in range(3):  # repairs have been sent, one after the other
        desk.now += desk.interval / 10
        desk.flusher.pause()
        desk.drain()
        assert desk.flush().nodes == ()
    assert desk.flush().nodes == (7,)


def test_who_is_asked_while_repairs_are_sent_does_not_fail(desk: Desk) -> None:
    (of,) = sent(desk, 50)
    desk.flusher.watermark([7], of, desk.now)
    desk.drain()
    desk.is_repairing = True
    for _ in range(3 * ROBUST):
        desk.turn()
    assert desk.flusher.polling
    desk.is_repairing = False
    desk.rest()
    assert not desk.flusher.polling


def test_flushes_take_a_tenth_of_a_low_rate_at_most(desk: Desk) -> None:
    desk.outbox.bucket.rate = 100.0
    sent(desk, 50)
    desk.drain()
    size = len(desk.flush().encode())
    began = desk.now
    desk.flusher.pause()
    desk.drain()
    desk.flush()
    assert desk.now - began == pytest.approx(10 * size / 100.0)


def test_a_node_has_the_time_of_several_repair_cycles_to_say_what_it_lacks() -> None:
    desk = Desk(patience_cycles=5.0)
    (of,) = sent(desk, 50)
    desk.flusher.watermark([7], of, desk.now)
    desk.drain()
    desk.flush()
    began = desk.now
    while desk.flusher.polling:
        desk.turn()
    # K = 4: receivers wait up to 4 round trips, hold off for 6, the sender gathers.
    assert desk.now - began == pytest.approx(5 * 11 * GRTT, rel=0.1)
