from ipaddress import IPv4Address

import pytest

from groupwire.diagnose.trials.peer.responder import (
    ANSWERS_A_SECOND,
    ANSWERS_TO_ONE,
    MAX_HOSTS,
    MAX_SESSIONS,
    SPEAKS_AT_ONCE,
    Asked,
    Local,
    Responder,
)
from groupwire.diagnose.trials.wire import speech
from groupwire.diagnose.trials.wire.speech import (
    ASKING_BYTES,
    Arrival,
    Hello,
    Probe,
    Speak,
    Spoke,
    Tell,
    Told,
    Welcome,
    Word,
)
from groupwire.gather.tagged import Kind
from groupwire.values import Origin

GROUP = "239.255.42.99:10000"
ALICE, MALLORY = Origin("198.18.1.1", 40_000), Origin("198.18.1.66", 40_000)


class Desk:
    """A responder, and somebody who asks it."""

    def __init__(self) -> None:
        own = Welcome("", GROUP, "bob", 1500, 0)
        self.rules = Responder(own, secret=b"s" * 16)
        self.local = Local()
        self.now = 0.0

    def ask(
        self,
        word: Word,
        *,
        who: Origin = ALICE,
        kind: Kind = Kind.QUESTION,
        size: int = ASKING_BYTES,
    ) -> Asked | None:
        data = speech.encode(word, 7, kind=kind, bytes_=size)
        return self.rules.handle(data, who, ttl_hops=64, local=self.local, now=self.now)

    def cookie(self, who: Origin = ALICE) -> str:
        asked = self.ask(Hello(GROUP), who=who)
        assert asked is not None
        assert isinstance(asked.answer, Welcome)
        return asked.answer.cookie

    def begin(self, token: int = 1) -> Asked:
        asked = self.ask(Tell(self.cookie(), token))
        assert asked is not None
        return asked

    def told(self, token: int = 1) -> Told:
        asked = self.ask(Tell(self.cookie(), token))
        assert asked is not None
        assert isinstance(asked.answer, Told)
        return asked.answer

    def probe(self, token: int, number: int) -> bytes:
        return speech.encode(Probe(token, number), 9, kind=Kind.MESSAGE)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_who_asks_hears_who_is_there_and_gets_a_cookie(desk: Desk) -> None:
    asked = desk.ask(Hello(GROUP))
    assert asked is not None
    assert asked.answer == Welcome(desk.cookie(), GROUP, "bob", 1500, 64)
    assert len(asked.encoded(asked.answer)) <= ASKING_BYTES


def test_a_cookie_is_good_for_one_address_and_port(desk: Desk) -> None:
    cookie = desk.cookie()
    assert cookie != desk.cookie(MALLORY)
    assert cookie != desk.cookie(ALICE._replace(port=40_001))
    assert desk.ask(Tell(cookie, 1), who=MALLORY) is None
    assert desk.ask(Speak("grün", 1, 1, (0,))) is None
    assert desk.rules.dropped["cookie"] == 2
    assert desk.rules.sessions == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": Kind.MESSAGE}, "doctor-stray"),
        ({"kind": Kind.ANSWER}, "doctor-stray"),
        ({"who": ALICE._replace(port=1023)}, "low-port"),
        ({"size": ASKING_BYTES - 1}, "short"),
    ],
)
def test_what_could_harm_others_is_not_answered(
    desk: Desk, changes: dict[str, object], reason: str
) -> None:
    assert desk.ask(Hello(GROUP), **changes) is None  # type: ignore[arg-type]
    assert desk.rules.dropped == {reason: 1}


@pytest.mark.parametrize("word", [Probe(1, 1), Told(), Spoke()])
def test_words_of_the_other_side_are_not_answered(desk: Desk, word: Word) -> None:
    assert desk.ask(word) is None
    assert desk.rules.dropped == {"doctor-stray": 1}


def test_junk_is_counted_by_reason(desk: Desk) -> None:
    assert desk.rules.handle(b"x", ALICE, ttl_hops=1, local=desk.local, now=0.0) is None
    assert desk.rules.dropped == {"doctor-plain": 1}


def test_what_came_of_tests_is_told(desk: Desk) -> None:
    assert desk.begin().new
    for number in (0, 2, 2):
        noted = desk.rules.note(desk.probe(1, number), ttl_hops=3, interface="eth0")
        assert noted == Probe(1, number)
    size = len(desk.probe(1, 0))
    told = desk.told()
    assert told.arrived == (Arrival(0, 3, size), Arrival(2, 3, size))
    assert (told.interface, told.reached) == ("eth0", None)


