"""What goes wrong in a group, in virtual time: each loss is told, nothing is mixed."""

from __future__ import annotations

from ipaddress import ip_address
from random import Random

import pytest

from groupwire.errors import UsageError
from groupwire.gather import Kind, Tagged
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import (
    Batch,
    CaughtUp,
    Gap,
    Lagging,
    LostTold,
    MemberJoined,
    MemberLeft,
    MessagesDropped,
    PublisherRestarted,
    RoomFreed,
)
from groupwire.messages.members import Role
from groupwire.messages.rules import StartAt
from groupwire.messages.wire.speech import encode_word
from groupwire.messages.wire.words import Here, Join, Left, Lost
from groupwire.norm import AdaptiveConfig
from groupwire.norm.wire.feedback import FeedbackHead, Nack
from groupwire.testing import Faults
from groupwire.values import Datagram, Origin

from .places import Place, Reader, Writer

FAST = AdaptiveConfig(start_bytes_per_s=20e6, floor_bytes_per_s=2e6)
NARROW = AdaptiveConfig(start_bytes_per_s=100_000, floor_bytes_per_s=100_000)
SMALL = {"queue_bytes": 1 << 16, "window_bytes": 1 << 19, "rate": FAST}


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


def told(reader: Reader) -> tuple[list[int], int]:
    """Return the numbers it has had, and how many it was told to have lost."""
    return [int(p.rstrip(b"\0")) for p in reader.payloads("a")], reader.lost


def check_places(reader: Reader) -> None:
    """Check that each gap stands where it is, by the sequences of each publisher."""
    expected: dict[tuple[int, Delivery], int] = {}
    for event in reader.of(Batch, Gap):
        key = event.publisher.id, event.delivery
        if isinstance(event, Gap):
            expected[key] = expected.get(key, 0) + event.lost
        else:
            assert event.sequence == expected.setdefault(key, event.sequence)
            expected[key] += len(event.payloads)


# Slow, paused, dead.


def test_a_subscriber_that_never_reads_holds_nobody_up_and_is_told_its_gap() -> None:
    place = Place()
    fast = place.reader("fast")
    dead = place.reader("dead", slow=True, queue_bytes=50_000)
    writer = place.writer("cam", **SMALL)
    place.run(0.2)
    sent = 0
    for _ in range(2000):
        sent = fill(writer, 20_000, first=sent)
        place.run(0.02)
        dead.seat.down.cut = dead.seat.core.paused  # its socket holds nothing more
        if len(fast.messages) == 20_000:
            break
    assert len(fast.messages) == 20_000
    [lagging] = [e for e in writer.events if isinstance(e, Lagging)]
    assert lagging.member.name == "dead"
    ticket = writer.received({"dead"})
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.missing == {"dead"}  # at once: it lags
    for _ in range(500):
        dead.take()
        dead.seat.down.cut = False
        place.run(0.05)
    had, lost = told(dead)
    assert had == sorted(set(had))
    assert len(had) + lost == 20_000
    assert lost > 10_000
    check_places(dead)
    assert any(isinstance(e, CaughtUp) for e in writer.events)
    assert sum(e.messages for e in writer.events if isinstance(e, LostTold)) == lost
    writer.send("a", b"20000")
    again = writer.received({"dead"})
    assert place.run(5.0, done=lambda: writer.receipt(again) is not None)
    receipt = writer.receipt(again)
    assert receipt is not None
    assert receipt.received == {"dead"}


