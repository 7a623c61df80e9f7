"""Who is slow gets the newest message of a topic, and all others in order."""

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
