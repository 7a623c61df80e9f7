"""A stream of messages where the window has no room."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from tests.messages.places import Place

from groupwire.messages.errors import QueueFull
from groupwire.messages.events import Closed
from groupwire.messages.publish.lanes.lane import BLOCK
from groupwire.messages.publish.publisher import Publisher
from groupwire.messages.rules import PublishRules, StartAt, SubscribeRules
from groupwire.norm import AdaptiveConfig, Coding
from groupwire.norm.receive.stream import stream_bytes
from groupwire.norm.wire.message import decode
from groupwire.norm.wire.objects import Data
from groupwire.values import Datagram

SLOW = AdaptiveConfig(start_bytes_per_s=1e6, floor_bytes_per_s=1e6)


def test_what_waits_for_room_shares_frames() -> None:
    place = Place()
    reader = place.reader("screen")
    place.run(0.2)
    writer = place.writer("cam", window_bytes=1 << 18, queue_bytes=1 << 18, rate=SLOW)
    place.run(0.2)
    sent = 0
    while sent < 20_000:
        with suppress(QueueFull):
            while sent < 20_000:
                writer.send("a", b"%0100d" % sent, flush=False)
                sent += 1
        writer.seat.do(lambda core, now: core.flush(now=now))
        place.run(0.01)
    writer.close()
    assert place.run(60.0, done=lambda: writer.closed)
    assert reader.payloads("a") == [b"%0100d" % n for n in range(sent)]
    assert len(reader.batches) < 20_000 / 50


def test_what_waits_for_room_is_given_up_at_the_end_where_nobody_is_there() -> None:
    place = Place()
    writer = place.writer("cam")
    place.run(0.5)
    writer.send("a", bytes(16 << 20))
    writer.close()
    assert place.run(1.0, done=lambda: writer.closed)
    (closed,) = [event for event in writer.events if isinstance(event, Closed)]
    assert not closed.missing


@pytest.mark.parametrize("segment", [100, 1400, 9000, 62_500])
@pytest.mark.parametrize("window", [1 << 16, 1 << 23, 1 << 26])
def test_a_reader_s_memory_holds_as_much_as_a_window(segment: int, window: int) -> None:
    rules = PublishRules(1, 1, 1, "cam", segment_bytes=segment, window_bytes=window)
    core = Publisher(rules, Random(1))
    core.start(now=0.0)
    core.send("a", bytes(10), now=0.0)
    core.flush(now=0.0)
    core.poll_transmits()
    core.handle_timeout(now=0.05)
    sent = [decode(bytes(transmit.data)) for transmit in core.poll_transmits()]
    (info,) = {data.extensions.info for data in sent if isinstance(data, Data)}
    assert info is not None
    coding = Coding.of(info)
    assert coding is not None
    blocks = info.size_bytes // (BLOCK * segment)
    share = SubscribeRules(2, 2, "screen").memory_bytes // 8
    assert stream_bytes(coding, blocks) <= share
    assert blocks * BLOCK * segment >= 0.9 * window or segment == 100


LARGE: dict[str, Any] = {
    "segment_bytes": 62_500,
    "window_bytes": 1 << 20,
    "queue_bytes": 1 << 24,
}
FAST = AdaptiveConfig(start_bytes_per_s=1e8, floor_bytes_per_s=1e8)


def test_of_large_segments_a_window_is_full_with_its_bytes() -> None:
    place = Place()
    reader = place.reader("screen", slow=True, queue_bytes=100_000)
    place.run(0.2)
    writer = place.writer("cam", **LARGE, rate=FAST)
    place.run(0.2)
    for number in range(100):
        writer.send("a", b"%060000d" % number)
    place.run(1.0)
    assert 3 * 60_000 <= writer.core.stats.sent_bytes <= 1.5 * (1 << 20)
    for _ in range(100):
        reader.take()
        place.run(0.1)
    assert reader.payloads("a") == [b"%060000d" % n for n in range(100)]


def test_a_window_has_many_large_segments_for_single_messages() -> None:
    place = Place()
    reader = place.reader("screen", slow=True, queue_bytes=100)
    place.run(0.2)
    writer = place.writer("cam", **LARGE, rate=FAST)
    place.run(0.2)
    before = writer.core.stats.sent_bytes
    for number in range(500):
        writer.send("a", b"%0100d" % number)
        place.run(0.001)
    assert writer.core.stats.sent_bytes - before > 500 * 150  # each has left by itself
    reader.take()
    assert len(reader.batches) > 400


def test_frames_of_nearly_a_large_segment_are_not_cut() -> None:
    place = Place()
    reader = place.reader("screen")
    place.run(0.2)
    writer = place.writer("cam", **LARGE, rate=FAST)
    place.run(0.2)
    for number in range(50):
        writer.send("a", b"%050000d" % number, flush=False)
    writer.seat.do(lambda core, now: core.flush(now=now))
    place.run(1.0)
    assert reader.payloads("a") == [b"%050000d" % n for n in range(50)]
    stats = writer.core.stats
    assert 50 <= stats.sent_packets - stats.repair_packets < 100


def test_what_all_have_of_large_segments_is_kept_as_far_as_the_window_goes() -> None:
    place = Place()
    reader = place.reader("screen")
    place.run(0.2)
    writer = place.writer("cam", **LARGE, rate=FAST)
    place.run(0.2)
    for number in range(1000):
        writer.send("a", b"%060000d" % number)
        place.run(0.002)
    place.run(1.0)
    assert len(reader.payloads("a")) == 1000
    late = place.reader("late", start_at=StartAt.WINDOW)
    place.run(1.0)
    payloads = late.payloads("a")
    assert payloads == [b"%060000d" % n for n in range(1000 - len(payloads), 1000)]
    assert (1 << 20) / 60_000 < len(payloads) < 12e6 / 60_000


def test_who_was_here_before_and_is_heard_late_loses_no_large_segment() -> None:
    place = Place()
    one, late = place.reader("one"), place.reader("late")
    place.run(0.2)
    writer = place.writer("cam", **LARGE, rate=FAST)
    up, down = writer.seat.arrive, late.seat.arrive
    deaf = {writer.name, late.name}

    def hear(datagram: Datagram) -> None:
        if writer.name not in deaf or datagram.origin != late.seat.origin:
            up(datagram)

    def receive(datagram: Datagram) -> None:
        if late.name not in deaf or datagram.data[0] >> 4 != 1:  # no NORM
            down(datagram)

    writer.seat.arrive = hear  # type: ignore[method-assign]
    late.seat.arrive = receive  # type: ignore[method-assign]
    place.run(0.6)
    kept = (LARGE["window_bytes"] + 2 * BLOCK * 62_500) // 44_000
    for number in range(kept - 1):
        writer.send("a", b"%044000d" % number)
        place.run(0.005)
    deaf.remove(writer.name)
    assert place.run(1.5, done=lambda: len(writer.core.members) == 2)
    for number in range(kept - 1, kept + 30):
        writer.send("a", b"%044000d" % number)
        place.run(0.002)
    deaf.remove(late.name)
    ticket = writer.received()
    assert place.run(10.0, done=lambda: writer.receipt(ticket) is not None)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"one", "late"}
    whole = [b"%044000d" % number for number in range(kept + 30)]
    assert one.payloads("a") == late.payloads("a") == whole


def test_a_window_that_holds_hardly_a_large_segment_stops_nothing() -> None:
    place = Place()
    reader = place.reader("screen")
    place.run(0.2)
    writer = place.writer("cam", **{**LARGE, "window_bytes": 1 << 16}, rate=FAST)
    place.run(0.2)
    sizes = [65_560, 60_000, 3000, 200_000, 62_479, 62_480] * 5
    for size in sizes:
        writer.send("a", bytes(size), flush=False)
    writer.close()
    assert place.run(10.0, done=lambda: writer.closed)
    assert [len(payload) for payload in reader.payloads("a")] == sizes
