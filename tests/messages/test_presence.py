"""When who says that it goes is gone, for those who wait for what it said before."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from groupwire.gather import Kind, Tagged
from groupwire.messages.events import MemberJoined, MemberLeft
from groupwire.messages.members import LeaveReason, Role
from groupwire.messages.presence import Heard, Myself, Presence
from groupwire.messages.wire.speech import encode_word
from groupwire.messages.wire.words import Enough, Here, Left, Word
from groupwire.values import Datagram, Interface, Origin

ME = Origin("10.0.0.1", 5001)
OTHER = Origin("10.0.0.2", 5002)


class Door:
    """A presence, and what it is told by one other."""

    def __init__(self, role: Role) -> None:
        self.presence = Presence(Myself(1, "me", role, 1), Random(1))
        self.presence.start(0.0)

    def hear(self, word: Word, now: float) -> Heard | None:
        data = Tagged(Kind.MESSAGE, 7, encode_word(word), name="other").encode()
        return self.presence.hear(Datagram(data, OTHER), now=now)

    def expire(self, now: float) -> list[object]:
        self.presence.expire(now)
        return list(self.presence.poll_events())


def here(role: Role) -> Here:
    return Here(2, role, 2, every_ms=10_000)


def test_what_a_subscriber_said_before_it_went_is_heard_behind_that() -> None:
    door = Door(Role.PUBLISHER)
    door.hear(here(Role.SUBSCRIBER), 1.0)
    [joined] = door.expire(1.0)
    assert isinstance(joined, MemberJoined)
    for now in (1.0, 1.01):
        door.hear(Left(2, 2), now)
    heard = door.hear(Enough(2, 2, "done"), 1.02)
    assert heard is not None
    assert heard.member == joined.member
    assert door.expire(1.04) == []
    assert door.presence.deadline == 1.05
    assert door.expire(1.05) == [MemberLeft(joined.member, LeaveReason.SAID)]
    late = door.hear(Left(2, 2), 1.2)
    assert late == Heard(Left(2, 2), None)
    assert door.expire(1.3) == []


def test_who_speaks_late_after_its_farewell_does_not_stay() -> None:
    door = Door(Role.PUBLISHER)
    door.hear(here(Role.SUBSCRIBER), 1.0)
    door.hear(Left(2, 2), 1.1)
    door.hear(here(Role.SUBSCRIBER), 1.12)
    assert [type(event) for event in door.expire(1.2)] == [MemberJoined, MemberLeft]


@pytest.mark.parametrize(
    ("me", "other"),
    [(Role.SUBSCRIBER, Role.SUBSCRIBER), (Role.PUBLISHER, Role.PUBLISHER)],
)
def test_others_are_gone_at_once(me: Role, other: Role) -> None:
    door = Door(me)
    door.hear(here(other), 1.0)
    heard = door.hear(Left(2, 2), 1.1)
    assert heard is not None
    assert heard.member is not None
    assert [type(event) for event in door.expire(1.1)] == [MemberJoined, MemberLeft]


def test_who_may_have_another_address_says_soon_that_it_is_here() -> None:
    door = Door(Role.SUBSCRIBER)
    presence = door.presence
    for now in (0.1, 0.3, 0.7):
        presence.expire(now)
    presence.poll_transmits()
    eth0 = Interface("eth0", 2, up=True)
    said: list[int] = []
    for now, interfaces in (
        (0.8, [eth0]),
        (0.9, [eth0]),  # something else has changed
        (1.0, [replace(eth0, carrier=True)]),
        (1.1, [replace(eth0, carrier=True)]),
    ):
        presence.moved(interfaces)
        presence.expire(now)
        said.append(len(presence.poll_transmits()))
    assert said == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("times", "acquainted"),
    [
        ((0.1, 0.1 + 0.2), 0.4),
        ((0.1, 0.36), 0.7),
        ((0.15, 0.36), 0.66),
        ((5.0, 5.3), 7.4),
    ],
)
def test_who_asks_late_waits_longer_for_the_answers(
    times: tuple[float, ...], acquainted: float
) -> None:
    door = Door(Role.PUBLISHER)
    for now in times:
        door.expire(now)
    assert door.presence.acquainted_at == pytest.approx(acquainted)
