"""NORM-CC, round for round, and in a lab."""

from __future__ import annotations

import pytest
from tests.norm.rate.flows import Flow
from tests.norm.rate.rounds import Rounds

from groupwire.errors import UsageError
from groupwire.norm.rate.tfmcc import TfmccConfig, TfmccRate
from groupwire.norm.receive.congestion import friendly_rate
from groupwire.norm.wire.commands import CongestionFlag
from groupwire.norm.wire.quantise import pack_rtt, unpack_rtt
from groupwire.testing import Faults

CLR, PLR, RTT = CongestionFlag.CLR, CongestionFlag.PLR, CongestionFlag.RTT
STEP = 1400 / 0.02
"""What a packet per round trip adds."""


def rounds(**bounds: float) -> Rounds:
    config = TfmccConfig(**bounds)  # type: ignore[arg-type]
    flow = Rounds(TfmccRate(config))
    flow.control.probe_interval(0.02)
    return flow


def starting(flow: Rounds, node: int, rate: float, *, leaving: bool = False) -> None:
    flow.report(node, rate, measured=False, slow_start=True, leaving=leaving)


def losing(
    flow: Rounds,
    node: int,
    rate: float,
    *,
    rtt_s: float | None = 0.02,
    loss: float = 0.01,
    knows_rtt: bool = True,
    leaving: bool = False,
) -> None:
    flow.report(
        node,
        rate,
        loss=loss,
        rtt_s=rtt_s,
        measured=False,
        knows_rtt=knows_rtt,
        leaving=leaving,
    )


def steady(rate: float = 1e6, node: int = 7) -> Rounds:
    """A transfer that one receiver limits to a rate."""
    flow = rounds(start_bytes_per_s=rate)
    flow.pass_by()
    losing(flow, node, rate)
    assert flow.control.rate == rate
    return flow


def limiting(flow: Rounds) -> int | None:
    first = next(iter(flow.control.nodes()), None)
    return first.node if first is not None and first.flags & CLR else None


def test_bounds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="floor <= start <= ceiling"):
        TfmccConfig(floor_bytes_per_s=1e4)


def test_it_begins_with_a_segment_a_second() -> None:
    control = TfmccRate()
    assert control.rate == 1400
    assert not control.wants_measured
    assert not control.nodes()
    assert not control.slow()


def test_probes_go_out_each_round_trip_of_the_limiting_receiver() -> None:
    flow = steady()
    assert flow.control.probe_interval(0.7) == pytest.approx(0.02)
    assert rounds(start_bytes_per_s=1e6).control.probe_interval(0.7) == 0.7


def test_no_more_than_a_probe_goes_out_with_each_packet() -> None:
    # RFC 5740 §5.5.2.1, rule 4.
    assert TfmccRate().probe_interval(0.02) == 1.0
    slow = TfmccConfig(floor_bytes_per_s=1, start_bytes_per_s=2)
    assert TfmccRate(slow).probe_interval(0.02) == 30.0


# Slow start.


def test_in_slow_start_the_lowest_report_of_a_round_counts() -> None:
    flow = rounds()
    flow.pass_by()
    starting(flow, 7, 4000)
    starting(flow, 8, 2800)
    starting(flow, 9, 9000)
    assert flow.control.rate == 1400
    flow.pass_by()
    assert flow.control.rate == 2800
    assert limiting(flow) == 8


def test_a_round_without_a_report_raises_nothing() -> None:
    flow = rounds()
    flow.pass_by()
    starting(flow, 7, 2800)
    for _ in range(3):
        flow.pass_by()
        assert flow.control.rate == 2800


def test_who_leaves_or_has_received_nothing_does_not_count_in_slow_start() -> None:
    flow = rounds()
    flow.pass_by()
    starting(flow, 7, 100, leaving=True)
    starting(flow, 8, 0)
    flow.pass_by()
    assert flow.control.rate == 1400
    assert limiting(flow) is None


def test_slow_start_ends_with_the_first_loss_anywhere() -> None:
    flow = rounds(start_bytes_per_s=1e6)
    flow.pass_by()
    starting(flow, 7, 9e6)
    losing(flow, 8, 0.5e6)
    assert flow.control.rate == 0.5e6
    assert limiting(flow) == 8
    flow.pass_by()
    starting(flow, 7, 9e6)
    flow.pass_by()
    assert flow.control.rate == 0.5e6


