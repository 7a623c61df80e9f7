"""Datagrams whose source is a lie are counted, never answered, and stop nobody."""

import random

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import message, receive, send, stop
from tests.lab.harness.sockets import forge, saw, sender, wire

# Only for groups like this one does the kernel let the source 0.0.0.0 pass.
_GROUP = ("224.0.0.199", 10_000)


def test_forged_sources_are_counted_and_the_receiver_goes_on(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    receiver = receive(b, "-g", "224.0.0.199:10000", "--answer", "an answer")
    lies = [
        (a.v4, 0),
        (a.v4, 53),
        ("8.8.8.8", 5000),
        ("198.18.1.255", 5000),
        ("0.0.0.0", 5000),
        ("255.255.255.255", 5000),  # the kernel itself drops it
    ]
    with wire(a) as cable:
        for source in lies:
            forge(a, source=source, group=_GROUP, data=b"a lie")
        assert not saw(cable, b"an answer")
    assert send(a, "the truth", "-g", "224.0.0.199:10000").end["answers"] == 1
    told = stop(receiver)
    assert [line["answered"] for line in told.all("message")] == [False] * 5 + [True]
    assert told.end["not_answered"] == {
        "port-0": 1,
        "low-port": 1,
        "off-link": 1,
        "broadcast-source": 1,
        "zero-source": 1,
    }
    assert told.code == 130


@pytest.mark.parametrize("seed", [1])
def test_noise_does_not_stop_a_receiver(lab: Laboratory, seed: int) -> None:
    a, b = lab.segment(2)
    receiver = receive(b)
    dice = random.Random(seed)
    with sender(a) as out:
        for size in (0, 1, 17, 1400, 65_507):
            out.sendto(dice.randbytes(size), ("239.255.42.99", 10_000))
            assert message(receiver)["bytes"] == size
    told = send(a, "still there?")
    assert told.end["answers"] == 1


def test_escapes_in_a_message_are_shown_and_not_obeyed(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    receiver = b.python("-m", "groupwire", "receive", "--count", "1")
    b.wait_for("239.255.42.99")
    with sender(a) as out:
        out.sendto(b"\x1b[2J\x1b]0;title\x07\r\nnext", ("239.255.42.99", 10_000))
    assert receiver.finish() == 0
    shown = "\n".join(receiver.lines) + receiver.errors
    assert "title" in shown
    assert not set(shown) & {"\x1b", "\x07", "\r"}
