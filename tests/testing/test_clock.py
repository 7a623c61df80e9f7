"""Virtual time."""

from __future__ import annotations

from groupwire.testing import Clock


def test_time_jumps_to_what_is_due_and_nothing_else_passes() -> None:
    clock = Clock()
    times: list[float] = []
    clock.at(3.0, lambda: times.append(clock.now))
    clock.at(1.5, lambda: times.append(clock.now))
    assert clock.now == 0.0
    assert clock.next_due == 1.5
    assert clock.step()
    assert clock.step()
    assert times == [1.5, 3.0]
    assert clock.now == 3.0


def test_what_is_due_together_is_done_in_the_order_in_which_it_was_asked() -> None:
    clock, done = Clock(), list[int]()
    for number in range(5):
        clock.at(1.0, done.append, number)
    clock.run(1.0)
    assert done == [0, 1, 2, 3, 4]


def test_without_anything_due_there_is_no_step_and_no_time() -> None:
    clock = Clock()
    assert clock.next_due is None
    assert not clock.step()
    assert clock.now == 0.0


def test_a_time_that_has_passed_is_now_and_the_clock_never_goes_back() -> None:
    clock, times = Clock(), list[float]()
    clock.run(5.0)
    clock.at(1.0, lambda: times.append(clock.now))
    assert clock.step()
    assert times == [5.0]
    clock.run(2.0)
    assert clock.now == 5.0


def test_a_run_does_what_is_due_at_its_end_and_leaves_the_rest() -> None:
    clock, done = Clock(), list[str]()
    clock.at(1.0, done.append, "before")
    clock.at(2.0, done.append, "at the end")
    clock.at(2.1, done.append, "after")
    assert not clock.run(2.0)
    assert done == ["before", "at the end"]
    assert clock.now == 2.0
    assert clock.next_due == 2.1


def test_a_run_ends_as_soon_as_it_is_done_and_time_stands_there() -> None:
    clock, done = Clock(), list[int]()
    for number in range(10):
        clock.at(float(number), done.append, number)
    assert clock.run(100.0, done=lambda: len(done) == 4)
    assert done == [0, 1, 2, 3]
    assert clock.now == 3.0


def test_a_run_that_is_never_done_lasts_until_its_end() -> None:
    clock = Clock()
    clock.at(1.0, lambda: None)
    assert not clock.run(7.0, done=lambda: False)
    assert clock.now == 7.0


def test_what_is_done_may_ask_for_more() -> None:
    clock, times = Clock(), list[float]()

    def again() -> None:
        times.append(clock.now)
        if len(times) < 3:
            clock.at(clock.now + 1.0, again)

    clock.at(1.0, again)
    clock.run(10.0)
    assert times == [1.0, 2.0, 3.0]
