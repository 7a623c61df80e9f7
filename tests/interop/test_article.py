"""The tutorial's own programs on one side, groupwire's commands on the other."""

import ast
import re

from tests.interop.foreign import article_receiver, article_sender
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import message, receive_on, send

_GROUP = "224.3.29.71"


def test_our_send_collects_the_acknowledgements_of_the_articles_receivers(
    lab: Laboratory,
) -> None:
    a, b = lab.segment(2)
    receivers = [article_receiver(host) for host in (a, b)]
    answered = send(a, "very important data", "-g", f"{_GROUP}:10000")
    assert answered.code == 0
    assert [line["data"] for line in answered.all("answer")] == ["ack", "ack"]
    senders = {line["sender"] for line in answered.all("answer")}
    assert senders == {f"{a.v4}:10000", f"{b.v4}:10000"}
    assert answered.end["stopped_by"] == "stall"
    for receiver in receivers:
        line = receiver.line("received 19 bytes")
        assert line.startswith(f"received 19 bytes from ('{a.v4}', ")
        assert receiver.line("very") == "b'very important data'"


def test_our_send_expects_the_articles_receivers_by_address(lab: Laboratory) -> None:
    a, b, absent = lab.segment(3)
    for host in (a, b):
        article_receiver(host)
    group = ("-g", f"{_GROUP}:10000")
    answered = send(a, "hello", *group, "--expect", f"{a.v4},{b.v4}")
    assert (answered.code, answered.end["stopped_by"]) == (0, "expected")
    who = f"{b.v4},{absent.v4}"
    answered = send(a, "hello", *group, "--expect", who, "--timeout", "1")
    assert (answered.code, answered.end["missing"]) == (1, [absent.v4])


def test_our_receive_answers_the_articles_sender_as_its_own_receivers_do(
    lab: Laboratory,
) -> None:
    a, b = lab.segment(2)
    receivers = receive_on([a, b], "-g", f"{_GROUP}:10000")
    sender = article_sender(a)
    assert sender.finish() == 0
    assert sender.errors == ""
    received = r"received b'ack' from \('(\S+)', \d+\)"
    shown = [
        r"sending b'very important data'",
        r"waiting to receive",
        received,
        r"waiting to receive",
        received,
        r"waiting to receive",
        r"timed out, no more responses",
        r"closing socket",
    ]
    assert len(sender.lines) == len(shown)
    found = [
        re.fullmatch(pattern, line)
        for pattern, line in zip(shown, sender.lines, strict=True)
    ]
    assert all(found)
    assert {m[1] for m in found if m and m.groups()} == {a.v4, b.v4}
    for receiver in receivers:
        heard = message(receiver)
        assert (heard["data"], heard["mode"]) == ("very important data", "plain")
        assert heard["answered"]


def test_an_answer_longer_than_the_article_reads_is_cut_by_the_article_only(
    lab: Laboratory,
) -> None:
    a, b = lab.segment(2)
    receive_on([b], "-g", f"{_GROUP}:10000", "--answer", "x" * 100)
    sender = article_sender(a)
    assert sender.finish() == 0
    (line,) = [line for line in sender.lines if line.startswith("received ")]
    assert ast.literal_eval(line.split()[1]) == b"x" * 16
