"""The fixed rate, and what every rate control has."""

from __future__ import annotations

import pytest

from groupwire.norm.rate.control import FixedRate, Report


@pytest.mark.parametrize(
    ("grtt_s", "interval_s"), [(0.0001, 0.05), (0.2, 0.2), (15.0, 1.0)]
)
def test_probes_go_out_each_round_trip_within_reason(
    grtt_s: float, interval_s: float
) -> None:
    assert FixedRate(1e6).probe_interval(grtt_s) == interval_s


def test_nothing_changes_a_fixed_rate() -> None:
    control = FixedRate(1e6)
    control.probed(1, busy=True, now=0.0)
    control.heard(Report(7, 0.1, 0.9, 10.0, 1, measured=True), now=0.1)
    assert control.rate == 1e6
    assert not control.wants_measured
    assert not control.nodes()
    assert not control.slow()
