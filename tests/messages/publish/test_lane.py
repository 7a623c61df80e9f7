"""A stream of messages where the window has no room."""

from __future__ import annotations

from contextlib import suppress

from tests.messages.places import Place

from groupwire.messages.errors import QueueFull
from groupwire.messages.events import Closed
from groupwire.norm import AdaptiveConfig

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
