"""How a rate grows again after congestion."""

from __future__ import annotations

import itertools

import pytest

from groupwire.norm.rate.growth import DECREASE, Growth

FAR = 0.2
"""A round trip at which TCP's own growth is too slow to matter here."""


def test_it_begins_where_the_decrease_left_it() -> None:
    assert Growth(1e7, FAR).after(0.0, FAR) == pytest.approx(1e7 * DECREASE)


def test_it_is_back_at_the_peak_when_cubic_says_so() -> None:
    # RFC 9438 §4.2: K is the cube root of W_max * (1 - beta) / C, here of packets.
    window = 1e7 * FAR / 1400
    flat = (window * 0.2 / 0.4) ** (1 / 3)
    assert Growth(1e7, FAR).after(flat, FAR) == pytest.approx(1e7)


def test_it_is_slow_near_the_peak_and_quick_before_and_after() -> None:
    growth = Growth(1e7, FAR)
    rates = [growth.after(0.9, FAR) for _ in range(20)]
    steps = [after - before for before, after in itertools.pairwise(rates)]
    slowest = steps.index(min(steps))
    assert rates[slowest] == pytest.approx(1e7, rel=0.01)
    assert steps[0] > 10 * steps[slowest]
    assert steps[-1] > 10 * steps[slowest]


def test_on_a_short_way_it_grows_as_tcp_does() -> None:
    growth = Growth(1e6, 0.05)
    # Half a packet per round trip, in bytes per second: 0.5 * 1400 / 0.05 each 50 ms.
    begin = growth.after(0.0, 0.05)
    assert growth.after(0.05, 0.05) - begin == pytest.approx(14_000, rel=0.01)


def test_a_round_trip_that_grows_slows_it_down() -> None:
    quick, slow = Growth(1e6, 0.05), Growth(1e6, 0.05)
    assert quick.after(0.5, 0.05) > slow.after(0.5, 0.1)


def test_a_lan_is_no_reason_to_be_quicker_than_the_probes_are() -> None:
    assert Growth(1e6, 1e-4).after(0.1, 1e-4) == Growth(1e6, 0.02).after(0.1, 0.02)


def test_losses_are_random_only_below_the_peak() -> None:
    assert Growth(1e6, 0.02).learns == pytest.approx(0.97e6)


@pytest.mark.parametrize("peak", [0.0, 1e-300, 1.0])
def test_it_grows_from_next_to_nothing(peak: float) -> None:
    growth = Growth(peak, 0.02)
    assert 0 < growth.after(0.0, 0.02) <= growth.peak
    assert growth.after(1.0, 0.02) > growth.peak
