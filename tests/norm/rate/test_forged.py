"""Whatever a report says: both controls keep between their bounds, and never raise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupwire.norm.rate.adaptive import AdaptiveConfig, AdaptiveRate
from groupwire.norm.rate.control import RateControl, Report
from groupwire.norm.rate.tfmcc import TfmccConfig, TfmccRate

FLOOR, CEILING = 50e3, 1e9
ODD = [0.0, -1.0, 5e-324, 1e-9, 1e16, 1e308, math.inf, -math.inf, math.nan]


def values(*usual: float) -> st.SearchStrategy[float]:
    return st.sampled_from([*ODD, *usual]) | st.floats()


REPORTS = st.builds(
    Report,
    node=st.integers(1, 4),
    rtt_s=st.none() | values(0.001, 0.5),
    loss=values(0.01, 0.4, 1.0),
    rate_bytes_per_s=values(1e3, 1e6),
    probe=st.integers(0, 40),
    measured=st.booleans(),
    knows_rtt=st.booleans(),
    slow_start=st.booleans(),
    leaving=st.booleans(),
)
ROUNDS = st.lists(st.tuples(st.booleans(), st.lists(REPORTS, max_size=4)), max_size=30)


def controls() -> list[RateControl]:
    return [
        AdaptiveRate(
            AdaptiveConfig(
                start_bytes_per_s=1e6,
                floor_bytes_per_s=FLOOR,
                ceiling_bytes_per_s=CEILING,
            )
        ),
        TfmccRate(
            TfmccConfig(
                start_bytes_per_s=1e6,
                floor_bytes_per_s=FLOOR,
                ceiling_bytes_per_s=CEILING,
            )
        ),
    ]


@settings(max_examples=300, deadline=None)
@given(rounds=ROUNDS)
def test_no_report_whatever_brings_the_rate_out_of_its_bounds(
    rounds: list[tuple[bool, list[Report]]],
) -> None:
    for control in controls():
        for probe, (busy, reports) in enumerate(rounds, 1):
            now = probe * 0.05
            assert 0 < control.probe_interval(0.05) < math.inf
            control.probed(probe, busy=busy, now=now)
            for report in reports:
                control.heard(report, now=now)
                assert FLOOR <= control.rate <= CEILING
            control.nodes()
            control.slow()


@pytest.mark.parametrize("which", [0, 1], ids=["adaptive", "tfmcc"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_bytes_per_s": math.nan},
        {"rate_bytes_per_s": math.inf},
        {"rate_bytes_per_s": -1.0},
        {"loss": math.nan},
        {"loss": 1.1},
        {"rtt_s": math.nan},
        {"rtt_s": math.inf},
        {"rtt_s": -0.1},
    ],
)
def test_what_is_no_number_of_its_kind_is_no_report(
    which: int, wrong: dict[str, float]
) -> None:
    control = controls()[which]
    usual = {"rtt_s": 0.1, "loss": 0.0, "rate_bytes_per_s": 1e6}
    report = Report(node=7, probe=1, **{**usual, **wrong})  # type: ignore[arg-type]
    control.probed(1, busy=True, now=0.1)
    control.heard(report, now=0.2)
    assert not control.nodes()
    assert control.rate == 1e6