def test_a_ticket_for_what_a_subscriber_loses_names_it_whenever_it_was_opened() -> None:
    """Those before its gap, those across it, and those while it lags."""
    place = Place()
    here, away = place.reader("here"), place.reader("away")
    writer = place.writer("cam", **SMALL)
    place.run(0.2)
    tickets = {}
    sent = 0
    for step in range(400):
        away.seat.cut(up=50 < step < 350, down=50 < step < 350)
        sent = fill(writer, sent + 50, first=sent)
        tickets[writer.received({"away"})] = sent
        place.run(0.05)
    place.run(20.0)
    had, lost = told(away)
    assert lost
    assert len(had) + lost == sent
    missing = sorted(set(range(sent)) - set(had))
    before = after = 0
    for ticket, until in tickets.items():
        receipt = writer.receipt(ticket)
        assert receipt is not None
        if receipt.received:
            # Nothing that was lost lies between what it had acknowledged and this.
            before += until <= missing[0]
            after += until > missing[-1]
            assert until <= missing[0] or until > missing[-1]
    assert before
    assert after
    assert told(here) == (list(range(sent)), 0)


@pytest.mark.parametrize("delivery", [Delivery.RELIABLE, Delivery.LATEST])
def test_a_subscriber_that_stands_still_for_5_s_goes_on(delivery: Delivery) -> None:
    place = Place()
    still, other = place.reader("still"), place.reader("other")
    writer = place.writer("cam", delivery=delivery)
    place.run(0.2)
    for number in range(1000):
        writer.send("a", b"%d" % number)
        place.run(0.01)
        if number == 100:
            still.seat.pause()
        elif number == 600:
            still.seat.resume()
    place.run(5.0)
    had, lost = told(still)
    if delivery is Delivery.RELIABLE:
        assert (had, lost) == (list(range(1000)), 0)
        assert told(other) == (list(range(1000)), 0)
    assert had == sorted(set(had))
    assert had[-1] == 999
    assert not [e for e in still.events if isinstance(e, MemberLeft)]
    ticket = writer.received()
    assert place.run(2.0, done=lambda: writer.receipt(ticket) is not None)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"still", "other"}


def test_a_publisher_that_stands_still_for_5_s_goes_on() -> None:
    place = Place()
    reader, writer = place.reader("screen"), place.writer("cam")
    place.run(0.2)
    for number in range(300):
        writer.send("a", b"%d" % number)
        place.run(0.005)
        if number == 100:
            writer.seat.pause()
            place.run(5.0)
            writer.seat.resume()
    place.run(2.0)
    assert told(reader) == (list(range(300)), 0)
    for events in (reader.events, writer.events):
        assert not [e for e in events if isinstance(e, (MemberLeft, Lagging))]


# Publishers that come and go.


@pytest.mark.parametrize("seed", range(6))
def test_lives_of_a_publisher_are_never_mixed(seed: int) -> None:
    place = Place(seed)
    faults = Faults(loss=0.1, delay_s=0.002, reordering=0.3, late_s=0.01)
    reader, writer = place.reader("screen", faults), place.writer("cam", faults)
    place.run(0.3)
    lives = []
    for life in range(4):
        if life:
            writer.seat.crash()
            place.run(place.rng.random() * 3)
            writer.restart()
        lives.append(writer.core.rules.id)
        for number in range(200):
            writer.send("a", b"%d" % number)
            place.run(0.005)
    place.run(30.0)
    order = [b.publisher.id for b in reader.batches]
    assert [life for at, life in enumerate(order) if life not in order[:at]] == lives
    assert order == sorted(order, key=lives.index)
    check_places(reader)
    had = dict.fromkeys(lives, 0)
    for event in reader.of(Batch, Gap):
        count = event.lost if isinstance(event, Gap) else len(event.payloads)
        had[event.publisher.id] += count
    assert had[lives[-1]] == 200
    assert all(count <= 200 for count in had.values())
    restarts = reader.of(PublisherRestarted)
    assert [(e.before.id, e.publisher.id) for e in restarts][-1][1] in lives


