"""A file of unknown length: parts, few of them kept."""

from __future__ import annotations

from hashlib import sha256
from random import Random

import pytest
from tests.deliver.push.desk import Group

from groupwire.deliver.push import FeedRoom, rules
from groupwire.deliver.push import push as front
from groupwire.deliver.push import steering as course
from groupwire.deliver.push.cargo import feed as module
from groupwire.deliver.push.cargo.feed import Feed
from groupwire.errors import UsageError
from groupwire.gather import Expectation

PART = 8192


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (front, course, module):
        monkeypatch.setattr(place, "PART_BYTES", PART)


def pump(group: Group, data: bytes) -> int:
    """Feed all of it as there is room; return the most that waited at once."""
    left, most = data, 0
    while left:
        room = group.push.feed_room
        most = max(most, 8 * PART - room)
        piece, left = left[:room], left[room:]
        if piece:
            group.seat.do(lambda desk, now, piece=piece: desk.push.feed(piece, now=now))
        group.lab.run(group.lab.clock.now + 0.05)
        assert group.lab.clock.now < 60, f"seed {group.lab.seed}"
    group.seat.do(lambda desk, now: desk.push.end_feed(now=now))
    return most


def test_what_is_fed_arrives_in_parts() -> None:
    data = Random(1).randbytes(30 * PART + 17)
    group = Group({"-": None})
    group.begin()
    assert pump(group, data) <= 8 * PART
    report = group.run()
    assert report.complete
    assert len(group.members[0].parts) == 31
    assert group.members[0].got[0] == data
    assert report.receipts[0].sha256 == sha256(data).hexdigest()
    assert report.total_bytes == len(data)
    progress = group.push.progress(now=99)
    assert progress.total_bytes == progress.bytes_sent == len(data)
    assert group.of(FeedRoom)


def test_parts_wait_for_room_in_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_KEPT_OBJECTS", 3)
    group = Group({"-": None}, members=1)
    group.begin()
    pump(group, bytes(6 * PART))
    assert group.run(60).files == 1


def test_an_empty_feed_is_a_file_too() -> None:
    group = Group({"-": None, "a": b"with it"})
    group.begin()
    assert group.push.progress(now=0).total_bytes is None
    group.seat.do(lambda desk, now: desk.push.end_feed(now=now))
    assert group.run().complete
    assert group.members[0].got == {0: b"", 1: b"with it"}


def test_without_members_what_is_sent_makes_room() -> None:
    group = Group({"-": None}, members=0, expect=Expectation(), start_with=0)
    group.begin()
    pump(group, bytes(20 * PART))
    assert group.run().total_bytes == 20 * PART


def test_a_member_that_stands_still_holds_the_feed_until_it_is_given_up() -> None:
    group = Group({"-": None}, members=2, patience_s=4.0)
    group.begin()
    group.lab.run(0.1)
    group.seats[1].crash()
    pump(group, bytes(20 * PART))
    assert group.lab.clock.now > 4
    assert group.run().delivered == ("m0",)


def test_what_has_no_room_is_refused() -> None:
    group = Group({"-": None})
    with pytest.raises(UsageError, match="cannot be fed now"):
        group.push.feed(bytes(9 * PART), now=0.0)
    group.push.feed(bytes(8 * PART), now=0.0)
    assert group.push.feed_room == 0


def test_what_has_no_feed_cannot_be_fed() -> None:
    group = Group({"a": b"x"})
    assert group.push.feed_room == 0
    with pytest.raises(UsageError, match="no file"):
        group.push.feed(b"y", now=0.0)
    group.push.end_feed(now=0.0)
    assert group.run().complete


def test_nothing_is_fed_behind_the_end() -> None:
    feed = Feed(0)
    assert feed.newest is None
    feed.end()
    assert feed.room == 0
    assert feed.done
