from ipaddress import ip_address
from itertools import pairwise
from random import Random

import pytest
from tests.gather.places import (
    answer,
    asked,
    asker,
    datagram,
    events,
    heard,
    origin,
    sent,
)

from groupwire.gather import (
    Answer,
    AskedAgain,
    Expectation,
    Finished,
    Form,
    Kind,
    NameClash,
    Question,
    StoppedBy,
    Tagged,
)
from groupwire.gather import asker as module
from groupwire.gather.asker import Asker
from groupwire.gather.tagged import MAX_LIST_BYTES, MAX_NAMES, MAX_OPTION_BYTES

ABC = Expectation(("a", "b", "c"))


def reply(core: Asker, told: Tagged, name: str, number: int, now: float) -> None:
    """Member ``name`` at 10.0.0.``number`` answers."""
    core.handle_datagram(
        datagram(answer(told, name), origin(f"10.0.0.{number}")), now=now
    )


def run_out(core: Asker) -> list[float]:
    """Jump from deadline to deadline; return when something was due."""
    times: list[float] = []
    while (due := core.poll_timeout()) is not None:
        times.append(due)
        core.handle_timeout(now=due)
    return times


# The plain form is the article's protocol.


def test_a_plain_question_is_the_bytes_as_they_are() -> None:
    assert sent(asker(Question(b"very important data"))) == [b"very important data"]


def test_any_datagram_answers_a_plain_question_byte_for_byte() -> None:
    core = asker(Question(b"?"))
    told = Tagged(Kind.ANSWER, 1, b"looks tagged", name="cam1").encode()
    for n, data in enumerate([b"ack", b"", told, b"\xff" * 65_507]):
        core.handle_datagram(datagram(data, origin(f"10.0.0.{n + 2}")), now=0.1)
    assert heard(core) == [b"ack", b"", told, b"\xff" * 65_507]
    assert {a.member for a in core.result(now=1).answers} == {None}


def test_a_device_that_answers_several_times_gives_several_answers() -> None:
    core = asker(Question(b"M-SEARCH"))
    for data in (b"root", b"uuid", b"service", b"uuid"):
        core.handle_datagram(datagram(data, origin(port=1900)), now=0.1)
    result = core.result(now=0.2)
    assert [a.data for a in result.answers] == [b"root", b"uuid", b"service"]
    assert result.duplicates == 1


def test_the_same_bytes_of_another_port_are_another_answer() -> None:
    core = asker(Question(b"?"))
    core.handle_datagram(datagram(b"ack", origin(port=5000)), now=0.1)
    core.handle_datagram(datagram(b"ack", origin(port=5001)), now=0.1)
    assert len(core.result(now=1).answers) == 2


def test_several_answers_of_one_device_count_as_one_expected_member() -> None:
    core = asker(Question(b"?", Expectation(count=2)))
    for data in (b"1", b"2", b"3"):
        core.handle_datagram(datagram(data), now=0.1)
    assert core.result(now=1).missing_count == 1


# The tagged form.


def test_names_make_a_question_tagged_with_the_askers_name() -> None:
    told = asked(asker(Question(b"status?", ABC, name="me")))
    assert told.kind is Kind.QUESTION
    assert (told.data, told.name, told.attempt) == (b"status?", "me", 1)
    assert (told.heard, told.wanted) == (frozenset(), None)


def test_request_ids_come_from_the_dice() -> None:
    asks = [Asker(Question(b"?", ABC), rng=Random(n), now=0) for n in (1, 1, 2)]
    one, same, other = (asked(core).request_id for core in asks)
    assert one == same == Random(1).getrandbits(64) != other


def test_a_tagged_answer_names_its_member_and_its_round_trip() -> None:
    core = asker(Question(b"?", ABC), now=5)
    reply(core, asked(core), "a", 2, now=5.25)
    (answered,) = core.result(now=6).answers
    assert (answered.member, answered.sender) == ("a", origin("10.0.0.2"))
    assert answered.rtt == 0.25


