from collections.abc import Iterator
from ipaddress import IPv4Address, ip_network
from random import Random

import pytest
from tests.gather.places import ETH0, answerer, datagram, messages, origin, sent

from groupwire.errors import UsageError
from groupwire.gather import Form, Kind, Limits, Refusal, Tagged, foreign, policy
from groupwire.gather import answerer as module
from groupwire.gather.answerer import Answerer, MessageReceived
from groupwire.values import Datagram, KnownFacts, Origin

STRANGERS = 6000
OFF_LINK = origin("8.8.8.8")


def question(number: int = 7, attempt: int = 1, **more: object) -> Tagged:
    return Tagged(Kind.QUESTION, number, b"status?", attempt=attempt, **more)  # type: ignore[arg-type]


def deliver(core: Answerer, told: Tagged, *, now: float = 0.0) -> list[MessageReceived]:
    """Deliver a question; nothing comes of it when it is repeated."""
    core.handle_datagram(datagram(told.encode()), now=now)
    return messages(core)


def hear(core: Answerer, told: Tagged, *, now: float = 0.0) -> MessageReceived:
    """Deliver a question for the first time."""
    (message,) = deliver(core, told, now=now)
    return message


def answers(core: Answerer) -> list[Tagged]:
    return [Tagged.decode(data) for data in sent(core)]


# The plain form.


def test_a_plain_message_is_delivered_and_answered_byte_for_byte() -> None:
    core = answerer()
    core.handle_datagram(datagram(b"very important data"), now=0)
    (message,) = messages(core)
    assert (message.data, message.form, message.member) == (
        b"very important data",
        Form.PLAIN,
        None,
    )
    assert core.answer(message, b"ack", now=0) is None
    (transmit,) = core.poll_transmits()
    assert transmit is not None
    assert (transmit.data, transmit.to) == (b"ack", origin())


@pytest.mark.parametrize("data", [b"", b"\0", b"\xf5gw\x02", b"x" * 65_507])
def test_whatever_is_not_tagged_is_a_message(data: bytes) -> None:
    core = answerer()
    core.handle_datagram(datagram(data), now=0)
    assert [m.data for m in messages(core)] == [data]


def test_the_same_plain_message_twice_is_two_messages() -> None:
    core = answerer()
    for _ in range(2):
        core.handle_datagram(datagram(b"hello"), now=0)
    assert len(messages(core)) == 2


def test_a_message_is_answered_once() -> None:
    core = answerer()
    core.handle_datagram(datagram(b"hello"), now=0)
    (message,) = messages(core)
    assert core.answer(message, b"one", now=0) is None
    assert core.answer(message, b"two", now=0) is Refusal.ANSWERED
    assert sent(core) == [b"one"]


def test_a_stream_is_delivered_and_not_answered() -> None:
    core = answerer()
    core.handle_datagram(datagram(b"\x47" * 188), now=0)
    (message,) = messages(core)
    assert message.refusal is Refusal.STREAM
    assert core.answer(message, b"ack", now=0) is Refusal.STREAM
    assert sent(core) == []


# The tagged form.


def test_a_tagged_question_is_answered_with_the_members_name() -> None:
    core = answerer("cam1")
    core.handle_datagram(datagram(question(name="me").encode()), now=0)
    (message,) = messages(core)
    assert (message.data, message.form, message.member) == (
        b"status?",
        Form.TAGGED,
        "me",
    )
    assert core.answer(message, b"fine", now=0) is None
    assert answers(core) == [Tagged(Kind.ANSWER, 7, b"fine", name="cam1")]


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        (Tagged(Kind.MESSAGE, 7), Refusal.NOT_ASKED),
        (question(heard=frozenset({"cam1"})), Refusal.HEARD),
        (question(wanted=frozenset({"cam2"})), Refusal.NOT_ASKED),
        (question(wanted=frozenset()), Refusal.NOT_ASKED),
        (question(wanted=frozenset({"cam1"})), None),
        (question(heard=frozenset({"cam2"})), None),
    ],
)
def test_who_is_not_asked_does_not_answer(
    told: Tagged, refusal: Refusal | None
) -> None:
    core = answerer("cam1")
    core.handle_datagram(datagram(told.encode()), now=0)
    (message,) = messages(core)
    assert message.refusal is refusal
    assert core.answer(message, b"ack", now=0) is refusal


def test_a_copy_of_an_attempt_is_neither_delivered_nor_answered() -> None:
    core = answerer()
    core.answer(hear(core, question()), b"ack", now=0)
    deliver(core, question())
    assert core.dropped == {"copy": 1}
    assert len(sent(core)) == 1


