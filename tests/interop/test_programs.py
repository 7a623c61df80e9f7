"""The foreign programs among themselves: they behave as the article says."""

import errno
import re

from tests.interop.foreign import ARTICLE_RECEIVER, article_receiver, article_sender
from tests.lab.harness import Laboratory


def test_the_articles_programs_reproduce_its_example(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    receivers = [article_receiver(host) for host in (a, b)]
    sender = article_sender(a)
    assert sender.finish() == 0
    assert sender.lines[0] == "sending b'very important data'"
    assert sender.lines[-2:] == ["timed out, no more responses", "closing socket"]
    assert {line for line in sender.lines if line.startswith("received")} == {
        f"received b'ack' from ('{host.v4}', 10000)" for host in (a, b)
    }
    for receiver in receivers:
        came = receiver.line("received 19 bytes from")
        assert re.fullmatch(rf"received 19 bytes from \('{a.v4}', \d+\)", came)
        assert receiver.line("very") == "b'very important data'"
        receiver.line("sending acknowledgement to")


def test_the_articles_sender_ends_well_without_any_answer(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    sender = article_sender(a)
    assert sender.finish() == 0
    assert sender.lines[1:] == [
        "waiting to receive",
        "timed out, no more responses",
        "closing socket",
    ]


def test_the_articles_programs_die_without_a_route(lab: Laboratory) -> None:
    host = lab.lonely()
    sender = article_sender(host)
    assert sender.finish() == 1
    assert f"[Errno {errno.ENETUNREACH}]" in sender.errors
    receiver = host.python(ARTICLE_RECEIVER)
    assert receiver.finish() == 1
    assert f"[Errno {errno.ENODEV}]" in receiver.errors


def test_the_articles_receiver_shares_its_port_with_nobody(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    article_receiver(a)
    second = a.python(ARTICLE_RECEIVER)
    assert second.finish() == 1
    assert f"[Errno {errno.EADDRINUSE}]" in second.errors