@pytest.mark.parametrize("start_at", list(StartAt))
@pytest.mark.parametrize("seed", range(3))
def test_late_joiners_of_each_kind_at_30_percent_loss(
    seed: int, start_at: StartAt
) -> None:
    place = Place(seed)
    faults = Faults(loss=0.3, delay_s=0.001)
    writer = place.writer("cam", faults)
    for number in range(100):
        writer.send("a", b"%d" % number)
        place.run(0.01)
    late = place.reader("late", faults, start_at=start_at)
    for number in range(100, 400):
        writer.send("a", b"%d" % number)
        place.run(0.01)
    place.run(10.0)
    had, lost = told(late)
    assert not lost
    first = had[0]
    if start_at is StartAt.WINDOW:
        assert first == 0
    if start_at is not StartAt.LAST_VALUE:
        assert had == list(range(first, 400))
        assert first <= 300
        return
    values = [b.sequence for b in late.batches if b.last_value]
    assert len(values) <= 1
    assert had[len(values) :] == list(range(had[len(values)], 400))


def move(place: Place, who: Reader | Writer) -> None:
    """Give a member another address."""
    seat, lab = who.seat, place.lab
    del lab._by_origin[seat.origin]
    host = str(ip_address(seat.origin.host) + 100)
    seat.origin = Origin(host, seat.origin.port)
    lab._by_origin[seat.origin] = seat
    seat.core.update_interfaces(())
    seat.drain()


def test_what_a_long_partition_has_cost_is_told_when_it_heals() -> None:
    place = Place()
    away, here = place.reader("away"), place.reader("here")
    writer = place.writer("cam", window_bytes=1 << 16, rate=FAST)
    place.run(0.2)
    for number in range(2000):
        writer.send("a", b"%d" % number + bytes(500))
        place.run(0.1)
        if number == 100:
            away.seat.cut()
        elif number == 1900:
            away.seat.cut(up=False, down=False)
    place.run(10.0)
    assert told(here) == (list(range(2000)), 0)
    had, lost = told(away)
    assert had == sorted(set(had))
    assert len(had) + lost == 2000
    assert {*range(100), *range(1905, 2000)} <= set(had)


@pytest.mark.parametrize("loss", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_a_publisher_whose_address_changes_loses_nothing(
    seed: int, loss: float
) -> None:
    place = Place(seed)
    faults = Faults(loss=loss, delay_s=0.001)
    reader, writer = place.reader("screen", faults), place.writer("cam", faults)
    place.run(0.5)
    for number in range(600):
        writer.send("a", b"%d" % number)
        place.run(0.01)
        if number in {200, 400}:
            move(place, writer)
    place.run(120.0)
    assert told(reader) == (list(range(600)), 0)
    ticket = writer.received()
    assert place.run(5.0, done=lambda: writer.receipt(ticket) is not None)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"screen"}


@pytest.mark.parametrize("seed", range(3))
def test_a_subscriber_whose_address_changes_is_waited_for_as_before(seed: int) -> None:
    place = Place(seed)
    faults = Faults(loss=0.1, delay_s=0.001)
    reader, writer = place.reader("screen", faults), place.writer("cam", faults)
    place.run(0.5)
    for number in range(600):
        writer.send("a", b"%d" % number)
        place.run(0.01)
        if number == 200:
            move(place, reader)
    place.run(30.0)  # the one at the old address has long been silent
    assert told(reader) == (list(range(600)), 0)
    writer.send("a", b"600")
    ticket = writer.received()
    assert place.run(5.0, done=lambda: writer.receipt(ticket) is not None)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"screen"}
    assert not [e for e in writer.events if isinstance(e, Lagging)]


# A full queue.


@pytest.mark.parametrize("delivery", [Delivery.RELIABLE, Delivery.BESTEFFORT])
@pytest.mark.parametrize("size", [10, 3000])
def test_the_oldest_make_room_and_a_gap_tells_how_many(
    delivery: Delivery, size: int
) -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer(
        "cam",
        delivery=delivery,
        queue_bytes=30_000,
        window_bytes=1 << 16,
        rate=NARROW,
        drop_oldest=True,
    )
    place.run(0.2)
    for number in range(6000):
        writer.send("a", b"%d" % number + bytes(size))
        if not number % 20:
            place.run(0.001)
    place.run(20.0)
    had, lost = told(reader)
    assert had == sorted(set(had))
    assert had[-1] == 5999
    assert len(had) + lost == 6000
    assert lost > 100
    check_places(reader)
    stats = writer.core.stats
    assert stats.dropped == lost
    drops = [e for e in writer.events if isinstance(e, MessagesDropped)]
    assert sum(event.messages for event in drops) == lost
    assert {event.delivery for event in drops} == {delivery}
    assert not [e for e in writer.events if isinstance(e, RoomFreed)]
    writer.send("a", b"6000")
    place.run(2.0)
    assert told(reader)[0][-1] == 6000


