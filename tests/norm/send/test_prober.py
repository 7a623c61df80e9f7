"""When probes go out, and what comes back of them."""

from __future__ import annotations

import pytest

from groupwire.norm.send.prober import Prober
from groupwire.norm.wire.feedback import FeedbackHead

WRAP_S = 1 << 32


def started(now: float = 50.0) -> Prober:
    prober = Prober(30.0)
    prober.start(now)
    return prober


def echo(seconds: int, micros: int) -> FeedbackHead:
    return FeedbackHead(1, 7, seconds, micros)


def test_the_first_probe_is_due_when_it_starts_and_only_then() -> None:
    prober = Prober(30.0)
    assert prober.deadline is None
    prober.hurry(1.0, 0.1)
    assert prober.deadline is None
    prober.start(5.0)
    prober.start(9.0)
    assert prober.deadline == 5.0


def test_while_there_is_something_to_send_probes_go_out_at_the_interval() -> None:
    prober = started()
    for now in (50.0, 50.1, 50.2):
        prober.sent(now, 0.1, busy=True)
        assert prober.deadline == pytest.approx(now + 0.1)
    assert prober.sequence == 3


def test_without_anything_to_send_they_become_rare() -> None:
    # RFC 5740 §5.5.2.1: doubled up to once in 30 seconds.
    prober = started()
    waits: list[float] = []
    for _ in range(12):
        prober.sent(100.0, 0.1, busy=False)
        waits.append((prober.deadline or 0.0) - 100.0)
    assert waits[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert waits[-1] == 30.0


def test_when_data_flows_again_the_next_one_is_near() -> None:
    prober = started()
    for _ in range(12):
        prober.sent(100.0, 0.1, busy=False)
    prober.hurry(101.0, 0.1)
    assert prober.deadline == pytest.approx(101.1)
    prober.hurry(101.05, 0.1)
    assert prober.deadline == pytest.approx(101.1)


def test_numbers_wrap_after_sixteen_bits() -> None:
    prober = started()
    for _ in range(0x10000):
        prober.sent(100.0, 0.1, busy=True)
    assert prober.sequence == 0


def test_what_comes_back_tells_the_round_trip() -> None:
    prober = started()
    seconds, micros = prober.stamp(60.25)
    assert prober.round_trip(echo(seconds, micros), 60.5) == pytest.approx(0.25)


def test_a_time_is_never_zero_for_zero_says_that_no_probe_was_heard() -> None:
    prober = started()
    assert prober.stamp(50.0) != (0, 0)
    assert prober.round_trip(echo(0, 0), 50.5) is None


def test_a_receiver_whose_clock_is_a_bit_fast_is_near() -> None:
    prober = started()
    seconds, micros = prober.stamp(60.0005)
    assert prober.round_trip(echo(seconds, micros), 60.0) == 0.0


@pytest.mark.parametrize(
    ("seconds", "micros"),
    [(12, 0), (11, 1_000_000), (11, 0xFFFF_FFFF), (0xFFFF_FFF0, 0), (0x8000_0000, 0)],
)
def test_forged_times_are_no_round_trip(seconds: int, micros: int) -> None:
    assert started().round_trip(echo(seconds, micros), 60.0) is None


def test_what_is_replayed_is_no_round_trip_after_fifteen_seconds() -> None:
    prober = started()
    old = echo(*prober.stamp(60.0))
    assert prober.round_trip(old, 74.0) == pytest.approx(14.0)
    assert prober.round_trip(old, 75.1) is None


def test_seconds_wrap_after_32_bits() -> None:
    prober = started(0.0)
    before, after = WRAP_S - 1.25, WRAP_S - 0.5
    old, new = echo(*prober.stamp(before)), echo(*prober.stamp(after))
    assert old.echo_s == WRAP_S - 1
    assert new.echo_s == 0
    assert prober.round_trip(old, after) == pytest.approx(0.75, abs=1e-5)
    assert prober.round_trip(new, before) is None


def test_before_it_starts_times_are_those_of_the_clock() -> None:
    assert Prober(30.0).stamp(7.5) == (7, 500_000)


def test_where_little_flows_the_next_probe_comes_no_later_than_it_is_wanted() -> None:
    unborn, prober = Prober(30.0), started(50.0)
    unborn.stir(50.0, 0.5)
    assert unborn.deadline is None
    prober.stir(49.0, 0.5)
    assert prober.deadline == 49.5
    prober.stir(49.2, 0.5)
    assert prober.deadline == 49.5
    prober.stop()
    prober.stir(60.0, 0.5)
    assert prober.deadline == 60.5
