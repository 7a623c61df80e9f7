"""The group's round-trip time."""

from __future__ import annotations

import pytest

from groupwire.norm.send.grtt import GroupRoundTrip


def estimate(initial_s: float = 0.1) -> GroupRoundTrip:
    return GroupRoundTrip(initial_s, shortest_s=1e-4)


def test_it_begins_with_what_it_is_told() -> None:
    assert estimate(0.3).seconds == 0.3


def test_a_longer_round_trip_counts_at_once() -> None:
    grtt = estimate()
    grtt.heard(0.25)
    assert grtt.seconds == 0.25


def test_a_shorter_one_counts_when_the_round_is_over_and_by_half() -> None:
    grtt = estimate()
    grtt.heard(0.01)
    grtt.heard(0.02)
    assert grtt.seconds == 0.1
    grtt.round_over()
    assert grtt.seconds == pytest.approx(0.06)


def test_a_round_in_which_nobody_speaks_changes_nothing() -> None:
    # RFC 5401 §3.7.1, rule 3.
    grtt = estimate()
    for _ in range(10):
        grtt.round_over()
    assert grtt.seconds == 0.1


def test_in_ten_rounds_it_is_down_at_the_round_trip_of_a_lan() -> None:
    grtt = estimate()
    for _ in range(10):
        grtt.heard(0.00012)
        grtt.round_over()
    assert grtt.seconds < 0.00025


def test_it_is_never_shorter_than_it_may_be() -> None:
    grtt = estimate()
    for _ in range(50):
        grtt.heard(-1.0)
        grtt.round_over()
    assert grtt.seconds == pytest.approx(1e-4)


def test_a_packet_at_the_rate_in_force_bounds_it_from_below() -> None:
    grtt = estimate()
    grtt.packet_s = 0.7
    assert grtt.seconds == 0.7
    grtt.packet_s = 700.0
    assert grtt.seconds == 15.0


def test_one_liar_lifts_it_by_a_factor_and_not_to_the_sky() -> None:
    grtt = estimate(0.001)
    for _ in range(100):
        grtt.heard(1e9)
    assert grtt.seconds == pytest.approx(0.008)
    for _ in range(6):
        grtt.round_over()
        grtt.heard(0.001)
    assert grtt.seconds < 0.00125


def test_whoever_lies_for_long_reaches_fifteen_seconds_and_no_more() -> None:
    grtt = estimate()
    for _ in range(10):
        grtt.round_over()
        grtt.heard(1e9)
    assert grtt.seconds == 15.0


def test_a_far_member_of_a_near_group_is_known_after_a_few_rounds() -> None:
    grtt = estimate(1e-4)
    for _ in range(4):
        grtt.heard(0.25)
        grtt.round_over()
    assert grtt.seconds == pytest.approx(0.25)
