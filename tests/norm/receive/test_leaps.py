import pytest

from groupwire.norm.receive.leaps import Leaps

MOST = 256


@pytest.mark.parametrize("number", [-40_000, 0, 99, 100, 355])
def test_what_is_near_or_past_is_believed_at_once(number: int) -> None:
    assert not Leaps(MOST).doubts(number, 100)


def test_a_leap_is_believed_when_it_is_heard_twice() -> None:
    leaps = Leaps(MOST)
    assert leaps.doubts(5000, 100)
    assert not leaps.doubts(5001, 100)


def test_two_leaps_to_different_places_are_both_in_doubt() -> None:
    leaps = Leaps(MOST)
    assert leaps.doubts(5000, 100)
    assert leaps.doubts(9000, 100)


def test_what_is_heard_in_between_takes_a_leap_back() -> None:
    leaps = Leaps(MOST)
    assert leaps.doubts(5000, 100)
    assert not leaps.doubts(101, 100)
    assert leaps.doubts(5000, 101)
