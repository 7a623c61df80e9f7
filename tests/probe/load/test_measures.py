"""Percentiles, clocks, arrivals and pace: small rules with numbers."""

from random import Random

import pytest

from groupwire.probe.load import Delays, Exchange, Pace, best_offset
from groupwire.probe.load.jitter import Jitter


class TestDelays:
    def test_nothing_taken_is_nothing_known(self) -> None:
        delays = Delays()
        assert (len(delays), delays.mean, delays.at(0.5)) == (0, None, None)

    @pytest.mark.parametrize("seed", range(5))
    def test_percentiles_are_right_to_one_per_cent(self, seed: int) -> None:
        rng = Random(seed)
        times = sorted(rng.lognormvariate(-7, 2) for _ in range(5000))
        delays = Delays()
        for each in rng.sample(times, len(times)):
            delays.take(each)
        for part in (0.01, 0.5, 0.9, 0.99):
            exact = times[int(part * len(times)) - 1]
            assert delays.at(part) == pytest.approx(exact, rel=0.011, abs=1e-6)
        assert (delays.at(0), delays.at(1)) == (times[0], times[-1])
        assert delays.mean == pytest.approx(sum(times) / len(times))

    def test_clocks_that_disagree_make_negative_times(self) -> None:
        delays = Delays()
        delays.take(-0.5, 98)
        delays.take(0.0)
        delays.take(0.25)
        assert delays.at(0.5) == pytest.approx(-0.5, rel=0.01)
        assert delays.at(0.99) == 0.0
        assert delays.at(1.0) == 0.25
        assert len(delays) == 100

    def test_what_is_off_all_measure_shares_the_last_bucket(self) -> None:
        delays = Delays()
        for days in range(1, 10):
            delays.take(1e30 * days)
        assert len(delays._buckets) == 1
        assert delays.at(1) == 9e30


class TestClock:
    def test_without_an_exchange_nothing_is_known(self) -> None:
        assert best_offset([]) is None

    def test_the_quickest_exchange_is_the_surest(self) -> None:
        slow = Exchange(0.0, 5.4, 5.5, 0.9)
        quick = Exchange(10.0, 15.1, 15.2, 10.3)
        offset = best_offset([slow, quick])
        assert offset is not None
        assert offset.offset_s == pytest.approx(5.0)
        assert offset.error_s == pytest.approx(0.1)

    def test_clocks_that_run_unlike_make_no_negative_error(self) -> None:
        offset = best_offset([Exchange(0.0, 0.0, 2.0, 1.0)])
        assert offset is not None
        assert offset.error_s == 0.0


class TestJitter:
    def test_jitter_is_that_of_rfc_3550(self) -> None:
        jitter = Jitter()
        for transit in (5.0, 5.016, 5.016):
            jitter.take(transit)
        assert jitter.seconds == pytest.approx(0.001 * 15 / 16)


class TestPace:
    def test_they_leave_at_even_distances(self) -> None:
        pace = Pace(8_000, 100)
        assert pace.distance_s == pytest.approx(0.1)
        assert pace.take(0.0, 64) == 1
        assert pace.take(0.05, 64) == 0
        assert pace.due_s == pytest.approx(0.1)
        assert pace.take(0.1, 64) == 1

    def test_what_is_due_at_once_is_a_row_but_no_longer_than_asked(self) -> None:
        pace = Pace(8e6, 100)
        assert pace.take(0.001, 64) == 11
        assert pace.take(0.005, 16) == 16
        assert pace.late == 0

    def test_what_was_missed_long_ago_is_not_made_up_for(self) -> None:
        pace = Pace(8e6, 100)
        assert pace.take(1.0, 1000) == pytest.approx(100, abs=2)
        assert pace.late == pytest.approx(9900, abs=2)