def test_a_question_asked_again_is_answered_again_and_not_delivered_twice() -> None:
    core = answerer()
    core.answer(hear(core, question()), b"ack", now=0)
    assert deliver(core, question(attempt=3)) == []
    assert deliver(core, question(attempt=2)) == []  # overtaken on the way
    assert core.dropped == {"repeated": 1, "copy": 1}
    assert [(a.data, a.attempt) for a in answers(core)] == [(b"ack", 1), (b"ack", 3)]


def test_a_question_asked_again_is_not_answered_again_when_heard() -> None:
    core = answerer("cam1")
    core.answer(hear(core, question()), b"ack", now=0)
    deliver(core, question(attempt=2, heard=frozenset({"cam1"})))
    assert len(sent(core)) == 1


def test_a_member_that_takes_its_time_answers_the_latest_attempt() -> None:
    core = answerer()
    message = hear(core, question())
    deliver(core, question(attempt=2))
    assert core.answer(message, b"ack", now=0.3) is None
    assert [a.attempt for a in answers(core)] == [2]


def test_a_later_attempt_for_others_takes_nobodys_question_back() -> None:
    core = answerer("cam1")
    message = hear(core, question())
    deliver(core, question(attempt=2, wanted=frozenset({"cam2"})))
    assert core.answer(message, b"ack", now=0.3) is None


def test_a_forgotten_question_is_answered_and_then_new_when_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_QUESTIONS", 1)
    core = answerer()
    message = hear(core, question(1))
    hear(core, question(2))
    assert core.answer(message, b"ack", now=0) is None
    assert core.answer(message, b"ack", now=0) is Refusal.ANSWERED
    assert [a.request_id for a in answers(core)] == [1]
    hear(core, question(1, attempt=2))
    assert answers(core) == []
    assert core._reply_bytes == 0


def test_an_answer_refused_for_its_rate_is_given_when_asked_again() -> None:
    core = answerer(limits=Limits(rate=1))
    core.answer(hear(core, question(1)), b"ack", now=0)
    assert core.answer(hear(core, question(2)), b"ack", now=0) is Refusal.RATE
    deliver(core, question(2, attempt=2), now=1.0)
    assert [a.request_id for a in answers(core)] == [1, 2]


def test_an_answer_that_no_datagram_holds_is_refused_and_not_kept() -> None:
    core = answerer()
    message = hear(core, question())
    assert core.answer(message, bytes(2000), now=0) is Refusal.TOO_LARGE
    assert core.answer(message, b"short", now=0) is None
    deliver(core, question(attempt=2))
    assert [a.data for a in answers(core)] == [b"short", b"short"]


def test_an_answer_given_after_a_refused_one_is_the_one_that_is_kept() -> None:
    core = answerer(limits=Limits(rate=1))
    core.answer(hear(core, question(1)), b"ack", now=0)
    message = hear(core, question(2))
    assert core.answer(message, b"first", now=0) is Refusal.RATE
    assert core.answer(message, b"second", now=1) is None
    deliver(core, question(2, attempt=2), now=2)
    assert [a.data for a in answers(core)][1:] == [b"second", b"second"]
    assert core._reply_bytes == len(b"ack" + b"second")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (Tagged(Kind.ANSWER, 7).encode(), "stray-answer"),
        (question().encode()[:10], "tagged-cut"),
        (b"\xf5gw\x01" + b"\xff" * 60_000, "tagged-kind"),
    ],
)
def test_what_is_no_message_is_counted(data: bytes, reason: str) -> None:
    core = answerer()
    core.handle_datagram(datagram(data), now=0)
    assert core.dropped == {reason: 1}
    assert messages(core) == []


# The spread.


def test_an_answer_waits_for_its_random_moment() -> None:
    core = answerer()
    assert core.answer(hear(core, question(spread_us=100_000)), b"ack", now=5) is None
    assert sent(core) == []
    due = core.poll_timeout()
    assert due == 5 + Random(1).uniform(0, 0.1)
    core.handle_timeout(now=due - 0.001)
    assert sent(core) == []
    core.handle_timeout(now=due)
    assert len(sent(core)) == 1
    assert core.poll_timeout() is None


def test_moments_are_drawn_evenly_from_the_whole_spread() -> None:
    core = answerer(limits=Limits(rate=100_000))
    for n in range(2000):
        core.answer(hear(core, question(n, spread_us=51_200)), b"ack", now=0)
    for quarter in range(1, 5):
        core.handle_timeout(now=0.0512 * quarter / 4)
        assert 430 < len(sent(core)) < 570


def test_who_leaves_answers_at_once() -> None:
    core = answerer()
    core.answer(hear(core, question(spread_us=100_000)), b"ack", now=0)
    core.hurry()
    assert len(sent(core)) == 1
    assert core.poll_timeout() is None