# Steady state.


def test_it_falls_to_the_limiting_receivers_rate_at_once() -> None:
    flow = steady()
    flow.pass_by()
    losing(flow, 7, 0.3e6)
    assert flow.control.rate == 0.3e6


def test_it_rises_by_a_packet_each_round_trip() -> None:
    flow = steady()
    for turn in range(1, 4):
        flow.pass_by()
        losing(flow, 7, 9e6)
        losing(flow, 7, 9e6)
        assert flow.control.rate == pytest.approx(1e6 + turn * STEP)


def test_it_rises_no_further_than_it_may() -> None:
    flow = steady()
    flow.pass_by()
    losing(flow, 7, 1e6 + 5)
    assert flow.control.rate == 1e6 + 5


def test_a_slower_receiver_becomes_the_limiting_one() -> None:
    flow = steady()
    losing(flow, 8, 0.6e6)
    assert limiting(flow) == 8
    assert flow.control.rate == 0.6e6


def test_a_faster_one_does_not() -> None:
    flow = steady()
    losing(flow, 8, 1.5e6)
    assert limiting(flow) == 7


def test_of_equals_the_farther_one_is_it() -> None:
    flow = steady()
    losing(flow, 8, 1.05e6, rtt_s=0.01)
    assert limiting(flow) == 7
    losing(flow, 9, 1.05e6, rtt_s=0.2)
    assert limiting(flow) == 9


def test_who_leaves_is_not_chosen() -> None:
    flow = steady()
    losing(flow, 8, 0.6e6, leaving=True)
    assert limiting(flow) == 7
    assert flow.control.rate == 1e6


def test_when_the_limiting_one_leaves_the_next_is_chosen() -> None:
    flow = steady()
    losing(flow, 8, 3e6)
    losing(flow, 9, 2e6)
    losing(flow, 7, 1e6, leaving=True)
    assert limiting(flow) == 9
    assert flow.control.rate == 1e6


def test_when_the_last_one_leaves_there_is_none() -> None:
    flow = steady()
    losing(flow, 7, 1e6, leaving=True)
    assert limiting(flow) is None


def test_who_does_not_know_its_round_trip_is_judged_by_the_true_one() -> None:
    # RFC 4654 §3.3: X_r * R_max / R_r.
    flow = steady()
    flow.control.probe_interval(0.5)
    losing(flow, 8, 0.2e6, rtt_s=0.05, knows_rtt=False)
    assert limiting(flow) == 7
    losing(flow, 9, 0.05e6, rtt_s=0.05, knows_rtt=False)
    assert limiting(flow) == 9
    assert flow.control.rate == pytest.approx(0.5e6)


def test_round_trips_are_smoothed_the_limiting_ones_most() -> None:
    # RFC 5740 §5.5.2.3: by 0.1 for the CLR, by 0.5 for others.
    flow = steady()
    losing(flow, 8, 3e6, rtt_s=0.02)
    flow.pass_by()
    losing(flow, 7, 1e6, rtt_s=0.12)
    losing(flow, 8, 3e6, rtt_s=0.12)
    first, second = flow.control.nodes()
    assert first.rtt == pack_rtt(0.02 + 0.1 * 0.1)
    assert second.rtt == pack_rtt(0.07)


def test_a_report_of_an_old_or_unknown_probe_changes_nothing() -> None:
    flow = steady()
    flow.report(7, 10.0, probe=flow.probe - 1, measured=False)
    flow.report(8, 10.0, probe=flow.probe + 1, measured=False)
    assert flow.control.rate == 1e6


# Silence.


def test_when_the_limiting_one_is_silent_the_rate_is_halved_each_round() -> None:
    # RFC 5740 §5.5.2.3: if (Age > 4).
    flow = steady()
    rates: list[float] = []
    for _ in range(7):
        flow.pass_by()
        losing(flow, 8, 3e6)
        rates.append(flow.control.rate)
    assert rates == [1e6] * 4 + [0.5e6, 0.25e6, 0.125e6]


def test_after_twenty_silent_rounds_another_one_is_chosen() -> None:
    flow = steady()
    for _ in range(20):
        flow.pass_by()
        losing(flow, 8, 3e6)
        losing(flow, 9, 2e6)
    assert limiting(flow) == 9
    assert all(node.node != 7 for node in flow.control.nodes())