def test_of_latest_the_topics_that_wait_longest_make_room() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer(
        "cam",
        delivery=Delivery.LATEST,
        queue_bytes=10_000,
        rate=NARROW,
        drop_oldest=True,
    )
    place.run(0.2)
    for number in range(200):
        writer.send(f"t/{number}", b"%d" % number + bytes(1000))
    place.run(5.0)
    topics = [int(topic[2:]) for topic, _ in reader.messages]
    assert topics[-1] == 199
    dropped = writer.core.stats.dropped
    assert dropped > 100
    assert len(topics) == 200 - dropped
    assert writer.core.stats.superseded == 0


def test_what_was_dropped_counts_as_received_by_nobody() -> None:
    place = Place()
    reader = place.reader("screen")
    writer = place.writer(
        "cam", queue_bytes=30_000, window_bytes=1 << 16, rate=NARROW, drop_oldest=True
    )
    place.run(0.2)
    for number in range(400):
        writer.send("a", b"%d" % number + bytes(1000))
    across = writer.received()
    for number in range(400, 800):
        writer.send("a", b"%d" % number + bytes(1000))
    of_one = writer.seat.do(
        lambda core, now: core.want_received(None, now=now, sequence=300)
    )
    behind = writer.received()
    place.run(20.0)
    assert reader.lost
    results = [writer.receipt(ticket) for ticket in (across, of_one, behind)]
    assert [r and (set(r.received), set(r.missing)) for r in results] == [
        (set(), {"screen"}),
        (set(), {"screen"}),
        ({"screen"}, set()),
    ]


# Strangers.


def word(what: Here | Join | Left | Lost, name: str, rng: Random) -> bytes:
    return Tagged(
        Kind.MESSAGE, rng.getrandbits(64), encode_word(what), name=name
    ).encode()


def test_floods_of_forged_words_stay_bounded() -> None:
    place, rng = Place(), Random(7)
    reader, writer = place.reader("screen"), place.writer("cam")
    place.run(0.3)
    for number in range(20_000):
        origin = Origin(f"10.9.{number >> 8 & 255}.{number & 255}", 5000 + number % 7)
        role = rng.choice([Role.PUBLISHER, Role.SUBSCRIBER])
        node = rng.randrange(1, 1 << 31)
        here = Here(rng.getrandbits(64), role, node, sent=(5, 5, 5), asks=True)
        what = rng.choice(
            [
                here,
                Join(here, writer.core.rules.node, ("#", f"x/{number}")),
                Left(here.id, node, (9, 9, 9)),
                Lost(here.id, node, number, "because"),
            ]
        )
        datagram = Datagram(word(what, f"n{number}", rng), origin)
        for seat in (reader.seat, writer.seat):
            seat.arrive(datagram)
        if not number % 1000:
            place.run(0.001)
    assert len(reader.seat.core.members) <= 4096
    assert len(writer.core.members) <= 4096
    assert len(reader.seat.core._crowd.sources) <= 64
    assert len(writer.core._reliable.readers) <= 4096
    assert len(writer.core._values._wanted) <= 256
    assert reader.seat.core.dropped["publishers-full"]
    sent = sum(place.lab.sent.values())
    assert sent < 5_000  # answers do not grow with the flood
    writer.send("a", b"1")
    place.run(1.0)
    assert reader.payloads("a") == [b"1"]


