"""What waits for its frame, and what a full queue drops for it."""

from __future__ import annotations

import pytest

from groupwire.errors import MessageTooLarge, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.frames import FrameReader
from groupwire.messages.publish.lanes.batch import News, Queue
from groupwire.messages.publish.lanes.values import LastValues

EACH = 16


def queue(limit: int, *, drop_oldest: bool = True) -> Queue:
    return Queue(Delivery.RELIABLE, limit, LastValues(), drop_oldest=drop_oldest)


def sequences(each: Queue) -> list[int]:
    """Return the messages that wait, in order."""
    each.close()
    reader = FrameReader(lambda _: True)
    found: list[int] = []
    for data in each.frames:
        for frame in reader.feed(data, 0):
            found += range(frame.sequence, frame.sequence + frame.messages)
    return found


def test_without_leave_to_drop_a_full_queue_refuses() -> None:
    each = queue(100, drop_oldest=False)
    each.add("a", bytes(84), 0.0)
    with pytest.raises(QueueFull) as caught:
        each.add("a", b"", 0.0)
    assert (caught.value.size_bytes, caught.value.room_bytes) == (EACH, 0)
    assert each.dropped.messages == 0


def test_the_oldest_of_a_batch_make_room_for_the_newest() -> None:
    each = queue(10 * (EACH + 4))
    for number in range(25):
        each.add("a", b"%04d" % number, 0.0)
    assert each.queued_bytes == 10 * (EACH + 4)
    assert sequences(each) == list(range(15, 25))
    assert each.dropped.messages == 15
    assert each.dropped.take() == News(15, 0)
    assert each.dropped.take() is None


def test_whole_frames_make_room_before_newer_messages() -> None:
    each = queue(1000)
    for number in range(100):
        each.add(f"t/{number % 2}", bytes(100), 0.0)
    had = sequences(each)
    assert had == list(range(100 - len(had), 100))
    assert 5 <= len(had) <= 8
    assert each.queued_bytes <= 1000 + 100
    assert each.dropped.messages == 100 - len(had)
    assert len(each.ends) == len(each.frames)


def test_what_is_written_in_part_goes_out() -> None:
    each = queue(1000)
    each.add("big", bytes(900), 0.0)
    each.close()
    each.hand_on(500)
    for _ in range(20):
        each.add("a", bytes(100), 0.0)
    had = sequences(each)
    assert had[0] == 0
    assert had[1:] == list(range(22 - len(had), 21))
    assert 0 not in each.dropped
    assert 1 in each.dropped
    assert had[1] not in each.dropped


def test_a_message_larger_than_the_queue_is_taken_alone() -> None:
    each = queue(100)
    for number in range(5):
        each.add("a", b"%d" % number, 0.0)
    each.add("a", bytes(5000), 0.0)
    assert sequences(each) == [5]
    assert each.dropped.take() == News(5, 0)


def test_what_is_refused_drops_nothing() -> None:
    each = queue(100)
    each.add("a", bytes(84), 0.0)
    with pytest.raises(MessageTooLarge):
        each.add("a", bytes((16 << 20) + 1), 0.0)
    with pytest.raises(UsageError):
        each.add("a/+", b"x", 0.0)
    assert each.dropped.messages == 0
    assert sequences(each) == [0]


def test_what_was_dropped_is_known_by_its_sequence() -> None:
    each = queue(50)
    for number in range(10):
        each.add("a", bytes(20), 0.0)
        if number == 4:
            each.close()
            each.hand_on(len(each.frames[0]))
    known = [number for number in range(10) if number in each.dropped]
    assert known == [0, 1, 2, 3, 5, 6, 7, 8]


def test_messages_join_the_frame_that_is_open() -> None:
    each = queue(10_000)
    assert each.join("a", b"0") == -1  # none is
    each.add("a", b"0", 0.0)
    assert each.join("a", b"1") == 1
    assert each.join("b", b"2") == -1
    assert each.join("a", b"2") == 2
    each.close()
    assert each.join("a", b"3") == -1
    assert (each.sequence, len(each.frames)) == (3, 1)
    assert each.queued_bytes == len(each.frames[0])
    assert sequences(each) == [0, 1, 2]


def test_nothing_joins_where_the_queue_would_be_too_full() -> None:
    each = queue(100, drop_oldest=False)
    each.add("a", bytes(34), 0.0)
    assert each.join("a", bytes(34)) == 1
    assert each.join("a", b"") == -1
    each.limit = 116
    assert each.join("a", b"") == 2
    each.limit = 50
    assert each.join("a", b"") == -1
    with pytest.raises(QueueFull):
        each.add("a", b"", 0.0)


def test_the_owner_is_told_of_each_full_frame() -> None:
    each = queue(1 << 20)
    told: list[int] = []
    for number in range(200):
        if each.join("a", bytes(1000)) < 0 and each.add("a", bytes(1000), 0.0):
            told.append(number)
            assert len(each.frames) == len(told)
    assert told == [60, 120, 180]


def test_the_owner_is_told_of_many_small_frames_together() -> None:
    each = queue(1 << 20)
    told = [n for n in range(200) if each.add(f"t/{n % 3}", bytes(1000), 0.0)]
    assert len(told) == 3


def test_another_topic_is_more_effort_than_another_message() -> None:
    one, two = queue(1 << 20), queue(1 << 20)
    for number in range(100):
        one.add("a", b"12345678", 0.0)
        two.add(f"t/{number % 2}", b"12345678", 0.0)
    for each in (one, two):
        each.close()
    assert two.effort_bytes > 5 * one.effort_bytes > 0


def test_a_large_message_waits_for_no_other() -> None:
    each = queue(1 << 20)
    assert each.add("a", bytes(100_000), 0.0)
    assert len(each.frames) == 1
    assert not each.waiting
