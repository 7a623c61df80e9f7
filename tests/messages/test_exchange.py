"""Publishers and subscribers in virtual time: what is sent, arrives or is told."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest

from groupwire.errors import ClosedError, DecodeError, MessageTooLarge, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import (
    Batch,
    CaughtUp,
    Closed,
    Gap,
    Lagging,
    LostTold,
    MemberJoined,
    MemberLeft,
    PublisherRestarted,
    ReceiptEnded,
    RoomFreed,
)
from groupwire.messages.frames import HEAD_BYTES
from groupwire.messages.members import LeaveReason
from groupwire.messages.publish.publisher import Publisher
from groupwire.messages.rules import StartAt
from groupwire.norm import AdaptiveConfig, ObjectFlag
from groupwire.norm.wire.message import decode
from groupwire.norm.wire.objects import Data
from groupwire.testing import Faults
from groupwire.values import Datagram

from .places import PERFECT, Place, Reader, Writer

FAST = AdaptiveConfig(start_bytes_per_s=20e6, floor_bytes_per_s=2e6)
LOSSY = [
    Faults(loss=0.02, delay_s=0.001),
    Faults(loss=0.1, delay_s=0.001, reordering=0.1, late_s=0.003),
    Faults(loss=0.3, delay_s=0.002),
    Faults(loss=0.1, burst=5, delay_s=0.001, duplication=0.2),
    Faults(duplication=0.5, reordering=0.5, late_s=0.005, delay_s=0.001),
]


def numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def fill(writer: Writer, last: int, *, first: int = 0, size: int = 500) -> int:
    """Send numbers until the queue is full; return the next one."""
    sent = first
    try:
        while sent < last:
            writer.send("a", b"%d" % sent + bytes(size), flush=False)
            sent += 1
    except QueueFull:
        pass
    writer.seat.do(lambda core, now: core.flush(now=now))
    return sent


def everyone(place: Place, *readers: Reader) -> None:
    """Let the group find each other."""
    place.run(0.2)
    assert readers


def test_a_message_arrives_at_once() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam")
    everyone(place, reader)
    assert writer.send("a/b", b"hello") == 0
    place.run(0.01)
    [batch] = reader.batches
    assert (batch.publisher.name, batch.topic, batch.sequence) == ("cam", "a/b", 0)
    assert batch.payloads == [b"hello"]
    assert batch.delivery is Delivery.RELIABLE


def test_the_first_message_is_had_by_who_was_there_before() -> None:
    place = Place()
    reader = place.reader("screen")
    place.run(5.0)
    writer = place.writer("cam")
    writer.send("a", b"first")
    place.run(0.5)
    assert reader.messages == [("a", b"first")]


@pytest.mark.parametrize("faults", LOSSY)
@pytest.mark.parametrize("seed", range(3))
def test_everything_arrives_in_order_whatever_the_network_does(
    seed: int, faults: Faults
) -> None:
    place = Place(seed)
    readers = [place.reader(f"r{n}", faults) for n in range(3)]
    writer = place.writer("cam", faults)
    for number in range(400):
        writer.send("a", b"%d" % number)
        place.run(0.002)
    ticket = writer.received()
    place.run(20.0, done=lambda: writer.receipt(ticket) is not None)
    place.run(1.0)
    for reader in readers:
        assert reader.payloads("a") == numbers(400)
        assert not reader.lost
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.missing == frozenset()


@pytest.mark.parametrize("size", [0, 1, 1400, 50_000, 1 << 20, 16 << 20])
def test_messages_of_every_size_arrive(size: int) -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", window_bytes=1 << 20, queue_bytes=1 << 20, rate=FAST)
    everyone(place, reader)
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    writer.send("a", payload)
    assert place.run(60.0, done=lambda: bool(reader.messages))
    writer.send("a", b"next")
    place.run(1.0)
    assert reader.payloads("a") == [payload, b"next"]


def test_a_message_that_is_too_large_is_refused() -> None:
    writer = Place().writer("cam")
    with pytest.raises(MessageTooLarge):
        writer.send("a", bytes((16 << 20) + 1))
    for delivery in Delivery:
        with pytest.raises(MessageTooLarge):
            writer.send("a", bytes((16 << 20) + 1), delivery=delivery)


@pytest.mark.parametrize("wrong", ["", "a/+", "#", "\0"])
def test_what_is_no_topic_is_refused(wrong: str) -> None:
    writer = Place().writer("cam")
    for delivery in Delivery:
        with pytest.raises(UsageError):
            writer.send(wrong, b"x", delivery=delivery)
    assert writer.send("right", b"x") == 0


def test_what_is_no_bytes_is_refused() -> None:
    writer = Place().writer("cam")
    with pytest.raises(UsageError, match="data is a int, not bytes"):
        writer.send("a", 5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="data is a str, not bytes; encode it first"):
        writer.send("a", "text")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a topic is a str, not bytes"):
        writer.send(b"a", b"x")  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", [bytearray(b"abc"), memoryview(b"abc")])
def test_bytes_may_change_after_they_were_sent(payload: bytearray) -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    everyone(place, reader)
    writer.send("a", payload, flush=False)
    if isinstance(payload, bytearray):
        payload[:] = b"xyz"
    writer.seat.do(lambda core, now: core.flush(now=now))
    place.run(0.1)
    assert reader.payloads("a") == [b"abc"]


def test_messages_in_a_row_share_datagrams() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    everyone(place, reader)
    before = place.lab.sent[writer.seat.name]
    writer.send("a", *numbers(100))
    place.run(0.01)
    assert reader.payloads("a") == numbers(100)
    assert len(reader.batches) == 1
    assert place.lab.sent[writer.seat.name] - before <= 5


def test_topics_are_filtered_and_losses_of_others_counted() -> None:
    place = Place()
    one = place.reader("one", patterns=("a/+", "c"))
    everything = place.reader("all")
    writer = place.writer("cam")
    everyone(place, one)
    for topic in ("a/1", "b", "c", "a/b/c", "$SYS/x"):
        writer.send(topic, topic.encode())
    place.run(0.1)
    assert [topic for topic, _ in one.messages] == ["a/1", "c"]
    assert [t for t, _ in everything.messages] == ["a/1", "b", "c", "a/b/c"]
    assert one.seat.core.stats.skipped == 3
    assert not one.lost


def test_odd_topics_arrive_as_they_are() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    everyone(place, reader)
    topics = ["a b", "\N{SNOWMAN}/\xe9", "x" * 1024, "/", "a\nb", "\x1b[31m"]
    for topic in topics:
        writer.send(topic, b"x")
    place.run(0.5)
    assert [topic for topic, _ in reader.messages] == topics


def test_very_many_topics_keep_their_order() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    everyone(place, reader)
    for number in range(6000):
        writer.send(f"t/{number}", b"%d" % number, flush=False)
    writer.seat.do(lambda core, now: core.flush(now=now))
    place.run(5.0)
    assert [payload for _, payload in reader.messages] == numbers(6000)


def test_many_messages_at_once_are_all_or_nothing() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", queue_bytes=1000)
    everyone(place, reader)
    parts = numbers(10)
    send = writer.seat.do
    assert send(lambda core, now: core.send_many("a", parts, now=now)) == 0
    with pytest.raises(QueueFull) as caught:
        send(lambda core, now: core.send_many("a", [bytes(600)] * 2, now=now))
    assert caught.value.room_bytes < 1000
    with pytest.raises(MessageTooLarge):
        send(lambda core, now: core.send_many("a", [b"", bytes(17 << 20)], now=now))
    with pytest.raises(UsageError, match="payloads is empty"):
        send(lambda core, now: core.send_many("a", [], now=now))
    send(lambda core, now: core.flush(now=now))
    place.run(0.1)
    assert reader.payloads("a") == parts


# Deliveries.


@pytest.mark.parametrize("seed", range(5))
def test_besteffort_tells_what_is_lost_and_repairs_nothing(seed: int) -> None:
    place = Place(seed)
    reader = place.reader("screen", Faults(loss=0.1, delay_s=0.001))
    writer = place.writer("cam", delivery=Delivery.BESTEFFORT)
    everyone(place, reader)
    for number in range(500):
        writer.send("a", b"%d" % number)
        place.run(0.002)
    writer.close()
    place.run(2.0)
    had = list(map(int, reader.payloads("a")))
    assert had == sorted(set(had))
    assert 300 < len(had) < 500
    assert len(had) + reader.lost == 500
    assert writer.core.stats.repair_packets == 0


@pytest.mark.parametrize("seed", range(5))
def test_gaps_stand_where_messages_are_lacking(seed: int) -> None:
    place = Place(seed)
    reader = place.reader("screen", Faults(loss=0.2, delay_s=0.001))
    writer = place.writer("cam", delivery=Delivery.BESTEFFORT)
    everyone(place, reader)
    for number in range(200):
        writer.send("a", b"%d" % number)
        place.run(0.002)
    place.run(1.0)
    expected = 0
    for event in reader.of(Batch, Gap):
        if isinstance(event, Gap):
            expected += event.lost
            continue
        assert event.sequence == expected
        assert event.payloads[0] == b"%d" % expected
        expected += len(event.payloads)


@pytest.mark.parametrize("faults", [PERFECT, LOSSY[0], LOSSY[2]])
def test_latest_arrives_at_last_whatever_the_network_does(faults: Faults) -> None:
    place = Place()
    readers = [place.reader(f"r{n}", faults) for n in range(3)]
    writer = place.writer("cam", faults, delivery=Delivery.LATEST)
    everyone(place, *readers)
    for number in range(300):
        writer.send(f"t/{number % 3}", b"%d" % number)
        place.run(0.002)
    place.run(5.0)
    for reader in readers:
        for topic in range(3):
            had = list(map(int, reader.payloads(f"t/{topic}")))
            assert had == sorted(set(had))
            assert had[-1] == 297 + topic
        assert not reader.of(Gap)


def test_latest_sends_the_newest_where_the_network_is_slow() -> None:
    place = Place()
    slow = Faults(delay_s=0.001, rate_bytes_per_s=100_000, queue_bytes=20_000)
    reader = place.reader("screen", slow)
    rate = AdaptiveConfig(start_bytes_per_s=60_000, floor_bytes_per_s=50_000)
    writer = place.writer("cam", delivery=Delivery.LATEST, rate=rate)
    everyone(place, reader)
    for number in range(500):
        writer.send("a", b"%d" % number + bytes(5000))
        place.run(0.002)
    assert writer.core.stats.superseded > 300
    place.run(2.0)
    had = [int(p.rstrip(b"\0")) for p in reader.payloads("a")]
    assert had == sorted(set(had))
    assert had[-1] == 499


def test_deliveries_are_counted_and_ordered_each_by_itself() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    everyone(place, reader)
    for number in range(30):
        for delivery in Delivery:
            assert writer.send("a", b"%d" % number, delivery=delivery) == number
        place.run(0.01)
    for delivery in Delivery:
        batches = [b for b in reader.batches if b.delivery is delivery]
        assert [p for b in batches for p in b.payloads] == numbers(30)


# Delay and queues.


def test_with_a_delay_bound_messages_wait_for_others() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", delay_s=0.05)
    everyone(place, reader)
    writer.send("a", b"1", flush=False)
    place.run(0.03)
    writer.send("a", b"2", flush=False)
    assert not reader.messages
    place.run(0.03)
    assert len(reader.batches) == 1
    assert reader.payloads("a") == [b"1", b"2"]


def test_who_changes_the_topic_waits_no_longer_than_the_delay_bound() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", delay_s=0.05)
    everyone(place, reader)
    writer.send("a", b"1", flush=False)
    place.run(0.03)
    writer.send("b", b"2", flush=False)
    place.run(0.03)
    assert reader.messages == [("a", b"1"), ("b", b"2")]
    writer.send("a", b"3", flush=False)
    place.run(0.03)
    assert len(reader.messages) == 2
    place.run(0.03)
    assert len(reader.messages) == 3


def test_what_waited_behind_a_delay_leaves_though_the_next_is_skipped() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", delay_s=0.05)
    everyone(place, reader)
    writer.send("a", b"0", flush=False)
    writer.seat.do(lambda core, _: core.skip(2))
    place.run(0.1)
    assert reader.payloads("a") == [b"0"]


def test_a_full_queue_refuses_and_says_when_it_is_free() -> None:
    place = Place()
    reader = place.reader("screen")
    rate = AdaptiveConfig(start_bytes_per_s=200_000, floor_bytes_per_s=200_000)
    writer = place.writer("cam", queue_bytes=50_000, window_bytes=1 << 16, rate=rate)
    everyone(place, reader)
    sent = fill(writer, 100_000, size=0)
    assert sent < 100_000
    assert place.run(5.0, done=lambda: RoomFreed(Delivery.RELIABLE) in writer.events)
    assert writer.core.room_bytes() > 20_000
    writer.send("a", b"%d" % sent)
    place.run(5.0)
    assert reader.payloads("a") == numbers(sent + 1)


def test_room_is_told_when_there_is_enough_for_what_was_refused() -> None:
    place = Place()
    reader = place.reader("screen")
    rate = AdaptiveConfig(start_bytes_per_s=20_000, floor_bytes_per_s=20_000)
    tight = {"queue_bytes": 20_000, "window_bytes": 1 << 16, "segment_bytes": 200}
    writer = place.writer("cam", rate=rate, **tight)
    everyone(place, reader)

    def takes(topic: str, size: int) -> bool:
        try:
            writer.send(topic, bytes(size))
        except QueueFull:
            return False
        return True

    room = RoomFreed(Delivery.RELIABLE)
    sent = tries = 0
    while takes(f"t/{sent % 2}", 1000):  # each has a frame of its own
        sent += 1
    while not takes("large", 30_000):
        tries += 1
        writer.events.clear()
        assert place.run(30.0, done=lambda: room in writer.events)
    assert tries <= 2
    place.run(30.0)
    assert len(reader.messages) == sent + 1


def test_a_slow_consumer_holds_the_publisher_back_and_loses_nothing() -> None:
    place = Place()
    fast = place.reader("fast")
    slow = place.reader("slow", slow=True, queue_bytes=50_000)
    writer = place.writer("cam", queue_bytes=1 << 16, window_bytes=1 << 19, rate=FAST)
    everyone(place, fast, slow)
    sent = 0
    for _ in range(400):
        sent = fill(writer, 1 << 30, first=sent)
        slow.seat.down.cut = slow.seat.core.paused  # its socket holds nothing more
        place.run(0.01)
        slow.take(20_000)
        slow.seat.down.cut = slow.seat.core.paused
    for _ in range(1000):
        slow.take()
        slow.seat.down.cut = False
        place.run(0.05)
        if len(slow.messages) == sent:
            break
    assert len(fast.messages) == len(slow.messages) == sent
    assert not slow.lost
    assert not any(isinstance(e, Lagging) for e in writer.events)


def test_who_reads_nothing_because_it_is_full_calls_nobody_silent() -> None:
    place = Place()
    full = place.reader("full", slow=True, queue_bytes=10_000)
    writer = place.writer("cam", patience_s=60.0)
    everyone(place, full)
    fill(writer, 50)
    assert place.run(1.0, done=lambda: full.seat.core.paused)
    full.seat.down.cut = True
    place.run(30.0)
    assert not full.of(MemberLeft)
    full.seat.down.cut = False
    full.take()
    place.run(10.0, done=lambda: full.seat.core.paused)
    place.run(20.0)
    assert not full.of(MemberLeft)


def test_who_never_reads_is_named_and_waited_for_no_more() -> None:
    place = Place()
    fast, dead = place.reader("fast"), place.reader("dead")
    writer = place.writer("cam", queue_bytes=1 << 16, window_bytes=1 << 19, rate=FAST)
    everyone(place, fast, dead)
    dead.seat.down.cut = True  # it speaks, and hears nothing
    sent = 0
    for _ in range(1000):
        sent = fill(writer, 20_000, first=sent)
        place.run(0.05)
        if len(fast.messages) == 20_000:
            break
    assert len(fast.messages) == 20_000
    assert not fast.lost
    lagging = [event for event in writer.events if isinstance(event, Lagging)]
    assert [event.member.name for event in lagging] == ["dead"]
    assert lagging[0].bytes_behind > 0
    dead.seat.down.cut = False
    place.run(10.0)
    assert len(dead.messages) + dead.lost == 20_000
    assert dead.lost
    told = [e for e in writer.events if isinstance(e, LostTold)]
    assert sum(event.messages for event in told) == dead.lost
    writer.send("a", b"more")
    ticket = writer.received()
    place.run(10.0, done=lambda: writer.receipt(ticket) is not None)
    assert dead.messages[-1] == ("a", b"more")
    assert any(isinstance(event, CaughtUp) for event in writer.events)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"fast", "dead"}


def test_a_subscriber_that_stands_still_for_a_while_loses_nothing() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", queue_bytes=1 << 20, window_bytes=1 << 20, rate=FAST)
    everyone(place, reader)
    reader.seat.pause()
    sent = 0
    for step in range(500):
        sent = fill(writer, 10 * step, first=sent)
        place.run(0.01)
        if step == 400:
            reader.seat.resume()
    place.run(10.0)
    assert len(reader.messages) + reader.lost == sent
    assert not reader.lost


# Receipts.


def test_a_ticket_names_who_has_it_and_who_has_not() -> None:
    place = Place()
    here, gone = place.reader("here"), place.reader("gone")
    writer = place.writer("cam", patience_s=2.0)
    everyone(place, here, gone)
    gone.seat.crash()
    writer.send("a", b"x")
    ticket = writer.received({"here", "gone", "never"})
    assert place.run(10.0, done=lambda: writer.receipt(ticket) is not None)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"here"}
    assert receipt.missing == {"gone", "never"}


def test_a_ticket_is_answered_within_a_few_round_trips() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    everyone(place, reader)
    for _ in range(20):
        writer.send("a", b"x")
        place.run(0.2)
    writer.send("a", b"x")
    started = place.now
    ticket = writer.received()
    place.run(5.0, done=lambda: writer.receipt(ticket) is not None)
    assert place.now - started < 0.03


def test_what_waits_in_a_queue_has_to_be_received_too() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", window_bytes=1 << 19, queue_bytes=1 << 24, rate=FAST)
    everyone(place, reader)
    for number in range(400):
        writer.send("a", b"%04d" % number * 1000)
    ticket = writer.received()
    assert place.run(20.0, done=lambda: writer.receipt(ticket) is not None)
    assert len(reader.payloads("a")) == 400
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"screen"}


def test_where_nobody_is_here_a_ticket_ends_at_once() -> None:
    place = Place()
    writer = place.writer("cam")
    writer.send("a", b"x")
    receipt = writer.receipt(writer.received())
    assert receipt is not None
    assert (receipt.received, receipt.missing) == (frozenset(), frozenset())


def test_a_ticket_of_the_newest_is_answered_too() -> None:
    place = Place()
    reader = place.reader("screen", LOSSY[1])
    writer = place.writer("cam", LOSSY[1], delivery=Delivery.LATEST)
    everyone(place, reader)
    for number in range(20):
        writer.send("a", b"%d" % number)
        place.run(0.001)
    ticket = writer.received({"screen"})
    assert place.run(5.0, done=lambda: writer.receipt(ticket) is not None)
    assert reader.payloads("a")[-1] == b"19"
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"screen"}


# Coming and going.


def test_who_was_here_before_is_waited_for_from_the_first_message_on() -> None:
    place = Place()
    reader = place.reader("screen")
    place.run(1.0)
    reader.seat.down.cut = True
    writer = place.writer("cam")
    writer.send("a", b"first")
    writer.send("b", b"first", delivery=Delivery.LATEST)
    place.run(0.01)
    reader.seat.down.cut = False
    place.run(1.0, done=lambda: bool(writer.core.members))
    ticket = writer.received()
    writer.close()
    assert place.run(10.0, done=lambda: writer.closed)
    assert sorted(reader.messages) == [("a", b"first"), ("b", b"first")]
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"screen"}


def test_who_was_here_before_has_all_values_though_it_heard_the_last_one_only() -> None:
    place = Place()
    reader = place.reader("screen")
    place.run(1.0)
    writer = place.writer("cam", delivery=Delivery.LATEST)
    place.run(0.1)
    reader.seat.down.cut = True
    for number in range(20):
        writer.send(f"t/{number % 4}", b"%d" % number)
        place.run(0.01)
    reader.seat.down.cut = False
    writer.send("last", b"20")
    place.run(2.0)
    values = dict(reader.messages)
    topics = {f"t/{number % 4}": b"%d" % number for number in range(16, 20)}
    assert values == {**topics, "last": b"20"}


@pytest.mark.parametrize("delivery", [Delivery.RELIABLE, Delivery.BESTEFFORT])
def test_who_has_heard_nothing_of_a_stream_is_told_what_it_lacks(
    delivery: Delivery,
) -> None:
    place = Place()
    reader = place.reader("screen")
    place.run(1.0)
    writer = place.writer("cam", patience_s=0.5)
    place.run(0.1)
    reader.seat.cut()
    writer.send("a", b"1", b"2", b"3", delivery=delivery)
    place.run(1.0)
    writer.close()
    writer.seat.down.cut = True  # nobody asks for repair, and is heard
    place.run(0.01)
    writer.seat.on_event = None
    reader.seat.down.cut = False
    place.run(3.0)
    [left] = [e for e in reader.events if isinstance(e, MemberLeft)]
    assert left.reason is LeaveReason.SAID
    assert len(reader.messages) + reader.lost == 3


@pytest.mark.parametrize("seed", range(5))
def test_of_what_is_not_repaired_the_window_begins_now(seed: int) -> None:
    place = Place(seed)
    writer = place.writer("cam", delivery=Delivery.BESTEFFORT)
    flow(place, writer, 0, 100)
    late = place.reader("late", start_at=StartAt.WINDOW)
    place.run(0.3)
    late.seat.down.cut = True
    writer.send("t/0", b"100")
    place.run(0.002)
    late.seat.down.cut = False
    flow(place, writer, 101, 120)
    place.run(1.0)
    assert [int(p) for _, p in late.messages] == list(range(101, 120))
    assert late.lost == 1


def test_no_ticket_stays_open_when_a_publisher_has_gone() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", patience_s=2.0)
    everyone(place, reader)
    reader.seat.cut()
    tickets: list[int] = []
    for number in range(4):
        writer.send("a", b"%d" % number, delivery=list(Delivery)[number % 2 * 2])
        tickets.append(writer.received())
        place.run(0.7)
    writer.close()
    assert place.run(20.0, done=lambda: writer.closed)
    for ticket in tickets:
        receipt = writer.receipt(ticket)
        assert receipt is not None
        assert receipt.missing == {"screen"}


def test_nothing_joins_the_last_frame_of_a_publisher_that_closes() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", window_bytes=1 << 16)
    everyone(place, reader)

    def join(core: Publisher, _: float) -> int:
        return core.join("a", b"more")

    # The window is full, and a frame is open until there is room.
    sent = writer.send("a", *[bytes(1000)] * 500, flush=False)
    assert writer.seat.do(join) == sent + 1
    writer.close()
    assert writer.seat.do(join) == -1
    assert place.run(20.0, done=lambda: writer.closed)
    assert len(reader.messages) == sent + 2


def test_a_publisher_that_closes_has_told_everything() -> None:
    place = Place(3)
    faults = Faults(loss=0.2, delay_s=0.001)
    readers = [place.reader(f"r{n}", faults) for n in range(3)]
    writer = place.writer("cam", faults)
    everyone(place, *readers)
    writer.send("a", *[bytes(1000)] * 500, flush=False)
    writer.close()
    with pytest.raises(ClosedError):
        writer.send("a", b"more")
    assert place.run(20.0, done=lambda: writer.closed)
    assert Closed(frozenset()) in writer.events
    for reader in readers:
        assert len(reader.messages) == 500
    # All three words of farewell may be lost to one of them: it is silent then.
    assert place.run(20.0, done=lambda: all(map(gone, readers)))
    for reader in readers:
        (left,) = gone(reader)
        assert left.member.name == "cam"
        behind = reader.events[reader.events.index(left) + 1 :]
        assert all(isinstance(event, MemberJoined) for event in behind)


def gone(reader: Reader) -> list[MemberLeft]:
    return [event for event in reader.events if isinstance(event, MemberLeft)]


def test_a_closing_publisher_waits_for_the_silent_no_longer_than_its_patience() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", patience_s=2.0)
    everyone(place, reader)
    reader.seat.cut()
    writer.send("a", b"x")
    started = place.now
    writer.close()
    assert place.run(20.0, done=lambda: writer.closed)
    assert 1.0 < place.now - started < 6.0
    assert Closed(frozenset({"screen"})) in writer.events


def test_members_know_each_other() -> None:
    place = Place()
    reader = place.reader("screen")
    writer, other = place.writer("cam"), place.writer("mic")
    place.run(0.3)
    assert {m.name for m in reader.seat.core.members} == {"cam", "mic"}
    assert {m.name for m in writer.core.members} == {"screen", "mic"}
    reader.close()
    place.run(0.3)
    assert reader.seat.core.closed
    left = [e for e in other.events if isinstance(e, MemberLeft)]
    assert [(e.member.name, e.reason) for e in left] == [("screen", LeaveReason.SAID)]


@pytest.mark.parametrize("seed", range(5))
def test_who_is_here_is_not_called_silent_though_a_third_is_lost(seed: int) -> None:
    place = Place(seed)
    faults = Faults(loss=0.3, delay_s=0.001)  # and as much on the way to the group
    readers = [place.reader(f"r{n}", faults) for n in range(5)]
    writer = place.writer("cam", faults)
    place.run(60.0)
    everybody = [writer.events, *(reader.events for reader in readers)]
    for events in everybody:
        assert len([e for e in events if isinstance(e, MemberJoined)]) >= 5
    silent = sum(isinstance(e, MemberLeft) for events in everybody for e in events)
    assert silent <= 2


def test_a_publisher_that_crashes_is_silent_and_its_next_life_is_another() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    everyone(place, reader)
    writer.send("a", b"before")
    place.run(0.1)
    writer.seat.crash()
    place.run(1.0)
    writer.restart()
    writer.send("a", b"after")
    place.run(10.0)
    assert reader.payloads("a") == [b"before", b"after"]
    restarted = reader.of(PublisherRestarted)
    assert [e.publisher.name for e in restarted] == ["cam"]
    first, second = reader.batches
    assert first.publisher.id != second.publisher.id
    assert first.sequence == second.sequence == 0


@pytest.mark.parametrize("seed", range(4))
def test_two_publishers_of_one_name_are_told_apart(seed: int) -> None:
    place = Place(seed)
    faults = Faults(loss=0.1, delay_s=0.001)
    reader = place.reader("screen", faults)
    one, two = place.writer("cam", faults), place.writer("cam", faults)
    everyone(place, reader)
    for number in range(100):
        one.send("a", b"1-%d" % number)
        two.send("a", b"2-%d" % number)
        place.run(0.005)
    place.run(3.0)
    labels = {batch.publisher.label for batch in reader.batches}
    assert "cam" in labels
    assert len(labels) == 2
    for mark in (b"1-", b"2-"):
        had = [p for p in reader.payloads("a") if p.startswith(mark)]
        assert had == [mark + b"%d" % number for number in range(100)]


@pytest.mark.parametrize("cut_s", [2.0, 8.0, 40.0])
def test_a_partition_heals_and_what_is_lost_is_told(cut_s: float) -> None:
    place = Place()
    away, here = place.reader("away"), place.reader("here")
    writer = place.writer("cam")
    everyone(place, away, here)
    sent = 0
    for until, cut in ((1.0, False), (1.0 + cut_s, True), (20.0 + cut_s, False)):
        away.seat.cut(up=cut, down=cut)
        while place.now < until + 0.2:
            writer.send("a", b"%d" % sent)
            sent += 1
            place.run(0.05)
    place.run(10.0)
    assert here.payloads("a") == numbers(sent)
    had = list(map(int, away.payloads("a")))
    assert had == sorted(set(had))
    assert len(had) + away.lost == sent
    assert had[-1] == sent - 1
    assert not away.lost  # the window holds all of it


def test_what_the_window_holds_no_more_is_a_gap_of_the_right_size() -> None:
    place = Place()
    away, here = place.reader("away"), place.reader("here")
    writer = place.writer("cam", window_bytes=1 << 18, queue_bytes=1 << 24, rate=FAST)
    everyone(place, away, here)
    away.seat.cut()
    place.run(8.0)
    for number in range(2000):
        writer.send("a", b"%d" % number + bytes(1000))
        place.run(0.002)
    away.seat.cut(up=False, down=False)
    for number in range(2000, 3000):
        writer.send("a", b"%d" % number + bytes(1000))
        place.run(0.002)
    place.run(30.0)
    had = [int(p.rstrip(b"\0")) for p in away.payloads("a")]
    assert had == sorted(set(had))
    assert away.lost > 1000
    assert len(had) + away.lost == 3000
    assert had[-1] == 2999


# Joining late.


@pytest.mark.parametrize("delivery", list(Delivery))
def test_what_waits_while_a_subscriber_comes_is_for_it_too(delivery: Delivery) -> None:
    place = Place()
    writer = place.writer("cam", delay_s=0.1, delivery=delivery)
    writer.send("a", b"before")
    place.run(1.0)
    reader = place.reader("late")
    assert place.run(
        1.0, done=lambda: any(m.name == "late" for m in writer.core.members)
    )
    writer.send("b", b"counted", flush=False)
    place.run(1.0)
    assert reader.messages == [("b", b"counted")]
    assert not reader.lost


def flow(place: Place, writer: Writer, first: int, last: int) -> None:
    for number in range(first, last):
        writer.send(f"t/{number % 3}", b"%d" % number)
        place.run(0.01)


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("seed", range(6))
def test_who_joins_late_begins_now(seed: int, loss: float) -> None:
    place = Place(seed)
    faults = Faults(loss=loss, delay_s=0.001)
    writer = place.writer("cam", faults)
    flow(place, writer, 0, 200)
    late = place.reader("late", faults)
    assert place.run(5.0, done=lambda: bool(late.of(MemberJoined)))
    flow(place, writer, 200, 300)
    place.run(5.0)
    had = [int(payload) for _, payload in late.messages]
    assert had == list(range(300 - len(had), 300))
    assert 100 <= len(had) <= 101
    assert not late.lost


def numbers_heard(reader: Reader) -> list[int]:
    """Return what a reader's socket hears for the first time of a flow's stream."""
    heard: list[int] = []
    arrive = reader.seat.arrive

    def listen(datagram: Datagram) -> None:
        with suppress(DecodeError):
            data = decode(datagram.data)
            if isinstance(data, Data) and not data.flags & ObjectFlag.REPAIR:
                at = HEAD_BYTES + len("t/0")
                at += 8 if data.flags & ObjectFlag.STREAM else 0
                heard.append(int(bytes(data.payload[at:])))
        arrive(datagram)

    reader.seat.arrive = listen  # type: ignore[method-assign]
    return heard


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("delivery", [Delivery.RELIABLE, Delivery.LATEST])
@pytest.mark.parametrize("seed", range(6))
def test_who_joins_amid_a_flow_misses_nothing_after_what_it_heard_first(
    seed: int, delivery: Delivery, loss: float
) -> None:
    place = Place(seed)
    faults = Faults(loss=loss, delay_s=0.001)
    writer = place.writer("cam", faults, delivery=delivery)
    flow(place, writer, 0, 100)
    late = place.reader("late", faults)
    heard = numbers_heard(late)
    flow(place, writer, 100, 300)
    place.run(5.0)
    had = [int(payload) for _, payload in late.messages]
    if delivery is Delivery.RELIABLE:
        assert had == list(range(had[0], 300))
        assert 100 <= had[0] <= heard[0]
    assert {297, 298, 299} <= set(had)
    assert not late.lost


@pytest.mark.parametrize("loss", [0.0, 0.3])
@pytest.mark.parametrize("delivery", list(Delivery))
def test_who_wants_them_has_the_last_value_of_each_topic(
    delivery: Delivery, loss: float
) -> None:
    place = Place()
    faults = Faults(loss=loss, delay_s=0.001)
    writer = place.writer("cam", faults, delivery=delivery)
    flow(place, writer, 0, 100)
    late = place.reader(
        "late", faults, start_at=StartAt.LAST_VALUE, patterns=("t/0", "t/1")
    )
    other = place.reader("other", faults)
    place.run(4.0)
    values = sorted(late.messages)
    assert values == [("t/0", b"99"), ("t/1", b"97")]
    assert all(batch.last_value for batch in late.batches)
    assert {(b.topic, b.sequence) for b in late.batches} == {("t/0", 99), ("t/1", 97)}
    assert not other.messages
    assert not late.lost


def test_who_wants_the_window_has_all_that_is_kept() -> None:
    place = Place()
    writer = place.writer("cam")
    flow(place, writer, 0, 300)
    late = place.reader("late", Faults(loss=0.1), start_at=StartAt.WINDOW)
    flow(place, writer, 300, 350)
    place.run(5.0)
    assert [int(payload) for _, payload in late.messages] == list(range(350))
    assert not late.lost


def test_who_joins_late_is_waited_for_only_from_then_on() -> None:
    place = Place()
    writer = place.writer("cam")
    flow(place, writer, 0, 50)
    late = place.reader("late")
    place.run(0.5)
    ticket = writer.received()
    assert place.run(2.0, done=lambda: writer.receipt(ticket) is not None)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"late"}
    assert not late.messages


# How much is said.


def test_a_storm_of_peers_says_little_more_than_what_it_has_to_say() -> None:
    place = Place(loopback=False)
    writers = [place.writer(f"w{n}") for n in range(8)]
    readers = [place.reader(f"r{n}") for n in range(8)]
    place.run(2.0)
    before = dict(place.lab.sent)
    for number in range(500):
        for writer in writers:
            writer.send("a", b"%d" % number)
        place.run(0.02)
    sent = {name: place.lab.sent[name] - before[name] for name in before}
    for writer in writers:
        assert sent[writer.seat.name] <= 1.1 * 500 + 50 * 10
    for reader in readers:
        assert len(reader.messages) == 8 * 500
        assert sent[reader.seat.name] <= 50 * 10 * 8


def test_who_reports_before_its_first_word_is_heard_is_no_foreigner() -> None:
    place = Place()
    writer = place.writer("cam")
    writer.send("a", b"before")
    reader = place.reader("screen")
    here, there = reader.seat, writer.core.rules.node
    report = struct.pack("!BBHIII", 0x15, 9, 0, here.core.rules.node, there, 0)
    writer.seat.arrive(Datagram(report, here.origin))
    place.run(1.0)
    writer.send("a", b"after")
    writer.close()
    # Where a foreign receiver is known, it lingers for a second.
    assert place.run(0.5, done=lambda: writer.closed)
    assert reader.payloads("a")[-1] == b"after"


@pytest.mark.parametrize("delivery", [Delivery.RELIABLE, Delivery.LATEST])
def test_who_came_after_a_message_has_no_receipt_for_it(delivery: Delivery) -> None:
    place = Place()
    early = place.reader("early")
    place.run(0.5)
    writer = place.writer("writer")
    place.run(0.5)
    first = writer.send("t", b"one", delivery=delivery)
    place.run(1)
    place.reader("late")
    place.run(1)
    second = writer.send("t", b"two", delivery=delivery)

    def receipt(by: set[str] | None, sequence: int) -> ReceiptEnded | None:
        ticket = writer.seat.do(
            lambda core, now: core.want_received(
                by, now=now, sequence=sequence, delivery=delivery
            )
        )
        place.run(2)
        return writer.receipt(ticket)

    named = receipt({"early", "late"}, first)
    assert named is not None
    assert (named.received, named.missing) == ({"early"}, {"late"})
    everybody = receipt(None, first)
    assert everybody is not None
    assert (everybody.received, everybody.missing) == ({"early"}, set())
    both = receipt(None, second)
    assert both is not None
    assert both.received == {"early", "late"}
    assert len(early.batches) > 0


def test_who_came_while_a_message_waited_and_never_had_it_has_no_receipt() -> None:
    place = Place()
    early = place.reader("early")
    place.run(0.5)
    writer = place.writer("cam", delay_s=0.1)
    writer.send("a", b"before")
    place.run(1.0)
    late = place.reader("late")
    assert place.run(1, done=lambda: any(m.name == "late" for m in writer.core.members))
    counted = writer.send("a", b"counted", flush=False)
    place.run(0.09)
    late.seat.cut(up=False)
    place.run(0.3)  # what is sent for the first time is lost on the way to it
    late.seat.cut(up=False, down=False)
    after = writer.send("a", b"after")
    place.run(1)
    assert early.payloads("a") == [b"before", b"counted", b"after"]
    assert late.payloads("a") == [b"after"]

    def receipt(sequence: int) -> ReceiptEnded | None:
        ticket = writer.seat.do(
            lambda core, now: core.want_received(None, now=now, sequence=sequence)
        )
        place.run(2)
        return writer.receipt(ticket)

    lost, had = receipt(counted), receipt(after)
    assert lost is not None
    assert (lost.received, lost.missing) == ({"early"}, {"late"})
    assert had is not None
    assert (had.received, had.missing) == ({"early", "late"}, set())


def test_many_messages_larger_than_the_queue_are_sent_once_or_refused() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer("cam", queue_bytes=64 << 10, window_bytes=64 << 10)
    everyone(place, reader)
    parts = [bytes(1000)] * 2000
    send = writer.seat.do
    assert send(lambda core, now: core.send_many("a", parts, now=now)) == 0
    assert writer.core.stats.messages == len(parts)
    with pytest.raises(UsageError, match="do not fit into a queue"):
        send(lambda core, now: core.send_many("a", [bytes(1 << 20)] * 17, now=now))
    place.run(10)
    assert reader.payloads("a") == parts


def test_who_lagged_and_lost_something_has_no_receipt_for_it() -> None:
    place = Place(5)
    reader = place.reader("screen")
    writer = place.writer("cam", window_bytes=1 << 20, patience_s=0.5)
    everyone(place, reader)
    before = writer.send("a", b"before")
    place.run(1)
    reader.seat.cut()
    for _ in range(40):
        with suppress(QueueFull):
            writer.send("a", *[bytes(1000)] * 100)
        place.run(0.1)
    reader.seat.cut(up=False, down=False)
    place.run(20)
    assert any(isinstance(event, Gap) for event in reader.events)
    assert any(isinstance(event, CaughtUp) for event in writer.events)

    def missing(sequence: int) -> set[str]:
        ticket = writer.seat.do(
            lambda core, now: core.want_received(None, now=now, sequence=sequence)
        )
        place.run(2)
        receipt = writer.receipt(ticket)
        assert receipt is not None
        return set(receipt.missing)

    assert missing(before + 1) == {"screen"}
    assert missing(writer.send("a", b"after")) == set()


def test_who_leaves_at_once_names_those_that_may_lack_something() -> None:
    place = Place()
    reader = place.reader("screen", slow=True, queue_bytes=1)
    writer = place.writer("cam")
    everyone(place, reader)
    writer.send("a", b"one", b"two")
    writer.seat.do(lambda core, now: core.abandon(now=now))
    place.run(1)
    (closed,) = [event for event in writer.events if isinstance(event, Closed)]
    assert closed.missing == {"screen"}


@pytest.mark.parametrize("delivery", [Delivery.RELIABLE, Delivery.LATEST])
def test_who_is_heard_of_later_is_asked_though_another_does_not_answer(
    delivery: Delivery,
) -> None:
    place = Place()
    slow = place.reader("slow", slow=True, queue_bytes=1)
    quick = place.reader("quick")
    place.run(0.5)
    writer = place.writer("writer", patience_s=60.0)
    quick.seat.cut(up=True, down=False)
    place.run(0.05)
    writer.send("t", b"one", delivery=delivery)
    slow_ticket = writer.received({"slow"})
    place.run(0.1)
    quick.seat.cut(up=False, down=False)
    place.run(0.4)
    ticket = writer.received({"quick"})
    place.run(1)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"quick"}
    assert writer.receipt(slow_ticket) is None
    assert slow.untaken > 0


def test_a_ticket_that_is_ended_waits_for_nobody_any_more() -> None:
    place = Place()
    quick, slow = place.reader("quick"), place.reader("slow", slow=True, queue_bytes=1)
    writer = place.writer("cam")
    everyone(place, quick, slow)
    writer.send("a", b"1", b"2")
    tickets = [writer.received(), writer.received({"slow", "nobody"})]
    place.run(1.0)
    assert [writer.receipt(ticket) for ticket in tickets] == [None, None]
    for ticket in (*tickets, tickets[0], 99):  # once more, or none: nothing happens
        writer.seat.do(lambda core, now, of=ticket: core.end_ticket(of, now=now))
    receipts = [writer.receipt(ticket) for ticket in tickets]
    assert [(r.received, r.missing) for r in receipts if r] == [
        ({"quick"}, {"slow"}),
        (set(), {"slow", "nobody"}),
    ]
    ended = [event for event in writer.events if isinstance(event, ReceiptEnded)]
    assert len(ended) == 2
    later = writer.received()  # the others do not wait for what has ended
    slow.take()
    assert place.run(5.0, done=lambda: writer.receipt(later) is not None)
    receipt = writer.receipt(later)
    assert receipt is not None
    assert receipt.received == {"quick", "slow"}


def test_feedback_that_is_read_in_a_row_is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    everyone(place, reader)
    writer.send("a", b"1")
    place.run(0.1)
    core, turns, turn = writer.core, list[float](), writer.core._audience.turn

    def counted(now: float) -> None:
        turns.append(now)
        turn(now)

    monkeypatch.setattr(core._audience, "turn", counted)
    node, to = reader.seat.core.rules.node, core.rules.node
    report = struct.pack("!BBHIII", 0x15, 9, 0, node, to, 0)
    for _ in range(50):
        core.handle_datagram(Datagram(report, reader.seat.origin), now=place.now)
    assert not turns
    writer.seat.drain()
    assert turns == [place.now]
