"""NORM of who does not speak our words."""

from __future__ import annotations

from typing import Any

import pytest
from tests.messages.places import Place, Reader

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch, Gap, MemberJoined, MemberLeft
from groupwire.messages.frames import encode_frame
from groupwire.messages.members import LeaveReason, Role
from groupwire.norm import Coding, FixedRate, ObjectFlag, Sender, SenderConfig
from groupwire.testing import Faults, Member

NODE = 77
TOPIC = f"norm/{NODE}"
LAN = Faults(delay_s=0.001)


class Stranger:
    """A NORM sender, as another program has it."""

    def __init__(self, place: Place, faults: Faults = LAN, **config: Any) -> None:
        core = Sender(
            SenderConfig(NODE, 5, Coding(1000, 16, 8), backoff=0, **config),
            FixedRate(1e6),
        )
        self.place = place
        self.seat: Member[Sender] = place.lab.add(
            "stranger", core, up=faults, down=faults
        )
        self._stream = -1

    def open(self, **options: Any) -> None:
        self._stream = self.seat.do(
            lambda core, now: core.open_stream(now=now, **options)
        )

    def write(self, data: bytes, *, ends: bool = True) -> None:
        """Write as soon as there is room."""
        while not self.seat.do(lambda core, _: self._fits(core, len(data))):
            self.place.run(0.05)
        self.seat.do(
            lambda core, now: core.write(
                self._stream, data, now=now, message_ends=ends, flush=True
            )
        )

    def _fits(self, core: Sender, size: int) -> bool:
        core.handle_timeout(now=self.place.now)
        return core.stream_room(self._stream) >= size

    def send(self, data: bytes) -> None:
        self.seat.do(lambda core, now: core.send_object(data, now=now))

    def end(self) -> None:
        self.seat.do(lambda core, now: core.end_stream(self._stream, now=now))

    def finish(self) -> None:
        self.seat.do(lambda core, now: core.finish(now=now))


def meet(**options: Any) -> tuple[Place, Reader, Stranger]:
    """Return a reader that knows a stranger, whose first message it has not heard."""
    place = Place()
    reader = place.reader("screen", **options)
    stranger = Stranger(place)
    stranger.open(buffer_bytes=1 << 18)
    stranger.write(b"who is this")
    assert place.run(2.0, done=lambda: bool(reader.of(MemberJoined)))
    return place, reader, stranger


def test_a_stranger_is_a_member_and_its_messages_have_its_number_as_topic() -> None:
    place, reader, stranger = meet()
    for number in range(100):
        stranger.write(b"message %d" % number)
        place.run(0.01)
    place.run(1.0)
    # What was sent before it was known comes with the block that is heard.
    expected = [b"who is this", *(b"message %d" % n for n in range(100))]
    assert reader.messages == [(TOPIC, payload) for payload in expected]
    (joined,) = reader.of(MemberJoined)
    assert (joined.member.role, joined.member.name) == (Role.FOREIGN, f"norm-{NODE}")
    assert [b.sequence for b in reader.batches] == list(range(101))


def test_a_message_in_several_pieces_is_one() -> None:
    place, reader, stranger = meet()
    stranger.write(b"a" * 2500, ends=False)
    stranger.write(b"b" * 10)
    stranger.write(b"c")
    place.run(1.0)
    assert reader.payloads(TOPIC)[1:] == [b"a" * 2500 + b"b" * 10, b"c"]


def test_of_a_stranger_too_only_what_is_wanted_is_handed_over() -> None:
    place, reader, stranger = meet(patterns=("a/#",))
    stranger.write(b"one")
    stranger.write(b"two")
    place.run(3.0)
    assert not reader.messages
    assert reader.seat.core.stats.skipped == 3


def test_frames_of_a_stranger_are_read_as_such() -> None:
    place = Place()
    reader, stranger = place.reader("screen"), Stranger(place)
    stranger.open(buffer_bytes=1 << 18)
    for number in range(300):  # it is asked for longer, as it may be one of ours
        pair = [b"x", b"%d" % number]
        stranger.write(encode_frame(Delivery.RELIABLE, b"a/b", 2 * number, pair))
        place.run(0.05)
    had = reader.payloads("a/b")[1::2]
    assert had[-1] == b"299"
    assert had == [b"%d" % n for n in range(300 - len(had), 300)]
    assert not reader.payloads(TOPIC)