def test_a_flood_of_forged_norm_stays_bounded() -> None:
    place, rng = Place(), Random(7)
    reader, writer = place.reader("screen"), place.writer("cam")
    place.run(0.3)
    writer.send("a", b"0")
    place.run(0.1)
    seen: list[bytes] = []
    hear = reader.seat.arrive

    def listen(datagram: Datagram) -> None:
        if datagram.data[0] & 0xF0 == 0x10:
            seen.append(datagram.data)
        hear(datagram)

    reader.seat.arrive = listen  # type: ignore[method-assign]
    writer.send("a", b"1")
    place.run(0.1)
    assert seen
    for number in range(5000):
        data = bytearray(rng.choice(seen))
        data[4:8] = rng.randbytes(4)  # of another source
        for _ in range(number % 3):
            data[rng.randrange(len(data))] = rng.randrange(256)
        origin = Origin(f"10.8.{number >> 8 & 255}.{number & 255}", 7000)
        hear(Datagram(bytes(data), origin))
        if not number % 100:
            place.run(0.6)
    core = reader.seat.core
    assert len(core._unknown._asked) <= 64
    assert len(core._crowd.sources) <= 64
    assert len(core._crowd.runs) <= 3 * 64
    writer.send("a", b"2")
    place.run(5.0)
    assert [b.payloads[0] for b in reader.batches if b.publisher.name == "cam"] == [
        b"0",
        b"1",
        b"2",
    ]


def test_forged_words_neither_make_a_member_leave_nor_hold_its_tickets() -> None:
    place, rng = Place(), Random(3)
    reader, writer = place.reader("screen"), place.writer("cam")
    place.run(0.3)
    mine = reader.seat.core.rules
    thief = Origin("10.9.9.9", 4000)
    for what in (
        Here(mine.id, Role.SUBSCRIBER, mine.node),
        Left(mine.id, mine.node),
        Here(rng.getrandbits(64), Role.SUBSCRIBER, mine.node),
    ):
        writer.seat.arrive(Datagram(word(what, "screen", rng), thief))
    place.run(30.0)  # the thief falls silent
    writer.send("a", b"x")
    ticket = writer.received({"screen"})
    assert place.run(2.0, done=lambda: writer.receipt(ticket) is not None)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"screen"}
    assert [e.member.origin for e in writer.events if isinstance(e, MemberLeft)] == [
        thief,
        thief,
    ]
    assert any(isinstance(e, MemberJoined) for e in writer.events)


def test_who_publishes_where_nobody_listens_is_not_held_up() -> None:
    place = Place()
    writer = place.writer("cam", queue_bytes=100_000, window_bytes=1 << 16, rate=NARROW)
    with pytest.raises(QueueFull):
        writer.send("b", *[bytes(1000)] * 10_000)  # somebody may be here
    place.run(1.0)
    numbers = [b"%d" % number + bytes(1000) for number in range(5000)]
    writer.send("a", *numbers)
    writer.seat.do(lambda core, now: core.send_many("a", numbers, now=now))
    assert writer.core.stats.dropped > 8000
    assert any(isinstance(e, MessagesDropped) for e in writer.events)
    with pytest.raises(UsageError):
        writer.send("a/#", bytes(1000))
    reader = place.reader("screen")
    place.run(1.0)
    with pytest.raises(QueueFull):
        writer.send("a", *numbers)  # now somebody is waited for
    place.run(20.0)
    assert reader.messages
    check_places(reader)


def test_a_publisher_that_comes_and_goes_is_heard_by_who_was_there() -> None:
    for seed in range(30):
        place = Place(seed)
        faults = Faults(loss=0.1, delay_s=0.001)
        readers = [place.reader(f"r{n}", faults) for n in range(3)]
        place.run(2.0)
        writer = place.writer("cam", faults)
        writer.send("a", b"1", b"2")
        writer.close()
        assert place.run(10.0, done=lambda: writer.closed)  # noqa: B023
        place.run(2.0)
        for reader in readers:
            assert told(reader) == ([1, 2], 0), seed


