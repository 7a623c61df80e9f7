import pytest

from groupwire.norm.send.room import Room

SPAN = 0.8


def test_who_was_not_refused_is_told_nothing() -> None:
    room = Room()
    assert room.deadline is None
    assert not room.freed(1.0, SPAN)


def test_room_is_told_once() -> None:
    room = Room()
    room.refused(lambda: True, 1.0, SPAN)
    assert room.freed(1.0, SPAN)
    assert not room.freed(1.0, SPAN)
    assert room.deadline is None


def test_it_is_looked_for_several_times_in_a_span() -> None:
    room, looks = Room(), []

    def fits() -> bool:
        looks.append(1)
        return len(looks) == 3

    room.refused(fits, 1.0, SPAN)
    now = 1.0
    for _ in range(2):
        now = room.deadline or now
        assert not room.freed(now, SPAN)
    assert room.deadline == pytest.approx(1.0 + 3 * SPAN / 8)
    assert room.freed(room.deadline, SPAN)


def test_a_look_before_the_time_changes_no_time() -> None:
    room = Room()
    room.refused(lambda: False, 1.0, SPAN)
    before = room.deadline
    assert not room.freed(1.01, SPAN)
    assert room.deadline == before


def test_where_nothing_is_held_it_is_looked_for_in_a_millisecond() -> None:
    room = Room()
    room.refused(lambda: False, 1.0, 0.0)
    assert room.deadline == pytest.approx(1.001)