def test_the_round_trip_counts_from_the_attempt_that_is_answered() -> None:
    core = asker(Question(b"?", ABC))
    first = asked(core)
    core.handle_timeout(now=0.25)
    reply(core, asked(core), "a", 2, now=0.5)
    reply(core, first, "b", 3, now=0.5)
    assert [a.rtt for a in core.result(now=1).answers] == [0.25, 0.5]


def test_an_attempt_from_the_future_counts_as_the_last_one() -> None:
    core = asker(Question(b"?", ABC))
    told = Tagged(Kind.ANSWER, asked(core).request_id, b"", name="a", attempt=255)
    core.handle_datagram(datagram(told.encode()), now=0.125)
    assert core.result(now=1).answers[0].rtt == 0.125


def test_a_plain_answer_to_a_tagged_question_counts_but_names_nobody() -> None:
    core = asker(Question(b"?", ABC))
    core.handle_datagram(datagram(b"ack"), now=0.1)
    result = core.result(now=1)
    assert [(a.member, a.data) for a in result.answers] == [(None, b"ack")]
    assert result.missing == ("a", "b", "c")


def test_a_tagged_answer_may_lack_a_name() -> None:
    core = asker(Question(b"?", Expectation(count=1), form=Form.TAGGED))
    core.handle_datagram(datagram(answer(asked(core), None)), now=0.1)
    assert core.finished


def test_what_is_no_answer_is_counted() -> None:
    core = asker(Question(b"?", ABC))
    told = asked(core)
    other = Tagged(Kind.ANSWER, told.request_id ^ 1, b"", name="a")
    for data in (told.encode(), other.encode(), told.encode()[:9]):
        core.handle_datagram(datagram(data), now=0.1)
    assert core.dropped == {"not-an-answer": 1, "other-request": 1, "tagged-cut": 1}
    assert core.result(now=1).dropped == 3
    assert not core.result(now=1).answers


# When it stops.


def test_everybody_expected_by_name_ends_it() -> None:
    core = asker(Question(b"?", ABC))
    told = asked(core)
    for n, name in enumerate("abc"):
        reply(core, told, name, n, now=0.1)
    assert core.finished
    assert core.result(now=9).complete
    assert core.result(now=9).elapsed == 0.1
    assert events(core)[-1] == Finished(StoppedBy.EXPECTED)
    assert core.poll_timeout() is None


def test_everybody_expected_by_address_ends_a_plain_question() -> None:
    addresses = ("10.0.0.7", "fe80::1")
    core = asker(Question(b"?", Expectation.of(addresses)))
    assert sent(core) == [b"?"]
    core.handle_datagram(datagram(b"ack", origin("fe80::1", zone=3)), now=0.1)
    assert core.result(now=1).missing == ("10.0.0.7",)
    core.handle_datagram(datagram(b"ack", origin("10.0.0.7")), now=0.1)
    assert core.result(now=1).stopped_by is StoppedBy.EXPECTED


def test_so_many_expected_end_it() -> None:
    core = asker(Question(b"?", Expectation(count=2)))
    for n in (2, 3):
        core.handle_datagram(datagram(b"ack", origin(f"10.0.0.{n}")), now=0.1)
    assert core.result(now=1).stopped_by is StoppedBy.EXPECTED


def test_the_first_ones_end_it() -> None:
    core = asker(Question(b"?", first=2))
    for n in (2, 3, 4):
        core.handle_datagram(datagram(b"ack", origin(f"10.0.0.{n}")), now=0.1)
    result = core.result(now=1)
    assert (len(result.answers), result.stopped_by, result.late) == (
        2,
        StoppedBy.FIRST,
        1,
    )


def test_the_first_ones_end_it_with_members_still_missing() -> None:
    core = asker(Question(b"?", ABC, first=1))
    reply(core, asked(core), "b", 2, now=0.1)
    result = core.result(now=1)
    assert (result.stopped_by, result.missing) == (StoppedBy.FIRST, ("a", "c"))