def test_the_wire_is_told_where_it_was_looked_at(desk: Desk) -> None:
    asked = desk.begin()
    assert asked.session is not None
    desk.rules.note_wire(desk.probe(1, 5), outgoing=False)
    asked.session.look_at_the_wire()
    desk.rules.note_wire(desk.probe(1, 0), outgoing=False)
    desk.rules.note_wire(desk.probe(1, 1), outgoing=True)
    desk.rules.note_wire(b"something else", outgoing=False)
    assert desk.told().reached == (0,)
    assert asked.session.left == {1}


def test_tests_of_tokens_that_nobody_began_are_nothing(desk: Desk) -> None:
    data = desk.probe(1, 0)
    assert desk.rules.note(data, ttl_hops=1, interface="eth0") is None
    assert desk.rules.note(b"hello", ttl_hops=1, interface="eth0") is None
    hello = speech.encode(Hello(GROUP), 1, kind=Kind.MESSAGE)
    assert desk.rules.note(hello, ttl_hops=None, interface="") is None
    assert desk.told().arrived == ()


def test_counters_are_told_as_they_grew_since_it_began(desk: Desk) -> None:
    desk.local = Local(reverse_path=10, queries=4)
    desk.begin()
    desk.local = Local(reverse_path=13, queries=5, findings=(("firewall", "x"),))
    told = desk.told()
    assert (told.reverse_path, told.queries) == (3, 1)
    assert told.findings == (("firewall", "x"),)
    desk.local = Local()
    assert desk.told().reverse_path == 0


def test_only_so_many_tokens_are_remembered(desk: Desk) -> None:
    for token in range(MAX_SESSIONS + 2):
        desk.now += 1
        desk.begin(token)
    assert len(desk.rules.sessions) == MAX_SESSIONS
    assert desk.begin(0).new


def test_only_so_many_answers_are_given_to_all(desk: Desk) -> None:
    given = sum(
        desk.ask(Hello(GROUP), who=Origin(str(IPv4Address(n)), 40_000)) is not None
        for n in range(1, 200)
    )
    assert given == ANSWERS_A_SECOND
    assert desk.rules.dropped == {"rate": 199 - given}
    desk.now = 1.0
    assert desk.ask(Hello(GROUP)) is not None


def test_who_asks_without_end_takes_no_answers_from_others(desk: Desk) -> None:
    given = sum(desk.ask(Hello(GROUP), who=MALLORY) is not None for _ in range(200))
    assert given == ANSWERS_TO_ONE
    assert desk.rules.dropped == {"rate": 200 - given}
    assert desk.ask(Hello(GROUP), who=ALICE) is not None


def test_who_has_shown_that_he_hears_is_answered_in_a_flood_of_greetings(
    desk: Desk,
) -> None:
    cookie = desk.cookie()
    for n in range(1, 200):
        desk.ask(Hello(GROUP), who=Origin(str(IPv4Address(n)), 40_000))
    assert desk.ask(Tell(cookie, 1)) is not None


def test_a_flood_of_words_without_the_cookie_takes_nothing(desk: Desk) -> None:
    cookie = desk.cookie()
    for n in range(1, 200):
        desk.ask(Tell("forged", 1), who=Origin(str(IPv4Address(n)), 40_000))
    assert desk.rules.dropped == {"cookie": 199}
    assert desk.ask(Tell(cookie, 1)) is not None


def test_the_share_of_a_host_is_forgotten_after_many_others(desk: Desk) -> None:
    for _ in range(200):
        desk.ask(Hello(GROUP), who=MALLORY)
    for n in range(1, MAX_HOSTS + 1):
        desk.now += 1e-6
        desk.ask(Hello(GROUP), who=Origin(str(IPv4Address(n)), 40_000))
    desk.now += 1
    answered = [desk.ask(Hello(GROUP), who=MALLORY) for _ in range(200)]
    assert sum(asked is not None for asked in answered) == ANSWERS_TO_ONE


@pytest.mark.parametrize("again", [True, False])
def test_the_group_is_disturbed_only_so_often(desk: Desk, again: bool) -> None:
    cookie = desk.cookie()
    word: Word = Tell(cookie, 1, again=True) if again else Speak(cookie, 1, 1, (0,))
    given = [asked for _ in range(9) if (asked := desk.ask(word)) is not None]
    assert len(given) == SPEAKS_AT_ONCE
    assert given[0].join_again is again
    assert (given[0].speak is None) is again
    assert desk.told() is not None