def test_objects_of_a_stranger_are_messages() -> None:
    place = Place()
    reader, stranger = place.reader("screen"), Stranger(place)
    stranger.send(b"who is this")
    assert place.run(2.0, done=lambda: bool(reader.of(MemberJoined)))
    frames = encode_frame(Delivery.LATEST, b"a", 3, [b"newest"])
    frames += encode_frame(Delivery.LATEST, b"b", 4, [b"last"], last_value=True)
    stranger.send(b"whole " * 1000)
    stranger.send(frames)
    stranger.send(b"G but no frame")
    stranger.send(b"")
    place.run(1.0)
    assert [m for m in reader.messages if m[1] != b"who is this"] == [
        (TOPIC, b"whole " * 1000),
        ("a", b"newest"),
        (TOPIC, b"G but no frame"),
        (TOPIC, b""),
    ]


def test_a_gap_of_a_stranger_is_told_though_not_how_large_it_is() -> None:
    place, reader, stranger = meet()
    stranger.write(b"before")
    place.run(1.0)
    reader.seat.cut()
    for _ in range(40):
        stranger.write(bytes(60_000))
        place.run(0.5)
    reader.seat.cut(up=False, down=False)
    for number in range(5):
        stranger.write(b"behind %d" % number)
        place.run(0.2)
    place.run(5.0)
    gaps = reader.of(Gap)
    assert gaps
    assert not any(gap.exact for gap in gaps)
    assert reader.payloads(TOPIC)[1] == b"before"
    assert reader.payloads(TOPIC)[-5:] == [b"behind %d" % n for n in range(5)]


def test_a_piece_without_end_is_given_up() -> None:
    place = Place()
    reader, stranger = place.reader("screen"), Stranger(place, hold=0)
    stranger.open(buffer_bytes=1 << 18)
    stranger.write(b"who is this")
    assert place.run(2.0, done=lambda: bool(reader.of(MemberJoined)))
    for _ in range(1800):
        stranger.write(bytes(10_000), ends=False)
        place.run(0.01)
    stranger.write(b"end")
    stranger.write(b"next")
    place.run(5.0)
    assert reader.seat.core.dropped["foreign-too-large"]
    assert reader.payloads(TOPIC)[-1] == b"next"


def test_a_stranger_that_ends_has_left() -> None:
    place, reader, stranger = meet()
    stranger.write(b"last", ends=False)
    stranger.end()
    stranger.finish()
    place.run(10.0)
    assert reader.payloads(TOPIC) == [b"who is this", b"last"]
    (left,) = reader.of(MemberLeft)
    assert (left.member.role, left.reason) == (Role.FOREIGN, LeaveReason.SAID)
    assert isinstance(reader.events[-1], MemberLeft)


def test_a_stranger_that_falls_silent_leaves_after_a_minute() -> None:
    place, reader, stranger = meet()
    stranger.write(b"last")
    place.run(1.0)
    stranger.seat.crash()
    place.run(50.0)
    assert not reader.of(MemberLeft)
    place.run(60.0)
    assert [e.reason for e in reader.of(MemberLeft)] == [LeaveReason.SILENT]


@pytest.mark.parametrize("seed", range(3))
def test_a_stranger_without_repair_tells_its_gaps(seed: int) -> None:
    place = Place(seed)
    reader = place.reader("screen", Faults(loss=0.05, delay_s=0.001))
    stranger = Stranger(place)
    stranger.open(buffer_bytes=1 << 18, flags=ObjectFlag.UNRELIABLE)
    for number in range(300):
        stranger.write(b"%d" % number)
        place.run(0.01)
    place.run(1.0)
    expected: int | None = None
    for event in reader.of(Batch, Gap):
        if isinstance(event, Gap):
            expected = None
            continue
        (payload,) = event.payloads
        assert expected in {None, int(payload)}
        expected = int(payload) + 1
    assert reader.of(Gap)


@pytest.mark.parametrize("seed", range(3))
def test_a_stranger_is_heard_whole_whatever_the_network_does(seed: int) -> None:
    place = Place(seed)
    faults = Faults(loss=0.1, delay_s=0.001)
    reader, stranger = place.reader("screen", faults), Stranger(place, faults)
    stranger.open(buffer_bytes=1 << 18)
    while not reader.of(MemberJoined):
        stranger.write(b"hello")
        place.run(0.05)
    for number in range(200):
        stranger.write(b"%d" % number)
        place.run(0.01)
    place.run(3.0)
    had = [p for p in reader.payloads(TOPIC) if p != b"hello"]
    assert had == [b"%d" % n for n in range(200)]