def test_everybody_expected_goes_before_the_first_ones() -> None:
    core = asker(Question(b"?", Expectation(count=1), first=1))
    core.handle_datagram(datagram(b"ack"), now=0.1)
    assert core.result(now=1).stopped_by is StoppedBy.EXPECTED


def test_silence_ends_it_where_nobody_is_expected() -> None:
    core = asker(Question(b"?", stall=0.25))
    core.handle_datagram(datagram(b"ack"), now=0.125)
    assert core.poll_timeout() == 0.375
    core.handle_timeout(now=0.3)
    assert not core.finished
    core.handle_timeout(now=0.375)
    assert core.result(now=1).stopped_by is StoppedBy.STALL
    assert core.result(now=1).complete


def test_duplicates_do_not_break_the_silence() -> None:
    core = asker(Question(b"?", stall=0.25))
    for now in (0.125, 0.25, 0.375):
        core.handle_datagram(datagram(b"ack"), now=now)
    core.handle_timeout(now=0.375)
    assert core.finished


def test_the_total_time_ends_it_though_answers_flow() -> None:
    core = asker(Question(b"?", timeout=1.0))
    for n in range(11):
        core.handle_datagram(datagram(b"%d" % n), now=n / 10)
        core.handle_timeout(now=n / 10)
    assert core.result(now=9).stopped_by is StoppedBy.TIMEOUT
    assert core.result(now=9).elapsed == 1.0


@pytest.mark.parametrize(
    "expect", [Expectation(count=2), Expectation.parse("10.0.0.7,10.0.0.8")]
)
def test_expected_but_asked_once_waits_for_the_total_time(expect: Expectation) -> None:
    core = asker(Question(b"?", expect))
    core.handle_timeout(now=4.9)  # woken for nothing
    assert not core.finished
    assert run_out(core) == [5.0]
    assert core.result(now=9).stopped_by is StoppedBy.TIMEOUT
    assert core.result(now=9).missing_count == 2


def test_woken_for_nothing_it_does_nothing() -> None:
    core = asker(Question(b"?", stall=1.0))
    core.handle_timeout(now=0.6)
    assert not core.finished
    assert not events(core)


def test_the_caller_ends_it() -> None:
    core = asker(Question(b"?", ABC))
    core.stop(now=0.5)
    core.stop(now=0.6)
    core.handle_timeout(now=9.0)
    assert events(core) == [Finished(StoppedBy.STOPPED)]
    assert core.result(now=9).elapsed == 0.5


def test_a_question_stopped_before_it_was_sent_is_not_sent() -> None:
    core = asker(Question(b"?"))
    core.stop(now=0)
    assert sent(core) == []


def test_unfinished_it_tells_what_there_is() -> None:
    result = asker(Question(b"?", ABC), now=3).result(now=4)
    assert (result.stopped_by, result.elapsed, result.attempts) == (None, 1, 1)


# Asking again.


def test_silent_members_are_asked_twice_more_and_then_given_up() -> None:
    core = asker(Question(b"?", ABC))
    told = asked(core)
    reply(core, told, "a", 2, now=0.1)
    reply(core, told, "b", 3, now=0.1)
    assert run_out(core) == [0.25, 0.75, 1.75]
    assert len(sent(core)) == 0  # what was not sent by the end is not sent any more
    result = core.result(now=9)
    assert (result.stopped_by, result.missing) == (StoppedBy.RETRIES, ("c",))
    assert (result.attempts, result.elapsed) == (3, 1.75)
    assert AskedAgain(3) in events(core)


def test_each_attempt_has_the_same_id_and_its_own_number() -> None:
    core = asker(Question(b"?", ABC))
    attempts = [asked(core)]
    for now in (0.25, 0.75):
        core.handle_timeout(now=now)
        attempts.append(asked(core))
    assert len({t.request_id for t in attempts}) == 1
    assert [t.attempt for t in attempts] == [1, 2, 3]


