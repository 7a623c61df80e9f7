import pytest
from tests.norm.send.places import INSTANCE, NODE, config, decoded

from groupwire.errors import MessageTooLarge, UsageError
from groupwire.norm.send.events import (
    AckReceived,
    CommandSent,
    RequestEnded,
    SenderEvent,
)
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.talker import Talker
from groupwire.norm.wire.commands import AckRequest, ApplicationCommand
from groupwire.norm.wire.feedback import Ack, FeedbackHead

PENDING, SUCCESS, FAILURE = AckStatus.PENDING, AckStatus.SUCCESS, AckStatus.FAILURE


class Desk:
    """A talker, its clock, and what it has said."""

    def __init__(self, robust: int = 3) -> None:
        self.outbox = Outbox(config(robust=robust, patience_s=0.0))
        self.talker = Talker(self.outbox)
        self.now = 100.0

    @property
    def interval(self) -> float:
        return 2 * self.outbox.grtt_s

    def turn(self) -> list[ApplicationCommand | AckRequest]:
        """Go to when something is due, and return what is said then."""
        assert self.talker.deadline is not None
        self.now = max(self.now, self.talker.deadline)
        self.talker.expire(self.now)
        messages = decoded(self.outbox.take())
        return [m for m in messages if isinstance(m, ApplicationCommand | AckRequest)]

    def all_said(self) -> list[tuple[float, bytes | tuple[int, ...]]]:
        """Go on until nothing is left; return when what was said to whom."""
        said: list[tuple[float, bytes | tuple[int, ...]]] = []
        while self.talker.deadline is not None:
            for message in self.turn():
                command = isinstance(message, ApplicationCommand)
                what = message.content if command else message.nodes
                said.append((self.now - 100.0, what))
        return said

    def answer(
        self, node: int, ack_id: int, ack_type: int = 16, text: bytes = b""
    ) -> None:
        to = FeedbackHead(NODE, INSTANCE)
        self.talker.hear(Ack(0, node, to, ack_type, ack_id, text), self.now)

    def events(self) -> list[SenderEvent]:
        events, self.talker.events = self.talker.events, []
        return events


def test_who_has_nothing_to_say_wants_no_turn() -> None:
    desk = Desk()
    assert desk.talker.deadline is None
    desk.talker.expire(desk.now)
    assert desk.outbox.take() == []


def test_a_command_is_said_as_often_as_the_robust_factor_says() -> None:
    desk = Desk(robust=3)
    desk.talker.command(b"stop", desk.now)
    said = desk.all_said()
    assert said == [(pytest.approx(n * desk.interval), b"stop") for n in range(3)]
    assert desk.events() == [CommandSent(b"stop")]


def test_nothing_is_said_before_it_is_due() -> None:
    desk = Desk()
    desk.talker.command(b"stop", desk.now)
    assert len(desk.turn()) == 1
    desk.talker.expire(desk.now + 0.9 * desk.interval)
    assert desk.outbox.take() == []


def test_commands_are_said_one_after_the_other() -> None:
    desk = Desk(robust=2)
    desk.talker.command(b"left", desk.now)
    desk.talker.command(b"right", desk.now)
    times, said = zip(*desk.all_said(), strict=True)
    assert said == (b"left", b"left", b"right", b"right")
    # RFC 5740 §4.2.3.7: no more than one in two round trips.
    assert times == pytest.approx([n * desk.interval for n in range(4)])
    assert desk.events() == [CommandSent(b"left"), CommandSent(b"right")]


def test_a_command_is_at_most_a_segment() -> None:
    desk = Desk()
    desk.talker.command(bytes(10), desk.now)
    with pytest.raises(MessageTooLarge) as refused:
        desk.talker.command(bytes(11), desk.now)
    assert (refused.value.size_bytes, refused.value.limit_bytes) == (11, 10)
    assert [what for _, what in desk.all_said()] == [bytes(10)] * 3


def test_a_command_may_be_empty() -> None:
    desk = Desk(robust=1)
    desk.talker.command(b"", desk.now)
    assert [what for _, what in desk.all_said()] == [b""]
    assert desk.events() == [CommandSent(b"")]


@pytest.mark.parametrize("ack_type", [0, 1, 2, 15, 256])
def test_types_that_are_not_the_applications_cannot_be_asked_for(ack_type: int) -> None:
    with pytest.raises(UsageError, match=f"{ack_type} is no type of acks"):
        Desk().talker.ask(ack_type, [5], 0.0)


@pytest.mark.parametrize("ack_type", [16, 255])
def test_a_request_tells_its_type_and_id(ack_type: int) -> None:
    desk = Desk()
    ack_id = desk.talker.ask(ack_type, [5, 6], desk.now)
    (request,) = desk.turn()
    assert isinstance(request, AckRequest)
    assert (request.ack_type, request.ack_id) == (ack_type, ack_id)
    assert request.nodes == (5, 6)
    assert (request.source, request.sender.instance) == (NODE, INSTANCE)


