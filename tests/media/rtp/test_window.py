from random import Random

import pytest

from groupwire.media.rtp import ReorderWindow


def given(window: ReorderWindow, *numbers: int, now: float = 0.0) -> list[int]:
    """Take packets whose payload is their number; return what is given out."""
    found = [p for n in numbers for p in window.take(n, b"%d" % n, now=now)]
    return [int(p) for p in found]


def test_what_comes_in_order_is_given_out_at_once() -> None:
    window = ReorderWindow()
    assert given(window, 5, 6, 7) == [5, 6, 7]
    assert window.due_s is None


def test_what_overtook_waits_for_what_it_overtook() -> None:
    window = ReorderWindow()
    assert given(window, 5, 7, 8) == [5]
    assert given(window, 6) == [6, 7, 8]
    assert (window.late, window.due_s) == (0, None)


def test_it_is_not_waited_for_long() -> None:
    window = ReorderWindow(patience_s=0.1)
    assert given(window, 5, 7, 8, 10) == [5]
    assert window.due_s == 0.1
    assert window.expire(0.05) == []
    assert window.expire(0.1) == [b"7", b"8"]
    assert window.due_s == pytest.approx(0.2)
    assert window.expire(0.2) == [b"10"]
    assert window.due_s is None
    assert window.expire(9.0) == []


def test_more_do_not_wait_than_there_is_room_for() -> None:
    window = ReorderWindow(window=3)
    assert given(window, 5, 7, 8, 9) == [5]
    assert given(window, 10) == [7, 8, 9, 10]


def test_what_is_late_is_dropped() -> None:
    window = ReorderWindow(window=3)
    assert given(window, 5, 7, 8, 9, 10, 6, 5) == [5, 7, 8, 9, 10]
    assert window.late == 2
    assert given(window, 11) == [11]


def test_what_comes_twice_is_given_out_once() -> None:
    window = ReorderWindow()
    assert given(window, 5, 7, 7, 6, 7) == [5, 6, 7]
    assert window.late == 1


def test_numbers_wrap() -> None:
    window = ReorderWindow()
    assert given(window, 65_534, 0, 65_535, 1) == [65_534, 65_535, 0, 1]


def test_one_far_away_is_no_new_beginning_but_two_in_a_row_are() -> None:
    window = ReorderWindow()
    assert given(window, 5, 30_000, 6, 30_001, 7) == [5, 6, 7]
    assert given(window, 9, 30_002, 30_003, 30_004) == [9, 30_003, 30_004]
    assert window.late == 3


def test_many_of_old_in_a_row_are_a_new_beginning() -> None:
    window = ReorderWindow(window=8)
    assert given(window, 1000, *range(900, 907)) == [1000]
    assert given(window, 907, 908) == [907, 908]


def test_what_is_flushed_comes_in_order_and_any_number_may_follow() -> None:
    window = ReorderWindow()
    assert given(window, 5, 9, 7) == [5]
    assert window.flush() == [b"7", b"9"]
    assert given(window, 40_000) == [40_000]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_nothing_comes_twice_or_backwards(seed: int) -> None:
    rng = Random(seed)
    numbers = sorted(range(2000), key=lambda n: n + rng.uniform(0, 40))
    window = ReorderWindow(window=64)
    out = given(window, *numbers)
    assert out == sorted(set(out))
    assert len(out) >= 2000 - 40 - 3
