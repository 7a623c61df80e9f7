"""What is known of the way to one member."""

from __future__ import annotations

import pytest

from groupwire.norm.rate.path import Path

RATE = 1e6


def still(rtt_s: float = 0.02) -> Path:
    """A path whose round trip has been the same for long."""
    path = Path(7)
    for at in range(40):
        path.trip(rtt_s, at * 0.1)
    return path


def test_a_round_trip_that_stays_has_no_queue() -> None:
    path = still()
    assert path.rtt_s == 0.02
    assert path.queue_s == 0
    assert path.empty(RATE)
    assert not path.full(RATE)


def test_what_a_round_trip_grows_by_is_a_queue() -> None:
    path = still()
    for at in range(40, 60):
        path.trip(0.05, at * 0.1)
    assert path.queue_s == pytest.approx(0.03, rel=0.01)
    assert path.full(RATE)
    assert not path.empty(RATE)
    assert not path.bloated


def test_a_queue_of_two_packets_is_an_accident_on_a_slow_path() -> None:
    path = still()
    for at in range(40, 60):
        path.trip(0.045, at * 0.1)
    assert not path.full(1400 / 0.0125)
    assert path.full(1400 / 0.0124)


def test_a_path_whose_round_trips_tremble_is_not_full() -> None:
    path = Path(7)
    for at in range(100):
        path.trip(0.02 + at % 2 * 0.01, at * 0.025)
        assert not path.full(1e9) or at < 10


def test_half_of_the_longest_queue_is_no_full_one() -> None:
    path = still()
    for at in range(40, 60):
        path.trip(0.12, at * 0.1)
    for at in range(60, 80):
        path.trip(0.06, at * 0.1)
    assert not path.full(RATE)


def test_a_queue_that_stands_at_sustained_rates_is_usual() -> None:
    path = still()
    for at in range(40, 60):
        path.trip(0.06, at * 0.1)
    assert path.full(RATE)
    for _ in range(20):
        path.learn(0.0)
    assert not path.full(RATE)


def test_a_queue_longer_than_the_path_and_a_fifth_of_a_second_is_too_long() -> None:
    path = still()
    for at in range(40, 60):
        path.trip(0.25, at * 0.1)
    assert path.bloated
    for _ in range(20):
        path.learn(0.0)
    assert path.full(RATE)


def test_a_longer_way_is_a_queue_for_some_seconds_and_then_the_way() -> None:
    path = still()
    for at in range(40, 100):
        path.trip(0.05, at * 0.1)
    assert path.queue_s > 0.029
    for at in range(100, 300):
        path.trip(0.05, at * 0.1)
    assert path.queue_s < 0.001


def test_a_first_small_loss_is_taken_for_random() -> None:
    path = Path(7)
    assert not path.lossy(0.1, 100)
    path.learn(0.1)
    path.arrived(0.9e6, at_once=True)
    assert path.capacity == pytest.approx(1e6)


def test_a_first_large_loss_is_congestion_until_a_lower_rate_has_shown_it_too() -> None:
    path = Path(7)
    assert path.lossy(0.3, 100)
    assert path.doubtful
    path.arrived(0.7e6, at_once=True)
    assert path.capacity == pytest.approx(0.7e6)
    path.prove(0.3, empty=True)
    path.prove(0.0, empty=True)
    assert path.capacity == pytest.approx(1e6)
    assert not path.lossy(0.3, 100)


def test_much_more_loss_than_usual_is_congestion_when_it_comes_twice() -> None:
    path = Path(7)
    path.learn(0.05)
    # Expected by chance: up to 0.0625 and three sigma of 0.0218 and two of the packets.
    assert not path.lossy(0.145, 100)
    assert not path.doubtful
    assert not path.lossy(0.16, 100)
    assert path.doubtful
    assert not path.lossy(0.0, 100)
    assert not path.lossy(0.16, 100)
    assert path.lossy(0.16, 100)


def test_two_lost_packets_are_chance_anywhere() -> None:
    path = Path(7)
    path.learn(0.0)
    for _ in range(3):
        assert not path.lossy(0.02, 100)


def test_more_than_half_lost_is_congestion_at_once() -> None:
    path = Path(7)
    path.learn(1.0)
    assert path.lossy(0.51, 10)
    path.arrived(1e6, at_once=True)
    assert path.capacity == pytest.approx(2e6)


def test_random_loss_is_learnt_slowly_after_the_first_rounds() -> None:
    path = Path(7)
    path.arrived(1e6, at_once=True)
    for loss in (0.0, 0.08, 0.04):  # these count alike
        path.learn(loss)
    assert path.capacity == pytest.approx(1e6 / 0.96)
    for _ in range(10):
        path.learn(0.04)
    path.learn(0.12)
    assert path.capacity == pytest.approx(1e6 / 0.95)


def test_what_arrives_is_smoothed() -> None:
    path = Path(7)
    path.arrived(1e6, at_once=False)
    assert path.arriving == 1e6
    path.arrived(2e6, at_once=False)
    assert path.arriving == 1.5e6
    path.arrived(4e6, at_once=True)
    assert path.arriving == 4e6


def test_a_collapse_counts_at_once() -> None:
    path = Path(7)
    path.arrived(1e7, at_once=True)
    path.arrived(1e6, at_once=False)
    assert path.arriving == 1e6


def test_who_answers_every_probe_is_silent_after_five() -> None:
    path = Path(7)
    for probe in range(60):
        path.answered(probe)
    assert path.patience == 5


def test_who_answers_every_other_probe_may_be_silent_for_longer() -> None:
    path = Path(7)
    for probe in range(0, 200, 2):
        path.answered(probe)
    # One in two is lost: seven in a row are less than one in a hundred.
    assert 9 <= path.patience <= 11


def test_who_hardly_answers_is_never_waited_for_longer_than_twenty_probes() -> None:
    path = Path(7)
    for probe in range(0, 10_000, 500):
        path.answered(probe)
    assert path.patience == 20


@pytest.mark.parametrize("slow", [True, False])
def test_a_queue_of_a_slow_member_is_not_taken_for_the_way_itself(slow: bool) -> None:
    path = Path(7)
    path.trip(0.02, 0.0)
    path.slow_since = 0.0 if slow else None
    for at in range(1, 60):
        path.trip(0.5, float(at))
    assert path.full(5e4) is slow


def test_a_loss_that_kept_nothing_from_arriving_is_learnt_when_it_comes_again() -> None:
    path = Path(7)
    path.arrived(1e6, at_once=True)
    assert not path.excuse(0.2, again=True)  # nothing is known of the path yet
    assert path.capacity == 1e6
    path.learn(0.0)
    assert not path.excuse(0.2, again=False)
    assert path.capacity == 1e6
    assert not path.excuse(0.2, again=True)
    assert path.capacity == pytest.approx(1e6 / 0.9)


def test_losses_where_no_queue_stands_for_three_rounds_are_learnt() -> None:
    path = Path(7)
    path.arrived(1e6, at_once=True)
    path.learn(0.0)
    path.lossy(0.3, 100)
    for empty in (True, True, False, True, True):  # rivals keep a queue full
        path.prove(0.3, empty=empty)
    assert path.capacity == 1e6
    path.prove(0.3, empty=True)
    assert path.capacity == pytest.approx(1e6 / 0.85)
