"""Foreign programs and our commands in one group, and on one machine."""

import pytest
from tests.interop.foreign import article_receiver, article_sender, ssdp_responder
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import message, receive, send, start, told

_ARTICLE = ("-g", "224.3.29.71:10000")
_SSDP = ("-g", "239.255.255.250:1900")
_SEARCH = (
    b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nMX: 0\r\nST: ssdp:all\r\n\r\n'
)


def test_a_mixed_group_answers_both_senders(lab: Laboratory) -> None:
    a, b, asker = lab.segment(3)
    article_receiver(a)
    receive(b, *_ARTICLE)
    foreign = article_sender(asker)
    assert foreign.finish() == 0, foreign.errors
    assert sum(line.startswith("received b'ack'") for line in foreign.lines) == 2
    ours = send(asker, "hello", *_ARTICLE, "--expect", f"{a.v4},{b.v4}")
    assert (ours.code, ours.end["stopped_by"]) == (0, "expected")


@pytest.mark.parametrize(("size", "kept"), [(0, 0), (1024, 1024), (1400, 1024)])
def test_the_articles_receiver_acknowledges_a_message_of_any_size(
    lab: Laboratory, size: int, kept: int
) -> None:
    a, b = lab.segment(2)
    receiver = article_receiver(b)
    answered = send(a, "-", *_ARTICLE, stdin=b"x" * size)
    assert (answered.code, answered.end["answers"]) == (0, 1)
    receiver.line(f"received {kept} bytes from")


def test_the_articles_receiver_answers_but_not_by_name(lab: Laboratory) -> None:
    a, asker = lab.segment(2)
    article_receiver(a)
    answered = send(asker, "hello", *_ARTICLE, "--expect", "a", "--timeout", "2")
    assert (answered.code, answered.sent["mode"]) == (1, "tagged")
    assert answered.end["missing"] == ["a"]
    assert {(x["member"], x["data"]) for x in answered.all("answer")} == {(None, "ack")}


def test_our_receiver_says_who_holds_the_port_of_the_articles_one(
    lab: Laboratory,
) -> None:
    (a,) = lab.segment(1)
    article_receiver(a)
    answered = told(start(a, "receive", *_ARTICLE))
    assert answered.code == 3
    for part in ("10000", "fix:"):
        assert part in answered.errors
    assert "Traceback" not in answered.errors


def test_two_devices_and_our_receiver_on_one_machine_all_hear_a_search(
    lab: Laboratory,
) -> None:
    host, seeker = lab.segment(2)
    devices = [ssdp_responder(host, kind) for kind in ("urn:tv", "urn:lamp")]
    receiver = receive(host, *_SSDP, "--no-answer")
    answered = send(seeker, "-", *_SSDP, stdin=_SEARCH)
    found = [line["data"].partition("ST: ")[2] for line in answered.all("answer")]
    assert sorted(line.split("\r\n")[0] for line in found) == ["urn:lamp", "urn:tv"]
    assert message(receiver)["data"] == _SEARCH.decode()
    for device in devices:
        device.line("searched: 1 found")