def test_last_values_larger_than_the_window_come_all_the_same() -> None:
    place = Place()
    writer = place.writer("cam", window_bytes=1 << 16, rate=FAST)
    for number in range(200):
        writer.send(f"t/{number}", b"%d" % number + bytes(20_000))
        place.run(0.02)
    place.run(2.0)
    faults = Faults(loss=0.05, delay_s=0.001)
    late = place.reader("late", faults, start_at=StartAt.LAST_VALUE)
    place.run(5.0)
    values = [int(p.rstrip(b"\0")) for _, p in late.messages]
    assert sorted(values) == list(range(200))


def test_last_values_push_nothing_out_that_is_current() -> None:
    place = Place()
    writer = place.writer("cam", delivery=Delivery.LATEST, window_bytes=1 << 18)
    here = place.reader("here")
    place.run(0.5)
    here.seat.cut()
    writer.send("rare", b"1" + bytes(50_000))
    for number in range(40):
        reader = place.reader(f"late{number}", start_at=StartAt.LAST_VALUE)
        place.run(0.5)
        assert [topic for topic, _ in reader.messages] == ["rare"]
        reader.close()
    here.seat.cut(up=False, down=False)
    place.run(5.0)
    assert [topic for topic, _ in here.messages] == ["rare"]


@pytest.mark.parametrize("seed", range(1))
def test_who_is_not_heard_for_minutes_begins_anew_and_is_told_its_gap(
    seed: int,
) -> None:
    place = Place(seed)
    away, here = place.reader("away"), place.reader("here")
    writer = place.writer("cam", window_bytes=1 << 16)
    place.run(0.5)
    sent = 0
    for step in range(400):
        away.seat.cut(up=20 < step < 350, down=step in {30, 31, 200})
        writer.send("a", b"%d" % sent + bytes(2000))
        sent += 1
        place.run(0.5)
    place.run(20.0)
    assert told(here) == (list(range(sent)), 0)
    had, lost = told(away)
    assert had == sorted(set(had))
    assert len(had) + lost == sent
    assert lost
    assert had[-1] == sent - 1
    check_places(away)
    ticket = writer.received()
    assert place.run(5.0, done=lambda: writer.receipt(ticket) is not None)
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"away", "here"}


def test_feedback_of_strangers_to_the_group_harms_nobody() -> None:
    place, rng = Place(), Random(5)
    reader, writer = place.reader("screen"), place.writer("cam")
    place.run(0.3)
    writer.send("a", b"0")
    place.run(0.1)
    rules = writer.core.rules
    for number in range(500):
        nack = Nack(
            number & 0xFFFF,
            rng.randrange(1, 1 << 32),
            FeedbackHead(rules.node, rules.instance),
            (),
        )
        data = bytearray(nack.encode() + rng.randbytes(number % 40))
        origin = Origin(f"10.9.0.{number & 255}", 9)
        for seat in (reader.seat, writer.seat):
            seat.arrive(Datagram(bytes(data), origin))
    for number in range(1, 50):
        writer.send("a", b"%d" % number)
        place.run(0.01)
    place.run(1.0)
    assert told(reader) == (list(range(50)), 0)


def forged(writer: Writer, node: int) -> None:
    """Have feedback come of somebody who has said nothing of itself."""
    rules = writer.core.rules
    nack = Nack(1, node, FeedbackHead(rules.node, rules.instance), ())
    writer.seat.arrive(Datagram(nack.encode(), Origin("10.9.0.1", 9)))


def test_who_has_given_feedback_once_is_forgotten() -> None:
    place = Place()
    writer = place.writer("cam")
    place.run(1.0)
    writer.send("a", b"0")
    for number in range(1, 200):
        forged(writer, number)
    place.run(61.0)
    writer.close()
    # Where a foreign receiver is known, it lingers for a second.
    assert place.run(0.5, done=lambda: writer.closed)


