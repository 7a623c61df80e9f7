"""Datagrams whose source is a lie are counted, never answered, and stop nobody."""

import socket

from tests.lab.harness import Host, Laboratory
from tests.lab.harness.commands import message, receive, send, stop
from tests.lab.harness.sockets import forge, saw, wire

_GROUP = ("239.255.42.99", 10_000)


def test_forged_sources_are_counted_and_the_receiver_goes_on(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    receiver = receive(b, "--answer", "an answer")
    lies = [
        ((a.v4, 0), "PORT"),
        ((a.v4, 53), "PORT"),
        (("8.8.8.8", 5000), "off-link"),
        (("198.18.1.255", 5000), "broadcast-source"),
        (("255.255.255.255", 5000), "broadcast-source"),
        (("0.0.0.0", 5000), "zero-source"),
    ]
    with wire(a) as cable:
        for source, _ in lies:
            forge(a, source=source, group=_GROUP, data=b"a lie")
        assert not saw(cable, b"an answer")
    assert send(a, "the truth").end["answers"] == 1
    told = stop(receiver)
    print(told)