def test_without_any_feedback_it_falls_to_the_floor_and_starts_slowly_again() -> None:
    flow = steady()
    for _ in range(60):
        flow.pass_by()
    assert flow.control.rate == 175
    assert limiting(flow) is None
    starting(flow, 8, 1e5)
    flow.pass_by()
    assert flow.control.rate == 1e5


def test_a_pause_of_the_application_wears_the_rate_down_to_the_start() -> None:
    flow = rounds(start_bytes_per_s=1e5)
    for rate in (4e5, 8e5):
        flow.pass_by()
        starting(flow, 7, rate)
        flow.pass_by()
    losing(flow, 7, 8e5)
    for rate in (4e5, 2e5, 1e5, 1e5):
        flow.pass_by(busy=False)
        assert flow.control.rate == rate
    flow.pass_by()
    starting(flow, 7, 3e5)
    flow.pass_by()
    assert flow.control.rate == 3e5


def test_a_pause_does_not_raise_a_rate_below_the_start() -> None:
    flow = rounds(start_bytes_per_s=1e6)
    flow.pass_by()
    losing(flow, 7, 1e5)
    flow.pass_by(busy=False)
    assert flow.control.rate == 1e5


def test_it_keeps_within_its_bounds() -> None:
    flow = rounds(ceiling_bytes_per_s=2e5)
    flow.pass_by()
    starting(flow, 7, 1e9)
    flow.pass_by()
    assert flow.control.rate == 2e5
    losing(flow, 7, 0.0)
    assert flow.control.rate == 175


# What probes tell.


def test_probes_tell_round_trips_first_to_those_who_lack_them() -> None:
    # RFC 5740 §5.5.2.1: of these the greatest loss first; then the lowest rates.
    flow = steady()
    losing(flow, 20, 5e6)
    losing(flow, 21, 4e6)
    losing(flow, 22, 9e6, loss=0.1, knows_rtt=False)
    losing(flow, 23, 9e6, loss=0.3, knows_rtt=False)
    assert [node.node for node in flow.control.nodes()] == [7, 23, 22, 21, 20]
    assert all(node.flags & RTT for node in flow.control.nodes())


def test_who_is_nearly_as_slow_is_asked_to_answer_at_once() -> None:
    flow = steady()
    for node in range(20, 30):
        losing(flow, node, 1.2e6, rtt_s=0.01)
    losing(flow, 30, 2e6)
    flags = {node.node: node.flags for node in flow.control.nodes()}
    assert flags[7] == CLR | RTT
    assert sum(bool(flag & PLR) for flag in flags.values()) == 3
    assert not flags[30] & PLR


def test_whose_round_trip_is_unknown_is_told_the_groups_without_a_flag() -> None:
    flow = steady()
    losing(flow, 8, 3e6, rtt_s=None)
    second = flow.control.nodes()[1]
    assert not second.flags & RTT
    assert unpack_rtt(second.rtt) == pytest.approx(0.02, rel=0.08)


def test_only_so_many_receivers_are_known_and_told() -> None:
    flow = steady()
    for node in range(100, 5100):
        losing(flow, node, 3e6)
    assert len(flow.control._members) == 1024  # type: ignore[attr-defined]
    assert len(flow.control.nodes()) == 16
    assert limiting(flow) == 7


# In a lab.


@pytest.mark.parametrize("loss", [0.01, 0.05])
def test_to_our_own_receivers_it_sends_what_tcp_would(loss: float) -> None:
    config = TfmccConfig(start_bytes_per_s=2e5)
    flow = Flow(TfmccRate(config), object_segments=64)
    flow.join(10, Faults(delay_s=0.02, loss=loss, rate_bytes_per_s=2e7))
    flow.start()
    flow.run(15.0)
    expected = friendly_rate(loss, 0.04, 1432)
    assert flow.goodput(10, 5.0, 15.0) == pytest.approx(expected, rel=0.5)


def test_it_finds_the_slowest_link_and_does_not_flood_it() -> None:
    config = TfmccConfig(start_bytes_per_s=1e5)
    flow = Flow(TfmccRate(config), object_segments=64)
    for node, rate in ((10, 2e6), (11, 0.5e6)):
        down = Faults(rate_bytes_per_s=rate, delay_s=0.01, queue_bytes=50_000)
        flow.join(node, down)
    flow.start()
    flow.run(12.0)
    assert 0.25e6 <= flow.goodput(11, 6.0, 12.0) <= 0.5e6