def test_who_has_answered_is_asked_no_more() -> None:
    desk = Desk()
    ack_id = desk.talker.ask(16, [5, 6], desk.now)
    desk.turn()
    desk.answer(5, ack_id, text=b"yes")
    assert desk.events() == [AckReceived(5, 16, ack_id, b"yes")]
    (request,) = desk.turn()
    assert isinstance(request, AckRequest)
    assert request.nodes == (6,)
    desk.answer(6, ack_id, text=b"no")
    assert desk.events() == [
        AckReceived(6, 16, ack_id, b"no"),
        RequestEnded(16, ack_id, {5: SUCCESS, 6: SUCCESS}),
    ]
    assert desk.talker.deadline is None


def test_who_does_not_answer_fails_after_the_robust_factor() -> None:
    desk = Desk(robust=3)
    ack_id = desk.talker.ask(16, [5, 6], desk.now)
    desk.turn()
    desk.answer(6, ack_id)
    assert [what for _, what in desk.all_said()] == [(5,), (5,)]
    assert desk.now - 100.0 == pytest.approx(3 * desk.interval)
    assert desk.events()[-1] == RequestEnded(16, ack_id, {5: FAILURE, 6: SUCCESS})


def test_a_member_that_is_dropped_is_not_waited_for() -> None:
    desk = Desk(robust=3)
    first = desk.talker.ask(16, [5, 6], desk.now)
    desk.talker.command(b"go", desk.now)
    second = desk.talker.ask(16, [5], desk.now)
    desk.turn()
    desk.talker.drop(5)
    desk.answer(6, first)
    assert [what for _, what in desk.all_said()] == [b"go"] * 3
    ended = [event for event in desk.events() if isinstance(event, RequestEnded)]
    assert ended == [
        RequestEnded(16, first, {5: FAILURE, 6: SUCCESS}),
        RequestEnded(16, second, {5: FAILURE}),
    ]


def test_a_request_names_at_most_a_segment_of_nodes() -> None:
    desk = Desk(robust=2)
    desk.talker.ask(16, range(5), desk.now)
    asked = [what for _, what in desk.all_said()]
    assert asked == [(0, 1), (2, 3), (4, 0), (1, 2), (3, 4)]  # ten bytes hold two


def test_nobody_to_ask_is_an_end_at_once() -> None:
    desk = Desk()
    ack_id = desk.talker.ask(16, [], desk.now)
    assert desk.all_said() == []
    assert desk.events() == [RequestEnded(16, ack_id, {})]


def test_each_answer_counts_once() -> None:
    desk = Desk()
    ack_id = desk.talker.ask(16, [5, 6], desk.now)
    desk.answer(5, ack_id)
    desk.answer(5, ack_id)
    assert desk.events() == [AckReceived(5, 16, ack_id, b"")]


def test_answers_to_something_else_do_not_count() -> None:
    desk = Desk()
    ack_id = desk.talker.ask(16, [5], desk.now)
    desk.answer(5, ack_id + 1)
    desk.answer(5, ack_id, ack_type=17)
    desk.answer(7, ack_id)
    assert desk.events() == []
    assert desk.talker.deadline is not None


def test_a_request_waits_for_the_command_before_it() -> None:
    desk = Desk(robust=2)
    desk.talker.command(b"stop", desk.now)
    ack_id = desk.talker.ask(16, [5], desk.now)
    desk.talker.command(b"go", desk.now)
    said = desk.all_said()
    assert [what for _, what in said] == [b"stop"] * 2 + [(5,)] * 2 + [b"go"] * 2
    assert desk.events() == [
        CommandSent(b"stop"),
        RequestEnded(16, ack_id, {5: FAILURE}),
        CommandSent(b"go"),
    ]


def test_an_answer_may_come_before_the_question() -> None:
    """A receiver that was asked by somebody in whose place we are now."""
    desk = Desk(robust=1)
    desk.talker.command(b"stop", desk.now)
    ack_id = desk.talker.ask(16, [5], desk.now)
    desk.answer(5, ack_id)
    assert desk.events() == [AckReceived(5, 16, ack_id, b"")]
    assert [what for _, what in desk.all_said()] == [b"stop"]
    assert desk.events() == [
        CommandSent(b"stop"),
        RequestEnded(16, ack_id, {5: SUCCESS}),
    ]


def test_ids_are_taken_in_turn_and_wrap_at_a_byte() -> None:
    desk = Desk(robust=1)
    ids = [desk.talker.ask(16, [], desk.now) for _ in range(300)]
    assert ids == [n & 0xFF for n in range(1, 301)]
