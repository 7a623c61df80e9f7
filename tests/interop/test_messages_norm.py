"""Messages in NORM streams: a NORM program reads ours, and we read what it writes."""

from __future__ import annotations

from hashlib import sha256
from random import Random

import pytest
from tests.interop.norm import (
    GROUP,
    LIBNORM,
    NEEDS_LIBNORM,
    PORT,
    finished,
    let_go,
    receiver,
    sender,
)
from tests.lab.harness import Host, Laboratory, Process
from tests.lab.harness.commands import Told, told

from groupwire.messages.frames import HEAD_BYTES, Frame, FrameReader

pytestmark = NEEDS_LIBNORM

_TOPIC = "a/b"
_COUNT = 60
_PATIENCE_S = 30.0


def _ours(host: Host, role: str, *options: object) -> Process:
    at = ("--group", GROUP, "--port", PORT, "--interface", host.link.name)
    words = map(str, (role, *at, *options))
    process = host.python("-m", "tests.interop.messages_peer", *words)
    process.line('"ready"')
    return process


def _contents(size: int, *, count: int = _COUNT) -> list[bytes]:
    return [Random(number).randbytes(size) for number in range(count)]


def _stream(heard: Told) -> bytes:
    """Return what libnorm has read of a stream, each piece from a message start on."""
    pieces = [line["data"] for line in heard.all("stream")]
    return bytes.fromhex("".join(pieces))


def _frames(data: bytes, size: int) -> list[Frame]:
    """Read each piece of this size for itself: it has to be a frame, whole."""
    frames: list[Frame] = []
    for at in range(0, len(data), size):
        frames += FrameReader(lambda _: True).feed(data[at : at + size], 0)
    return frames


def _digests(size: int, *, count: int = _COUNT) -> list[str]:
    return [sha256(data).hexdigest() for data in _contents(size, count=count)]


def _messages(heard: Told) -> list[tuple[str, str]]:
    return [(line["topic"], line["sha256"]) for line in heard.all("message")]


@pytest.mark.parametrize("loss", [0, 5])
@pytest.mark.parametrize("size", [100, 3000])
def test_a_norm_program_reads_what_is_published_message_by_message(
    lab: Laboratory, size: int, loss: int
) -> None:
    a, b = lab.segment(2)
    whole = HEAD_BYTES + len(_TOPIC) + size
    options = ("--message", whole, "--stream-bytes", whole * _COUNT, "--show")
    listening = receiver(b, LIBNORM, "--rx-loss", loss, *options)
    publishing = _ours(a, "send", "--size", size, "--count", _COUNT)
    published = told(publishing, within=_PATIENCE_S)
    (heard,) = let_go(listening)
    assert (published.code, heard.code) == (0, 0), (published, heard)
    assert not heard.all("gap")
    frames = _frames(_stream(heard), whole)
    assert [frame.sequence for frame in frames] == list(range(_COUNT))
    assert [frame.topic for frame in frames] == [_TOPIC] * _COUNT
    assert [p for f in frames for p in f.payloads] == _contents(size)


def test_a_norm_program_and_a_subscriber_hear_one_publisher(lab: Laboratory) -> None:
    a, b, c = lab.segment(3)
    size = 1000
    whole = HEAD_BYTES + len(_TOPIC) + size
    options = ("--message", whole, "--stream-bytes", whole * _COUNT, "--show")
    listening = receiver(b, LIBNORM, "--rx-loss", 5, *options)
    subscribing = _ours(c, "receive", "--count", _COUNT)
    publishing = _ours(a, "send", "--size", size, "--count", _COUNT)
    published, heard = finished(publishing, listening)
    had = told(subscribing, within=_PATIENCE_S)
    assert (published.code, heard.code, had.code) == (0, 0, 0), (published, heard)
    assert _messages(had) == [(_TOPIC, data) for data in _digests(size)]
    assert len(_frames(_stream(heard), whole)) == _COUNT


@pytest.mark.parametrize("loss", [0.0, 0.05])
@pytest.mark.parametrize("size", [100, 3000])
def test_what_a_norm_program_writes_comes_message_by_message(
    lab: Laboratory, size: int, loss: float
) -> None:
    a, b = lab.segment(2)
    if loss:
        b.link.lose(loss)
    subscribing = _ours(b, "receive")
    # Slow: who is asked for its words in vain is followed from what is heard then.
    count = min(600, 600_000 // size)
    rate = 8 * count * size / 3.0
    options = ("--stream", "--size", size, "--count", count, "--rate", rate, "--each")
    # It also finds who speaks the tagged form, and waits for that one in vain.
    sending = sender(a, LIBNORM, *options, "--find", "--robust", 20, "--hold", 2.0)
    sent = told(sending, within=_PATIENCE_S)
    had = _messages(told(subscribing, within=_PATIENCE_S))
    assert sent.code == 0, sent
    written = _digests(size, count=count)
    assert {topic for topic, _ in had} == {"norm/1"}
    data = [data for _, data in had]
    assert len(data) >= count // 2
    assert data == written[-len(data) :]


def test_objects_of_a_norm_program_are_messages_too(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    subscribing = _ours(b, "receive")
    size, count = 5000, 100
    options = ("--size", size, "--count", count, "--rate", 8 * count * size / 3.0)
    sent = told(sender(a, LIBNORM, *options, "--robust", 20), within=_PATIENCE_S)
    had = _messages(told(subscribing, within=_PATIENCE_S))
    assert sent.code == 0, sent
    data = [data for _, data in had]
    assert len(data) >= count // 2
    # Each comes when it is whole; the first may be one that was under way.
    assert sorted(data) == sorted(_digests(size, count=count)[-len(data) :])
