"""Who makes room for whom where more come than can be known."""

from __future__ import annotations

import pytest

from groupwire.messages.doorman import Doorman, Key
from groupwire.values import Origin


def key(number: int, host: str = "192.0.2.1") -> Key:
    return number, Origin(host, 1024 + number)


@pytest.fixture
def door() -> Doorman:
    return Doorman()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groupwire.messages.doorman._MOST_MEMBERS", 4)
    monkeypatch.setattr("groupwire.messages.doorman._MOST_OF_HOST", 3)


@pytest.mark.usefixtures("small")
def test_there_is_room_until_so_many_are_here(door: Doorman) -> None:
    for number in range(4):
        assert not door.full(f"192.0.2.{number}")
        door.enter(key(number, f"192.0.2.{number}"), 0.0)
    assert door.full("192.0.2.9")
    door.leave(key(0, "192.0.2.0"))
    assert not door.full("192.0.2.9")


@pytest.mark.usefixtures("small")
def test_one_address_does_not_take_all_places(door: Doorman) -> None:
    for number in range(3):
        door.enter(key(number), 0.0)
    assert door.full("192.0.2.1")
    assert not door.full("192.0.2.2")


def test_who_came_first_and_was_heard_once_goes_first(door: Doorman) -> None:
    for number in range(3):
        door.enter(key(number), float(number))
    assert door.victim("192.0.2.1", 5.0) == key(0)
    door.heard_again(key(0))
    assert door.victim("192.0.2.1", 5.0) == key(1)


def test_who_has_just_come_is_not_asked_to_go(door: Doorman) -> None:
    door.enter(key(1), 4.5)
    assert door.victim("192.0.2.1", 5.0) is None
    assert door.victim("192.0.2.1", 5.5) == key(1)


def test_who_was_heard_again_stays(door: Doorman) -> None:
    door.enter(key(1), 0.0)
    door.heard_again(key(1))
    door.heard_again(key(1))
    assert door.victim("192.0.2.1", 9.0) is None


def test_one_of_the_same_address_goes_before_others(door: Doorman) -> None:
    door.enter(key(1, "192.0.2.7"), 0.0)
    door.enter(key(2), 1.0)
    assert door.victim("192.0.2.1", 9.0) == key(2)
    assert door.victim("192.0.2.8", 9.0) == key(1, "192.0.2.7")


@pytest.mark.usefixtures("small")
def test_a_full_address_takes_no_place_of_others(door: Doorman) -> None:
    door.enter(key(9, "192.0.2.7"), 0.0)
    for number in range(3):
        door.enter(key(number), 0.0)
        door.heard_again(key(number))
    assert door.victim("192.0.2.1", 9.0) is None


def test_who_has_left_is_no_more_asked_to(door: Doorman) -> None:
    door.enter(key(1), 0.0)
    door.leave(key(1))
    assert door.victim("192.0.2.1", 9.0) is None