def test_who_asks_for_last_values_without_end_has_a_share_of_the_rate() -> None:
    place = Place()
    writer = place.writer("cam", rate=AdaptiveConfig(4e6, 4e6, 4e6))
    screen = place.reader("screen")
    place.run(1.0)
    for number in range(100):
        writer.send(f"t/{number}", bytes(100_000))
        place.run(0.1)
    place.run(2.0)
    here = Here(5, Role.SUBSCRIBER, 77)
    join = encode_word(Join(here, writer.core.rules.node, ("#",)))
    data = Tagged(Kind.MESSAGE, 1, join, name="x").encode()
    before = writer.core.stats.sent_bytes
    for step in range(100):
        writer.seat.arrive(Datagram(data, Origin("10.9.0.1", 9)))
        if step == 50:
            writer.send("now", b"1")
        place.run(0.1)
        if step == 50:
            assert screen.payloads("now")
    sent = writer.core.stats.sent_bytes - before
    assert sent < (1 << 20) + 10 * 4e6 / 4 + 500_000
    assert sent > 10 * 4e6 / 4
    assert set(dict(screen.messages)) == {*(f"t/{n}" for n in range(100)), "now"}


def test_who_waits_for_last_values_keeps_no_more_topics_than_there_may_be() -> None:
    place = Place()
    writer = place.writer("cam", window_bytes=1 << 16, rate=FAST)
    place.run(0.5)
    writer.send("old", b"1")
    late = place.reader("late", start_at=StartAt.LAST_VALUE)
    late.seat.cut(down=True, up=False)
    place.run(0.2)
    late.seat.cut(up=False, down=False)
    for number in range(6000):
        writer.send(f"t/{number}", b"", flush=number % 50 == 49)
        if number % 50 == 49:
            place.run(0.002)
    place.run(1.0)
    (source,) = late.seat.core._crowd.sources.values()
    assert source.values_until is None
    assert len(source._seen) <= 4096


@pytest.mark.parametrize("delivery", [Delivery.RELIABLE, Delivery.LATEST])
def test_who_was_here_before_a_publisher_that_stood_still_has_its_messages(
    delivery: Delivery,
) -> None:
    place = Place()
    deaf, other = place.reader("deaf"), place.reader("other")
    place.run(0.5)
    deaf.seat.cut(up=True, down=True)
    writer = place.writer("cam", delivery=delivery, patience_s=20.0)
    place.run(0.2)
    writer.send("a", b"1")
    place.run(0.1)
    assert other.payloads("a")
    # Its words wait while the publisher is stopped, and seem to be of who is young.
    writer.seat.pause()
    deaf.seat.cut(up=False, down=True)
    place.run(1.9)
    writer.seat.resume()
    place.run(1.0)
    ticket = writer.received({"deaf"})
    place.run(1.0)
    assert writer.receipt(ticket) is None
    deaf.seat.cut(up=False, down=False)
    assert place.run(10.0, done=lambda: writer.receipt(ticket) is not None)
    assert deaf.payloads("a") == [b"1"]
    receipt = writer.receipt(ticket)
    assert receipt is not None
    assert receipt.received == {"deaf"}


def test_who_comes_while_a_publisher_stands_still_has_no_receipt_for_before() -> None:
    place = Place()
    early, writer = place.reader("early"), place.writer("cam")
    place.run(0.5)
    before = writer.send("a", b"1")
    place.run(0.1)
    writer.seat.pause()
    place.run(0.2)
    late = place.reader("late")
    place.run(1.5)
    writer.seat.resume()
    place.run(1.0)
    tickets = [
        writer.seat.do(
            lambda core, now, of=number: core.want_received(None, now=now, sequence=of)
        )
        for number in (before, writer.send("a", b"2"))
    ]
    place.run(2.0)
    receipts = [writer.receipt(ticket) for ticket in tickets]
    assert [r.received for r in receipts if r] == [{"early"}, {"early", "late"}]
    assert early.payloads("a") == [b"1", b"2"]
    assert late.payloads("a") == [b"2"]
    writer.close()
    assert place.run(5.0, done=lambda: writer.closed)
