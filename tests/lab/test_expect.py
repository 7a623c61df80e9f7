"""Members expected by name, address or number, and the silent ones among them."""

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import message, receive, receive_on, send, stop


@pytest.mark.alone
def test_the_silent_one_of_three_is_named_before_the_total_time(
    lab: Laboratory,
) -> None:
    a, b, asker = lab.segment(3)
    receivers = [receive(host, "--name", host.name) for host in (a, b)]
    told = send(asker, "status?", "--expect", "a,b,c", "--timeout", "8")
    assert told.code == 1
    assert told.end["missing"] == ["c"]
    assert told.end["missing_count"] == 1
    assert told.end["stopped_by"] == "retries"
    assert told.end["elapsed_s"] < 8
    assert sorted(line["member"] for line in told.all("answer")) == ["a", "b"]
    assert told.sent["mode"] == "tagged"
    for receiver in receivers:
        # Asked again or not, the message is delivered once.
        assert len(stop(receiver).all("message")) == 1


def test_the_question_ends_as_soon_as_all_have_answered(lab: Laboratory) -> None:
    a, b, asker = lab.segment(3)
    for host in (a, b):
        receive(host, "--name", host.name)
    told = send(asker, "status?", "--expect", "a,b", "--timeout", "8")
    assert (told.code, told.end["stopped_by"]) == (0, "expected")
    assert told.end["missing"] == []
    people = asker.python("-m", "groupwire", "send", "status?", "--expect", "a,b")
    assert people.finish() == 0
    assert "tagged, so that members can answer by name" in people.errors


def test_members_expected_by_address_are_asked_in_plain_words(lab: Laboratory) -> None:
    a, b, asker = lab.segment(3)
    receive(a)
    told = send(asker, "status?", "--expect", f"{a.v4},{b.v4}", "--timeout", "1")
    assert told.code == 1
    assert told.sent["mode"] == "plain"
    assert told.end["missing"] == [b.v4]
    assert told.senders == [a.v4]


def test_a_number_of_answers_is_waited_for(lab: Laboratory) -> None:
    a, b, asker = lab.segment(3)
    receive_on([a, b])
    told = send(asker, "status?", "--expect", "2")
    assert (told.code, told.end["stopped_by"]) == (0, "expected")
    told = send(asker, "status?", "--expect", "3", "--timeout", "1")
    assert (told.code, told.end["missing_count"]) == (1, 1)


def test_a_lost_question_is_asked_again_and_delivered_once(lab: Laboratory) -> None:
    a, b, asker = lab.segment(3)
    receivers = [receive(host, "--name", host.name) for host in (a, b)]
    b.link.lose_first(1, match="udp dport 10000")
    told = send(asker, "status?", "--expect", "a,b")
    assert b.link.dropped() == 1
    assert told.code == 0
    assert told.end["attempts"] == 2
    for receiver in receivers:
        assert message(receiver)["data"] == "status?"
        assert len(stop(receiver).all("message")) == 1


def test_a_lost_answer_is_asked_for_again(lab: Laboratory) -> None:
    a, b, asker = lab.segment(3)
    receivers = [receive(host, "--name", host.name) for host in (a, b)]
    b.link.lose_first(1, away=True, match=f"ip daddr {asker.v4} meta l4proto udp")
    told = send(asker, "status?", "--expect", "a,b")
    assert b.link.dropped(away=True) == 1
    assert told.code == 0
    assert sorted(line["member"] for line in told.all("answer")) == ["a", "b"]
    for receiver in receivers:
        assert len(stop(receiver).all("message")) == 1


def test_two_members_of_one_name_are_told_apart_and_reported(lab: Laboratory) -> None:
    a, b, asker = lab.segment(3)
    receive_on([a, b], "--name", "twin")
    told = send(asker, "status?", "--expect", "twin,other", "--timeout", "3")
    assert told.code == 1
    assert told.end["missing"] == ["other"]
    assert told.senders == [a.v4, b.v4]
    assert told.end["clashes"] == ["twin"]
