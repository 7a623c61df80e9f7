"""Pacing."""

from __future__ import annotations

import pytest

from groupwire.norm.send.bucket import TokenBucket


def test_at_the_beginning_something_may_be_sent_at_once() -> None:
    bucket = TokenBucket(1000.0)
    assert bucket.ready(5.0)
    assert bucket.ready_at(5.0) == 5.0


def test_what_a_burst_overdraws_is_waited_for() -> None:
    bucket = TokenBucket(1000.0)
    bucket.ready(0.0)
    bucket.spend(500)
    assert not bucket.ready(0.1)
    assert bucket.ready_at(0.1) == pytest.approx(0.5)
    assert bucket.ready(0.5)


@pytest.mark.parametrize("burst", [1, 100, 1400, 65_000])
def test_the_mean_is_the_rate_for_bursts_of_any_size(burst: int) -> None:
    bucket, now, sent = TokenBucket(1e6, depth_s=0.0), 0.0, 0
    for _ in range(1000):
        now = bucket.ready_at(now)
        assert bucket.ready(now)
        bucket.spend(burst)
        sent += burst
    assert sent / now == pytest.approx(1e6, rel=0.01)


def test_after_a_pause_only_so_much_is_sent_at_once() -> None:
    bucket = TokenBucket(1e6, depth_s=0.002)
    bucket.ready(0.0)
    sent = 0
    while bucket.ready(100.0):
        bucket.spend(100)
        sent += 100
    assert sent == 2100


def test_a_new_rate_counts_from_now_on() -> None:
    bucket = TokenBucket(1000.0)
    bucket.ready(0.0)
    bucket.spend(1000)
    bucket.rate = 4000.0
    assert bucket.ready_at(0.0) == pytest.approx(0.25)


def test_a_clock_that_has_run_for_years_loses_no_time() -> None:
    bucket, now = TokenBucket(1e9), 1e9
    for _ in range(100):
        bucket.spend(65_000)
        due = bucket.ready_at(now)
        assert due > now
        assert bucket.ready(due)
        now = due


def test_who_wakes_late_has_lost_nothing_where_more_is_to_be_sent() -> None:
    for waited_for, credit in ((False, 2000), (True, 8000)):
        bucket = TokenBucket(1e6)
        assert bucket.ready(0.0)
        bucket.waited_for = waited_for
        assert bucket.ready(0.008)
        bucket.spend(credit)
        assert bucket.ready(0.008)
        bucket.spend(10)
        assert not bucket.ready(0.008)


def test_who_wakes_much_too_late_has_a_hundredth_of_a_second() -> None:
    bucket = TokenBucket(1e6)
    assert bucket.ready(0.0)
    bucket.waited_for = True
    assert bucket.ready(5.0)
    bucket.spend(10_010)
    assert not bucket.ready(5.0)
