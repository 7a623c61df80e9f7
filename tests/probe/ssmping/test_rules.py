"""Groups, the responder's answers, and what the asker makes of them."""

from ipaddress import ip_address
from math import inf

import pytest

from groupwire.probe.ping import Answered, Leg
from groupwire.probe.ssmping import (
    Book,
    Bucket,
    Kind,
    Message,
    Responder,
    answers_in,
    as_asked,
)
from groupwire.probe.ssmping import book as module

SSM = ip_address("232.43.211.234")
TEMPLATE = Message(Kind.QUESTION, 0, 0, group=SSM, wants_name=True, filling=3)


@pytest.mark.parametrize(
    ("group", "so"),
    [
        ("232.43.211.234", True),
        ("232.43.211.235", False),
        ("232.1.1.234", False),
        ("239.1.1.234", True),
        ("239.1.1.1", False),
        ("10.1.1.234", False),
        ("ff3e::4321:1234", True),
        ("ff15::4321:1234", True),
        ("ff15::1", False),
        ("fd00::4321:1234", False),
    ],
)
def test_a_responder_answers_in_groups_of_its_own(group: str, so: bool) -> None:
    assert answers_in(ip_address(group)) is so


@pytest.mark.parametrize(
    ("group", "nearest"),
    [("239.1.2.3", "239.1.2.234"), ("ff15::7:1", "ff15::4321:1234")],
)
def test_the_nearest_group_is_asked_for(group: str, nearest: str) -> None:
    found = as_asked(ip_address(group))
    assert str(found) == nearest
    assert answers_in(found)


class TestResponder:
    def test_a_question_is_answered_to_the_asker_and_to_the_group(self) -> None:
        responder = Responder("cam1")
        question = Book(7, joined=0.0).ask(TEMPLATE, now=5.25)
        reply = responder.hear(question.encode())
        assert reply is not None
        assert reply.group == SSM
        answer = Message.decode(reply.data)
        assert (answer.kind, answer.client, answer.number) == (Kind.ANSWER, 7, 1)
        assert (answer.server, answer.filling) == ("cam1", 3)
        assert (answer.seconds, answer.microseconds) == (5, 250_000)

    def test_who_asks_for_no_name_is_told_none(self) -> None:
        question = Message(Kind.QUESTION, 7, 1).encode()
        reply = Responder("cam1").hear(question)
        answer = b"A" + question[1:]
        assert reply == (answer, None, answer)

    def test_a_longer_answer_is_there_for_who_may_have_it(self) -> None:
        question = Message(Kind.QUESTION, 7, 1, wanted_bytes=300).encode()
        reply = Responder("cam1").hear(question)
        assert reply is not None
        assert (len(reply.data), len(reply.padded)) == (len(question), 300)

    def test_what_is_not_answered_is_counted(self) -> None:
        responder = Responder("cam1")
        elsewhere = Message(Kind.QUESTION, 7, 1, group=ip_address("239.1.1.1"))
        answer = Message(Kind.ANSWER, 7, 1)
        for data in (b"junk", answer.encode(), elsewhere.encode()):
            assert responder.hear(data) is None
        assert dict(responder.dropped) == {
            "ssmping-no-message": 1,
            "ssmping-no-question": 1,
            "ssmping-other-group": 1,
        }


class Play:
    """A book, and answers to its questions."""

    def __init__(self) -> None:
        self.book = Book(7, joined=100.0)

    def ask(self, at: float) -> None:
        self.book.ask(TEMPLATE, now=at - 0.5)
        self.book.sent(now=at)

    def hear(
        self,
        number: int,
        at: float,
        *,
        multicast: bool = True,
        client: int = 7,
        ttl: int | None = 63,
        name: str = "",
    ) -> Answered | None:
        answer = Message(Kind.ANSWER, client, number, server=name)
        return self.book.hear(answer, multicast=multicast, ttl_hops=ttl, now=at)

    @property
    def unicast(self) -> Leg:
        return self.book.legs(since=inf)[0]

    @property
    def multicast(self) -> Leg:
        return self.book.legs(since=inf)[1]


def test_a_bucket_gives_so_many_a_second_and_fills_again() -> None:
    bucket = Bucket(2)
    assert [bucket.take(now=9.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(now=9.5) for _ in range(2)] == [True, False]
    assert [bucket.take(now=99.0) for _ in range(3)] == [True, True, False]


@pytest.fixture
def play() -> Play:
    return Play()


def test_an_answer_tells_its_time_and_its_routers(play: Play) -> None:
    play.ask(101.0)
    heard = play.hear(1, 101.25, name="cam1")
    assert heard == Answered(1, True, 0.25, 1, False)
    assert (play.book.name, play.multicast.setup_s) == ("cam1", 1.25)
    assert (play.multicast.hops, play.unicast.hops) == (1, None)
    assert not play.book.complete()
    play.hear(1, 101.3, multicast=False, ttl=None)
    assert play.book.complete()
    assert play.unicast.hops is None
    assert play.book.name == "cam1"


def test_who_answers_with_another_ttl_tells_nothing_of_routers(play: Play) -> None:
    play.ask(101.0)
    play.hear(1, 101.1, ttl=128)
    assert play.multicast.hops is None


def test_answers_of_others_and_to_nothing_are_none(play: Play) -> None:
    play.ask(101.0)
    assert play.hear(1, 101.1, client=8) is None
    assert play.hear(2, 101.1) is None


def test_what_comes_again_is_a_duplicate(play: Play) -> None:
    play.ask(101.0)
    assert [play.hear(1, 101.1), play.hear(1, 101.2)][1] == Answered(
        1, True, pytest.approx(0.2), 1, True
    )
    leg = play.multicast
    assert (leg.received, leg.duplicates, len(leg.rtts)) == (1, 1, 1)


def test_until_the_tree_has_grown_nothing_is_lost_by_multicast(play: Play) -> None:
    for number in range(1, 7):
        play.ask(100.0 + number)
    for number in (3, 4, 6):
        play.hear(number, 110.0)
        play.hear(number, 110.0, multicast=False)
    assert (play.multicast.lost, play.multicast.loss) == (1, 0.25)
    assert (play.unicast.lost, play.unicast.loss) == (3, 0.5)


def test_what_may_still_be_answered_is_not_lost(play: Play) -> None:
    for number in range(1, 5):
        play.ask(100.0 + number)
    play.hear(1, 101.1)
    play.hear(4, 104.1)
    unicast, multicast = play.book.legs(since=102.5)
    assert (multicast.asked, multicast.open, multicast.lost) == (4, 1, 1)
    assert (unicast.asked, unicast.open, unicast.loss) == (4, 2, 1.0)


def test_a_later_answer_to_an_earlier_question_moves_the_beginning(play: Play) -> None:
    for number in (1, 2):
        play.ask(100.0 + number)
    for number in (2, 1):
        play.hear(number, 110.0)
    assert play.multicast.first_number == 1


def test_questions_that_wait_are_bounded(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 1)
    play.ask(101.0)
    play.ask(102.0)
    assert play.hear(1, 103.0) is None
    assert play.hear(2, 103.0) is not None
