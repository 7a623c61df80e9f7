"""Who is slow gets the newest message of a topic, and all others in order."""

from dataclasses import replace
from random import Random

import pytest

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch, Gap, MemberJoined, NotTaken
from groupwire.messages.members import Member, Role
from groupwire.messages.subscribe import backlog as room
from groupwire.messages.subscribe.backlog import Backlog
from groupwire.values import Origin

CAM = Member(1, "cam", Role.PUBLISHER, Origin("10.0.0.1", 5000), 7)
ARM = Member(2, "arm", Role.PUBLISHER, Origin("10.0.0.2", 5000), 7)


def batch(topic: str, sequence: int, delivery: Delivery) -> Batch:
    return Batch(CAM, delivery, topic, sequence, [b"x"], 10)


def test_events_come_out_in_order() -> None:
    backlog = Backlog()
    gap = Gap(CAM, Delivery.RELIABLE, 3)
    first = batch("a", 0, Delivery.RELIABLE)
    again = batch("a", 4, Delivery.RELIABLE)
    assert [backlog.put(event) for event in (first, gap, again)] == [0, 0, 0]
    assert [backlog.pop() for _ in range(len(backlog))] == [first, gap, again]
    with pytest.raises(IndexError):
        backlog.pop()


def test_the_latest_takes_the_place_of_the_one_before() -> None:
    backlog = Backlog()
    old, other = batch("a", 0, Delivery.LATEST), batch("b", 1, Delivery.LATEST)
    new = batch("a", 2, Delivery.LATEST)
    assert [backlog.put(event) for event in (old, other, new)] == [0, 0, 10]
    assert [backlog.pop() for _ in range(len(backlog))] == [new, other]
    assert backlog.superseded == 1
    backlog.put(old)
    assert backlog.pop() == old


def reliable(sequence: int, publisher: Member = CAM, count: int = 1) -> Batch:
    """Return a batch of 10 bytes for each message."""
    payloads = [b"x"] * count
    return Batch(publisher, Delivery.RELIABLE, "a", sequence, payloads, 10 * count)


def drained(backlog: Backlog) -> list[object]:
    return [backlog.pop() for _ in range(len(backlog))]


def lost(messages: int, publisher: Member = CAM) -> NotTaken:
    return NotTaken(publisher, Delivery.RELIABLE, messages)


def test_the_oldest_make_room_and_are_told_where_they_were() -> None:
    backlog = Backlog(30, drop_oldest=True)
    assert [backlog.put(reliable(n)) for n in range(3)] == [0, 0, 0]
    assert backlog.put(reliable(3, count=2)) == 20
    assert backlog.put(reliable(5)) == 10
    assert backlog.dropped == 3
    assert backlog.poll_dropped() == [lost(1)] * 3
    assert backlog.poll_dropped() == []
    assert drained(backlog) == [lost(3), reliable(3, count=2), reliable(5)]
    assert [backlog.put(reliable(n)) for n in range(6, 9)] == [0, 0, 0]
    assert backlog.put(reliable(9)) == 10
    assert drained(backlog) == [lost(1), *map(reliable, (7, 8, 9))]


def test_of_each_publisher_it_is_told_what_was_dropped() -> None:
    backlog = Backlog(20, drop_oldest=True)
    joined, gap = MemberJoined(CAM), Gap(ARM, Delivery.RELIABLE, 2)
    for event in (joined, reliable(0), gap, reliable(0, ARM), reliable(1, ARM)):
        backlog.put(event)
    backlog.put(reliable(1))
    assert drained(backlog) == [
        joined,
        lost(1),
        gap,
        lost(1, ARM),
        reliable(1, ARM),
        reliable(1),
    ]


def test_one_that_is_larger_than_all_room_is_taken() -> None:
    for drop_oldest in (False, True):
        backlog = Backlog(30, drop_oldest=drop_oldest)
        backlog.put(reliable(0))
        assert backlog.pop() == reliable(0)
        assert backlog.put(reliable(1, count=9)) == 0
        assert drained(backlog) == [reliable(1, count=9)]
    backlog.put(reliable(0))
    assert backlog.put(reliable(1, count=9)) == 10
    assert drained(backlog) == [lost(1), reliable(1, count=9)]


def test_the_newest_are_dropped_and_told_where_they_would_be() -> None:
    backlog = Backlog(20)
    puts = [backlog.put(reliable(n)) for n in range(4)]
    assert puts == [0, 0, 10, 10]
    assert backlog.pop() == reliable(0)
    assert backlog.put(reliable(4)) == 0
    assert backlog.put(reliable(5)) == 10
    assert drained(backlog) == [reliable(1), lost(2), reliable(4), lost(1)]
    assert backlog.dropped == 3


def test_the_latest_makes_room_and_takes_no_more_of_it_again() -> None:
    backlog = Backlog(20, drop_oldest=True)
    old, other = batch("a", 0, Delivery.LATEST), batch("b", 1, Delivery.LATEST)
    new = batch("a", 2, Delivery.LATEST)
    assert [backlog.put(event) for event in (old, other, new)] == [0, 0, 10]
    assert backlog.put(reliable(0)) == 10
    assert drained(backlog) == [NotTaken(CAM, Delivery.LATEST, 1), other, reliable(0)]
    assert (backlog.superseded, backlog.dropped) == (1, 1)


