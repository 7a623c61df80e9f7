"""Streams and commands to and from libnorm1."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from random import Random

import pytest
from tests.interop.norm import (
    BOTH_WAYS,
    LIBNORM,
    NEEDS_LIBNORM,
    OURS,
    Way,
    ack_status,
    exchange,
    finished,
    receiver,
    sender,
    understood,
)
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import Told

pytestmark = NEEDS_LIBNORM

_MESSAGE = 3000
"""Bytes; longer than a segment, so that none holds the beginnings of two."""


def _stream(*, count: int, first: int = 0) -> str:
    """Return the digest of what both senders write."""
    messages = (Random(number).randbytes(_MESSAGE) for number in range(first, count))
    return hashlib.sha256(b"".join(messages)).hexdigest()


def _begins(ours: Told) -> list[int]:
    """Return where messages begin, as groupwire told: the first of each piece."""
    places = (line["message_at"] for line in ours.all("stream"))
    return [place for place in places if place is not None]


def _expected(ours: Told) -> list[int]:
    """Return where the first message of each piece has to begin."""
    ends = [0, *(line["size"] for line in ours.all("stream"))]
    firsts = [(-(-at // _MESSAGE) * _MESSAGE, end) for at, end in pairwise(ends)]
    return [first for first, end in firsts if first < end]


@BOTH_WAYS
@pytest.mark.parametrize(
    "code",
    [
        pytest.param("--parity 0", id="fec 5, no parity"),
        pytest.param("--fec 2 --parity 8 --auto-parity 2", id="fec 2"),
        pytest.param("--fec 129 --parity 4 --block 16", id="fec 129"),
    ],
)
def test_a_stream_arrives_in_order_with_its_messages(
    lab: Laboratory, way: Way, code: str
) -> None:
    count = 60
    # libnorm reads each message from where it says that one begins.
    reading = ("--message", _MESSAGE) if way.receiver == LIBNORM else ()
    sent, received = exchange(
        lab,
        way,
        *("--stream", "--size", _MESSAGE, "--count", count, "--ack", 2),
        *(*code.split(), "--info", b"a stream".hex(), "--tx-loss", 2),
        receiving=["--rx-loss", 5, "--stream-bytes", _MESSAGE * count, *reading],
    )
    assert ack_status(sent) == {2: "SUCCESS"}
    assert not received.all("gap")
    (stream,) = received.all("object")
    assert stream["kind"] == "STREAM"
    assert stream["size"] == _MESSAGE * count
    assert stream["sha256"] == _stream(count=count)
    if way.receiver == OURS:
        assert _begins(received) == _expected(received)
        assert received.all("info")[0]["info"] == b"a stream".hex()
    else:
        assert stream["info"] == b"a stream".hex()


@BOTH_WAYS
def test_who_joins_a_stream_late_begins_with_a_message(
    lab: Laboratory, way: Way
) -> None:
    a, b = lab.segment(2)
    count = 40
    options = ("--stream", "--size", _MESSAGE, "--count", count, "--block", 8)
    reading = ("--message", _MESSAGE) if way.receiver == LIBNORM else ()
    listening = receiver(b, way.receiver, "--sync", "current", *reading)
    first = receiver(a, OURS, "--node", 3)
    b.link.cut()
    sending = sender(a, way.sender, *options, "--rate", 1e6, "--ack", 2)
    for _ in range(20):  # pieces of a segment or more: more than two blocks
        first.line('"stream"')
    b.link.heal()
    sent, received = finished(sending, listening)
    assert ack_status(sent) == {2: "SUCCESS"}
    got = received.all("stream")[-1]
    begin = _begins(received)[0] if way.receiver == OURS else 0
    heard = (got["size"] - begin) // _MESSAGE
    assert 0 < heard < count
    understood(sent, received)


@BOTH_WAYS
def test_commands_are_heard(lab: Laboratory, way: Way) -> None:
    command = b"a command".hex()
    _, received = exchange(lab, way, "--command", command, "--ack", 2)
    heard = received.all("command")
    assert heard
    assert {(line["node"], line["data"]) for line in heard} == {(1, command)}


def test_requests_for_acks_that_libnorm_does_not_know_harm_nothing(
    lab: Laboratory,
) -> None:
    asking = ("--request", 16, "--robust", 20, "--patience", 0.6)
    end = ("--ack", 2, "--end", "--hold", 1.2)
    sent, _ = exchange(lab, Way(OURS, LIBNORM), *asking, *end)
    (ended,) = sent.all("request-ended")
    assert ended["status"] == {"2": "FAILURE"}
    assert ack_status(sent) == {2: "SUCCESS"}