def test_retries_with_nobody_expected_end_by_silence() -> None:
    core = asker(Question(b"?", retries=1))
    core.handle_datagram(datagram(answer(asked(core), "a")), now=0.2)
    assert core.poll_timeout() == 0.25
    core.handle_timeout(now=0.25)
    assert core.poll_timeout() == pytest.approx(0.45)
    told = asked(core)
    for n in range(2, 8):  # answers flow beyond the last wait
        reply(core, told, f"m{n}", n, now=0.15 * n)
        core.handle_timeout(now=0.15 * n)
    assert core.poll_timeout() == pytest.approx(1.25)
    run_out(core)
    assert core.result(now=9).stopped_by is StoppedBy.STALL


def test_no_retries_leave_names_to_the_total_time() -> None:
    core = asker(Question(b"?", ABC, retries=0))
    assert run_out(core) == [5.0]


@pytest.mark.parametrize(
    ("timeout", "retries", "times"),
    [
        (5.0, 2, [0.25, 0.75, 1.75]),
        (5.0, 3, [0.25, 0.75, 1.75, 3.75]),
        (5.0, 4, [0.25, 0.75, 1.75, 3.125, 4.5]),
        (1.0, 2, [0.25, 0.575, 0.9]),
        (0.5, 2, [0.15, 0.3, 0.45]),
    ],
)
def test_attempts_wait_twice_as_long_as_far_as_the_time_goes(
    timeout: float, retries: int, times: list[float]
) -> None:
    core = asker(Question(b"?", ABC, timeout=timeout, retries=retries))
    assert run_out(core) == pytest.approx(times)
    assert core.result(now=9).stopped_by is StoppedBy.RETRIES


def test_a_hundred_retries_share_the_time_evenly() -> None:
    core = asker(Question(b"?", ABC, retries=100))
    times = [0.0, *run_out(core)]
    assert min(b - a for a, b in pairwise(times)) > 0.04
    assert times[-1] < 5


def test_the_first_wait_has_room_for_the_spread() -> None:
    core = asker(Question(b"?", Expectation(tuple(f"m{n}" for n in range(2000)))))
    assert asked(core).spread_us == 200_000
    assert core.poll_timeout() == pytest.approx(0.4)


def test_those_who_are_wanted_are_named_when_they_are_fewer() -> None:
    core = asker(Question(b"?", ABC))
    told = asked(core)
    reply(core, told, "a", 2, now=0.1)
    reply(core, told, "b", 3, now=0.1)
    core.handle_timeout(now=0.25)
    again = asked(core)
    assert (again.wanted, again.heard) == (frozenset("c"), frozenset())


def test_those_who_were_heard_are_named_when_they_are_fewer() -> None:
    core = asker(Question(b"?", ABC))
    reply(core, asked(core), "a", 2, now=0.1)
    core.handle_timeout(now=0.25)
    again = asked(core)
    assert (again.wanted, again.heard) == (None, frozenset("a"))


def test_when_addresses_are_expected_too_only_the_heard_are_named() -> None:
    core = asker(Question(b"?", Expectation.parse("a,b,10.0.0.9")))
    told = asked(core)
    reply(core, told, "a", 2, now=0.1)
    reply(core, told, "b", 3, now=0.1)
    core.handle_timeout(now=0.25)
    again = asked(core)
    assert (again.wanted, again.heard) == (None, frozenset("ab"))
    reply(core, again, "c", 9, now=0.3)
    assert core.result(now=1).stopped_by is StoppedBy.EXPECTED


def members(count: int) -> Expectation:
    return Expectation(tuple(f"member-{n:05}" for n in range(count)))


def repeated(core: Asker, answered: int) -> bytes:
    """Let so many members answer, and return the second attempt."""
    told = asked(core)
    names = [f"member-{n:05}" for n in range(core.result(now=0).missing_count)]
    for n, name in enumerate(names[:answered]):
        core.handle_datagram(
            datagram(answer(told, name), origin(f"10.1.{n >> 8}.{n & 255}")), now=0.1
        )
    due = core.poll_timeout()
    assert due is not None
    core.handle_timeout(now=due)
    (data,) = sent(core)
    return data