def test_what_is_no_message_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_OTHERS", 2)
    backlog = Backlog()
    for _ in range(5):
        backlog.put(MemberJoined(CAM))
    assert (len(backlog), backlog.lost_events) == (2, 3)
    backlog.pop()
    backlog.put(MemberJoined(CAM))
    assert (len(backlog), backlog.lost_events) == (2, 3)


def test_of_publishers_without_end_it_is_not_told_of_each_what_was_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "_MOST_OTHERS", 2)
    backlog = Backlog(10)
    assert backlog.put(reliable(0)) == 0
    for life in range(10, 20):
        assert backlog.put(reliable(0, replace(CAM, id=life))) == 10
    assert backlog.put(reliable(1, replace(CAM, id=10))) == 10
    assert (len(backlog), backlog.dropped, backlog.lost_events) == (4, 11, 7)
    assert len(backlog.poll_dropped()) == 11
    assert drained(backlog)[:2] == [reliable(0), lost(2, replace(CAM, id=10))]


def latest(topic: str, sequence: int, size: int) -> Batch:
    return Batch(CAM, Delivery.LATEST, topic, sequence, [b"x"], size)


def test_a_larger_one_of_its_topic_makes_room_for_itself() -> None:
    backlog = Backlog(30, drop_oldest=True)
    for event in (latest("a", 0, 10), reliable(0), reliable(1)):
        assert backlog.put(event) == 0
    assert backlog.put(latest("a", 1, 15)) == 20
    assert drained(backlog) == [latest("a", 1, 15), lost(1), reliable(1)]
    for event in (reliable(0), latest("a", 2, 10), reliable(1)):
        assert backlog.put(event) == 0
    assert backlog.put(latest("a", 3, 99)) == 30
    assert drained(backlog) == [lost(2), latest("a", 3, 99)]


def test_a_larger_one_of_its_topic_is_dropped_where_the_newest_are() -> None:
    backlog = Backlog(30)
    assert backlog.put(latest("a", 0, 10)) == 0
    assert backlog.put(latest("a", 1, 99)) == 10  # the only one: it is taken
    assert backlog.put(latest("a", 2, 20)) == 99
    assert backlog.put(reliable(0)) == 0
    assert backlog.put(latest("a", 3, 21)) == 21
    assert backlog.put(latest("a", 4, 19)) == 20
    not_taken = NotTaken(CAM, Delivery.LATEST, 1)
    assert drained(backlog) == [latest("a", 4, 19), reliable(0), not_taken]
    assert (backlog.superseded, backlog.dropped) == (3, 1)


def test_what_is_dropped_later_may_have_stood_before() -> None:
    backlog = Backlog(30, drop_oldest=True)
    for event in (latest("a", 0, 10), reliable(0, ARM), reliable(1, ARM)):
        backlog.put(event)
    backlog.put(latest("a", 1, 15))
    backlog.put(reliable(2, ARM))
    backlog.put(reliable(3, ARM))
    assert drained(backlog) == [
        NotTaken(CAM, Delivery.LATEST, 1),
        lost(1, ARM),
        *(reliable(n, ARM) for n in (1, 2, 3)),
    ]


@pytest.mark.parametrize("drop_oldest", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_no_more_waits_than_may_and_all_is_accounted_for(
    seed: int, drop_oldest: bool
) -> None:
    rng = Random(seed)
    backlog = Backlog(100, drop_oldest=drop_oldest)
    put = taken = waiting = 0
    for number in range(2000):
        if rng.random() < 0.3 and len(backlog):
            event = backlog.pop()
            if isinstance(event, Batch):
                waiting -= event.size_bytes
                taken += 1
            continue
        if rng.random() < 0.1:
            backlog.put(MemberJoined(CAM))
            continue
        size, topic = rng.randrange(1, 40), rng.choice("abc")
        event = rng.choice(
            (latest(topic, number, size), replace(reliable(number), size_bytes=size))
        )
        freed = backlog.put(event)
        put += 1
        waiting += size - freed
        assert 0 <= waiting <= 100
    left = drained(backlog)
    taken += sum(isinstance(event, Batch) for event in left)
    waiting -= sum(event.size_bytes for event in left if isinstance(event, Batch))
    assert waiting == 0
    assert put == taken + backlog.superseded + backlog.dropped


class Seen(MemberJoined):
    """An event that counts how often it is looked at."""

    looks = 0

    @property
    def __class__(self) -> type[MemberJoined]:  # type: ignore[override]
        Seen.looks += 1
        return MemberJoined


def test_to_make_room_looks_at_no_event_that_is_no_message() -> None:
    backlog = Backlog(10, drop_oldest=True)
    for _ in range(1000):
        backlog.put(Seen(CAM))
    Seen.looks = 0
    for number in range(100):
        backlog.put(reliable(number))
    assert Seen.looks == 0
    assert backlog.dropped == 99