@pytest.mark.parametrize("limit", ["MAX_WAITING", "MAX_WAITING_BYTES"])
def test_waiting_answers_are_bounded(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(module, limit, 3 if limit == "MAX_WAITING" else 100)
    core = answerer()
    for n in range(10):
        core.answer(hear(core, question(n, spread_us=100)), b"ack", now=0)
    assert core.dropped == {"waiting-full": 7}
    core.handle_timeout(now=1)
    assert len(sent(core)) == 3
    core.answer(hear(core, question(11, spread_us=100)), b"ack", now=1)
    core.handle_timeout(now=2)
    assert len(sent(core)) == 1


# Strangers.


@pytest.mark.parametrize(
    ("sender", "refusal"),
    [
        (origin(port=0), Refusal.PORT_ZERO),
        (origin(port=53), Refusal.LOW_PORT),
        (OFF_LINK, Refusal.OFF_LINK),
        (origin("127.0.0.1"), Refusal.OFF_LINK),
        (origin("255.255.255.255"), Refusal.BROADCAST_SOURCE),
        (origin("10.0.0.255"), Refusal.BROADCAST_SOURCE),
        (origin("10.0.0.0"), Refusal.BROADCAST_SOURCE),
        (origin("0.0.0.0"), Refusal.ZERO_SOURCE),
        (origin("::"), Refusal.ZERO_SOURCE),
        (origin("239.1.2.3"), Refusal.MULTICAST_SOURCE),
        (origin("ff02::1"), Refusal.MULTICAST_SOURCE),
    ],
)
def test_forged_sources_are_not_answered_and_the_next_message_is(
    sender: Origin, refusal: Refusal
) -> None:
    core = answerer()
    core.handle_datagram(datagram(b"x", sender), now=0)
    core.handle_datagram(datagram(question().encode(), sender), now=0)
    for message in messages(core):
        assert core.answer(message, b"ack", now=0) is refusal
    core.handle_datagram(datagram(b"x"), now=0)
    (good,) = messages(core)
    assert core.answer(good, b"ack", now=0) is None


def test_an_asker_that_moves_on_link_is_answered_when_it_asks_again() -> None:
    core = answerer()
    core.handle_datagram(datagram(question().encode(), OFF_LINK), now=0)
    (message,) = messages(core)
    assert core.answer(message, b"ack", now=0) is Refusal.OFF_LINK
    deliver(core, question(attempt=2))
    assert len(sent(core)) == 1


def test_new_interfaces_are_judged_by() -> None:
    core = answerer(limits=Limits())
    core.update_interfaces([])
    core.handle_datagram(datagram(b"x"), now=0)
    (message,) = messages(core)
    assert core.answer(message, b"ack", now=0) is Refusal.OFF_LINK


@pytest.mark.parametrize("name", ["", "7", "a b", "\x1b[31m", "n" * 10_000, "käm"])
def test_a_member_has_a_proper_name(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        answerer(name)
    assert len(str(caught.value)) < 250
    assert "\x1b" not in str(caught.value)


def test_noise_of_every_size_stops_nothing() -> None:
    core, dice = answerer(), Random(3)
    for n in range(400):
        noise = dice.randbytes(dice.choice([0, 1, 16, 1472, 65_507]))
        head = dice.choice([b"", b"\xf5gw\x01", b"\xf5gw\x01\x01\0\0\x20", b"\x80"])
        core.handle_datagram(datagram((head + noise)[:65_507]), now=n / 1000)
        for message in messages(core):
            core.answer(message, b"ack", now=n / 1000)
    core.handle_datagram(datagram(b"still there?"), now=99)
    (message,) = messages(core)
    assert core.answer(message, b"yes", now=99) is None


def strangers() -> Iterator[Datagram]:
    first = IPv4Address("10.0.0.0")
    for n in range(STRANGERS):
        sender = Origin(str(first + n), 1024 + n)
        data = question(n, name=f"m{n}", spread_us=30_000_000).encode()
        if n % 3 == 1:
            data = b"\x80\x21" + n.to_bytes(2, "big") + bytes(8)
        elif n % 3 == 2:
            data = b"hello"
        yield Datagram(data, sender, 2)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so low that a few thousand strangers do what a million would."""
    for name in ("MAX_QUESTIONS", "MAX_WAITING"):
        monkeypatch.setattr(module, name, 100)
    monkeypatch.setattr(policy, "MAX_SOURCES", 100)
    monkeypatch.setattr(foreign, "MAX_STREAMS", 100)


@pytest.mark.usefixtures("small")
def test_many_strangers_leave_bounded_state() -> None:
    limits = Limits(answer_to=(ip_network("10.0.0.0/8"),))
    core = answerer(limits=limits)
    for stranger in strangers():
        core.handle_datagram(stranger, now=1)
        for message in messages(core):
            core.answer(message, b"ack", now=1)
        sent(core)
    containers = (
        core._questions,
        core._delayed,
        core._policy._sources,
        core._spotter._rtp,
    )
    assert [len(c) for c in containers] == [100] * 4
    assert core._reply_bytes == len(b"ack") * 100
    assert not core._events
    assert not core._transmits


def test_the_bounds_are_the_documented_ones() -> None:
    assert module.MAX_QUESTIONS == 4096
    assert (module.MAX_WAITING, module.MAX_WAITING_BYTES) == (10_000, 16_777_216)
    assert module.MAX_REPLY_BYTES == 16_777_216
    assert (policy.MAX_SOURCES, policy.MAX_GAIN_BYTES) == (4096, 64)
    assert foreign.MAX_STREAMS == 256


def test_answers_kept_for_repeats_are_bounded_in_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_REPLY_BYTES", 1000)
    core = answerer()
    for n in range(100):
        core.answer(hear(core, question(n)), bytes(300), now=0)
    assert core._reply_bytes == 900
    assert len(core._questions) == 3


def test_a_question_forgotten_before_its_answer_keeps_no_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_QUESTIONS", 1)
    core = answerer()
    message = hear(core, question(1))
    hear(core, question(2))
    assert core.answer(message, b"ack", now=0) is None
    assert core._reply_bytes == 0


def test_an_id_used_anew_keeps_its_own_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUESTIONS", 1)
    core = answerer()
    old = hear(core, question(1))
    hear(core, question(2))
    new = hear(core, question(1))
    core.answer(old, b"old", now=0)
    core.answer(new, b"new", now=0)
    deliver(core, question(1, attempt=2))
    assert [a.data for a in answers(core)] == [b"old", b"new", b"new"]


# Pings.


def ping(number: int = 7, **more: object) -> bytes:
    return Tagged(Kind.QUESTION, number, bytes(40), ping=True, **more).encode()  # type: ignore[arg-type]


def test_a_ping_is_answered_with_its_ttl_and_the_application_hears_nothing() -> None:
    core = answerer()
    core.handle_datagram(datagram(ping(attempt=2)), now=0)
    assert messages(core) == []
    assert answers(core) == [
        Tagged(Kind.ANSWER, 7, name="cam1", attempt=2, ping=True, ttl_hops=1)
    ]
    assert (core.pings, core.dropped.total()) == (1, 0)


def test_every_copy_of_a_ping_is_answered() -> None:
    core = answerer()
    for _ in range(2):
        core.handle_datagram(datagram(ping()), now=0)
    assert len(answers(core)) == core.pings == 2


@pytest.mark.parametrize(
    ("data", "sender", "reason"),
    [
        (ping(), OFF_LINK, "ping-off-link"),
        (ping(), origin(port=53), "ping-low-port"),
        (ping(wanted=frozenset({"cam2"})), None, "ping-not-asked"),
        (ping(heard=frozenset({"cam1"})), None, "ping-heard"),
        (Tagged(Kind.MESSAGE, 7, ping=True).encode(), None, "ping-not-asked"),
    ],
)
def test_a_ping_that_is_not_answered_is_counted(
    data: bytes, sender: Origin | None, reason: str
) -> None:
    core = answerer()
    core.handle_datagram(datagram(data, sender), now=0)
    assert (answers(core), messages(core)) == ([], [])
    assert dict(core.dropped) == {reason: 1}


def test_who_wants_no_pings_answers_none() -> None:
    core = Answerer("cam1", Limits(), [ETH0], rng=Random(1), answer_pings=False)
    core.handle_datagram(datagram(ping()), now=0)
    assert (answers(core), messages(core)) == ([], [])
    assert dict(core.dropped) == {"ping-not-asked": 1}


def test_pings_have_the_rate_of_all_answers() -> None:
    core = answerer(limits=Limits(rate=2))
    for _ in range(5):
        core.handle_datagram(datagram(ping()), now=0)
    assert (core.pings, core.dropped["ping-rate"]) == (2, 3)


def test_a_plain_message_to_this_member_alone_is_delivered_and_not_answered() -> None:
    core = answerer()
    alone = KnownFacts(to=IPv4Address("10.0.0.1"))
    core.handle_datagram(Datagram(b"ack", origin(), 2, alone), now=0)
    (message,) = messages(core)
    assert core.answer(message, b"ack", now=0) is Refusal.UNICAST
    assert sent(core) == []