@pytest.mark.parametrize("answered", [1, 50, 250, 400, 499])
def test_names_fill_at_most_one_packet(answered: int) -> None:
    data = repeated(asker(Question(b"x" * 200, members(500))), answered)
    assert len(data) <= 1472
    told = Tagged.decode(data)
    assert told.heard or told.wanted
    assert told.data == b"x" * 200


def test_behind_a_message_beyond_one_packet_some_names_are_told() -> None:
    data = repeated(asker(Question(b"x" * 3000, members(500))), 250)
    assert 60 < len(Tagged.decode(data).heard) < 80
    assert len(data) < 3000 + 1100


def test_behind_the_largest_message_no_name_has_room() -> None:
    data = repeated(asker(Question(b"x" * 65_450, members(20))), 10)
    assert len(data) <= 65_507
    assert len(Tagged.decode(data).heard) < 10


@pytest.mark.parametrize("answered", [300, 550, 990])
@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_NAMES", 200), ("MAX_LIST_BYTES", 2600)]
)
def test_lists_stay_within_what_a_member_reads(
    monkeypatch: pytest.MonkeyPatch, answered: int, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)
    core = asker(Question(b"?", members(1000)), limit=65_507)
    told = Tagged.decode(repeated(core, answered))
    names = told.heard or told.wanted or frozenset()
    assert 0 < len(names) <= 200
    assert 3 + sum(len(n) + 1 for n in names) <= 2800


# Twice, late, too many, and two of one name.


def test_a_members_second_answer_is_a_duplicate() -> None:
    core = asker(Question(b"?", ABC))
    told = asked(core)
    reply(core, told, "a", 2, now=0.1)
    reply(core, told, "a", 2, now=0.2)
    result = core.result(now=1)
    assert (len(result.answers), result.duplicates, result.clashes) == (1, 1, ())


def test_answers_after_the_end_are_late_and_duplicates_stay_duplicates() -> None:
    core = asker(Question(b"?", Expectation(count=1)))
    for data in (b"1", b"1", b"2"):
        core.handle_datagram(datagram(data), now=0.1)
    result = core.result(now=1)
    assert (len(result.answers), result.duplicates, result.late) == (1, 1, 1)
    assert [type(e) for e in events(core)] == [Answer, Finished]


def test_two_members_of_one_name_are_reported_and_never_merged() -> None:
    core = asker(Question(b"?", ABC))
    told = asked(core)
    reply(core, told, "a", 2, now=0.1)
    reply(core, told, "a", 3, now=0.2)
    result = core.result(now=1)
    assert [(a.member, str(a.sender.ip)) for a in result.answers] == [
        ("a", "10.0.0.2"),
        ("a", "10.0.0.3"),
    ]
    assert result.clashes == ("a",)
    assert NameClash("a", origin("10.0.0.2"), origin("10.0.0.3")) in events(core)


def test_a_flood_of_answers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWERS", 10)
    core = asker(Question(b"?"))
    for n in range(100):
        core.handle_datagram(datagram(b"%d" % n), now=0.1)
    assert len(core.result(now=1).answers) == 10
    assert core.dropped == {"too-many": 90}


def test_a_flood_of_large_answers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 1000)
    core = asker(Question(b"?"))
    for n in range(100):
        core.handle_datagram(datagram(bytes([n]) * 300), now=0.1)
    assert len(core.result(now=1).answers) == 3


def test_the_bounds_are_the_documented_ones() -> None:
    assert (module.MAX_ANSWERS, module.MAX_ANSWER_BYTES) == (100_000, 268_435_456)
    assert (MAX_NAMES, MAX_LIST_BYTES, MAX_OPTION_BYTES) == (4096, 50_000, 60_000)


def test_ipv6_members_are_known_whatever_their_zone() -> None:
    core = asker(Question(b"?", Expectation.parse("[fe80::7%eth0]")))
    core.handle_datagram(datagram(b"ack", origin("fe80::7", zone=2)), now=0.1)
    assert core.result(now=1).answers[0].sender.ip == ip_address("fe80::7")
    assert core.result(now=1).complete
