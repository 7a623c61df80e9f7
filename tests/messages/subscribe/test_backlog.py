"""Who is slow gets the newest message of a topic, and all others in order."""

import pytest

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch, Gap
from groupwire.messages.members import Member, Role
from groupwire.messages.subscribe.backlog import Backlog
from groupwire.values import Origin

CAM = Member(1, "cam", Role.PUBLISHER, Origin("10.0.0.1", 5000), 7)


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
