"""The adaptive rate: by numbers, round for round, and in a lab."""

from __future__ import annotations

from random import Random

import pytest
from tests.norm.rate.flows import Flow
from tests.norm.rate.rounds import Pipe, Rounds
from tests.norm.rate.tcp import RenoReceiver, RenoSender

from groupwire.errors import UsageError
from groupwire.norm.rate.adaptive import AdaptiveConfig, AdaptiveRate
from groupwire.norm.rate.control import Report, Slow
from groupwire.norm.rate.tfmcc import TfmccConfig, TfmccRate
from groupwire.norm.wire.commands import CongestionFlag
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions
from groupwire.norm.wire.feedback import Ack, AckType, FeedbackHead
from groupwire.norm.wire.quantise import pack_rate, pack_rtt
from groupwire.testing import Faults, Lab
from groupwire.values import Origin

CLR, RTT = CongestionFlag.CLR, CongestionFlag.RTT
STRANGER = Origin("192.0.2.66", 6666)


def rounds(**bounds: float) -> Rounds:
    return Rounds(AdaptiveRate(AdaptiveConfig(**bounds)))  # type: ignore[arg-type]


def limiting(flow: Rounds) -> int | None:
    """Return whom probes name as the limiting member."""
    first = next(iter(flow.control.nodes()), None)
    return first.node if first is not None and first.flags & CLR else None


# By numbers.


@pytest.mark.parametrize(
    "bounds",
    [
        {"floor_bytes_per_s": 0.0},
        {"floor_bytes_per_s": 2e6, "start_bytes_per_s": 1e6},
        {"ceiling_bytes_per_s": 1e6, "start_bytes_per_s": 2e6},
    ],
)
def test_bounds_that_contradict_each_other_are_refused(
    bounds: dict[str, float],
) -> None:
    with pytest.raises(UsageError, match="floor <= start <= ceiling"):
        AdaptiveConfig(**bounds)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("named", "start", "floor", "drop_below"),
    [
        ({}, 1.25e6, 50e3, 10e3),
        ({"ceiling": 1e8}, 1.25e6, 50e3, 10e3),
        ({"ceiling": 1e6}, 1e6, 50e3, 10e3),
        ({"ceiling": 20e3}, 20e3, 20e3, 4e3),
        ({"start": 20e3}, 20e3, 20e3, 4e3),
        ({"drop_below": 5e6}, 1.25e6, 50e3, 5e6),
        ({"drop_below": 20e3}, 1.25e6, 20e3, 20e3),
        ({"drop_below": 1e3}, 1.25e6, 1e3, 1e3),
        ({"drop_below": 0}, 1.25e6, 50e3, 0),
        ({"ceiling": 20e3, "drop_below": 20e3}, 20e3, 20e3, 20e3),
        ({"floor": 2e3}, 1.25e6, 2e3, 400.0),
    ],
)
def test_defaults_yield_to_bounds_that_are_named(
    named: dict[str, float], start: float, floor: float, drop_below: float
) -> None:
    bounds = {f"{name}_bytes_per_s": value for name, value in named.items()}
    config = AdaptiveConfig(**bounds)  # type: ignore[arg-type]
    assert config.start_bytes_per_s == start
    assert config.floor_bytes_per_s == floor
    assert config.drop_below_bytes_per_s == pytest.approx(drop_below)


@pytest.mark.parametrize("drop_below", [-1.0, 2e6])
def test_nobody_can_be_asked_for_more_than_the_ceiling(drop_below: float) -> None:
    with pytest.raises(UsageError, match="0 <= drop_below <= ceiling"):
        AdaptiveConfig(ceiling_bytes_per_s=1e6, drop_below_bytes_per_s=drop_below)


def test_it_asks_for_what_arrives() -> None:
    assert AdaptiveRate().wants_measured


@pytest.mark.parametrize(
    ("rate", "grtt_s", "interval_s"),
    [
        (1e8, 0.0001, 0.01),
        (1e8, 0.1, 0.1),
        (1e8, 15.0, 0.5),
        (1e5, 0.0001, 16 * 1400 / 1e5),
    ],
)
def test_a_round_is_a_round_trip_but_long_enough_to_tell_something(
    rate: float, grtt_s: float, interval_s: float
) -> None:
    control = AdaptiveRate(AdaptiveConfig(start_bytes_per_s=rate))
    assert control.probe_interval(grtt_s) == interval_s


def test_once_there_was_congestion_rounds_are_longer() -> None:
    control = AdaptiveRate(AdaptiveConfig(start_bytes_per_s=1e8))
    flow = Rounds(control)
    flow.flow(7, Pipe(1e8, queue_bytes=1e6), 4)
    assert control.rate < 1e8
    assert control.probe_interval(0.0001) == 0.025


def test_what_a_machine_had_no_time_to_send_is_no_congestion() -> None:
    control = AdaptiveRate(AdaptiveConfig(start_bytes_per_s=1e8))
    flow = Rounds(control)
    for standing in (0.0, 0.0, 0.01, 0.03, 0.05):
        flow.pass_by(sent_bytes=300_000)  # in 0.02 s
        flow.report(7, 1.5e7, rtt_s=0.02 + standing)
        assert control.rate == 1e8
    for held in (1e8, 1e7):  # but that is, if it lasts
        flow.pass_by(sent_bytes=300_000)
        flow.report(7, 0.9e7, rtt_s=0.05)
        assert control.rate <= held


@pytest.mark.parametrize("capacity", [1e6, 1e7, 1e8, 1e9])
def test_it_finds_the_capacity_in_about_a_doubling_a_round(capacity: float) -> None:
    flow = rounds(start_bytes_per_s=1e6)
    rates = flow.flow(7, Pipe(capacity, queue_bytes=capacity / 100), 100)
    first = next(at for at, rate in enumerate(rates) if rate > capacity / 2)
    assert first <= capacity.hex().count("0") + 12
    assert 0.8 * capacity < sum(rates[20:]) / 80 < 1.1 * capacity


def test_it_stays_below_the_ceiling() -> None:
    flow = rounds(ceiling_bytes_per_s=3e6)
    assert max(flow.flow(7, Pipe(1e9), 50)) == 3e6


def test_random_loss_does_not_slow_it_down() -> None:
    flow = rounds()
    rates = flow.flow(7, Pipe(1e7, loss=0.05), 400)
    assert sum(rates[100:]) / 300 > 0.9e7


def test_what_the_application_does_not_send_changes_nothing() -> None:
    flow = rounds()
    flow.flow(7, Pipe(1e7), 200)
    rate = flow.control.rate
    for _ in range(50):
        flow.pass_by()
        flow.report(7, rate / 10, rtt_s=0.02)
    for _ in range(50):
        flow.pass_by(busy=False)
        flow.report(7, 100.0, loss=0.9, rtt_s=0.02)
    assert flow.control.rate == rate


def test_the_round_after_a_pause_tells_nothing() -> None:
    flow = rounds()
    flow.pass_by(busy=False, seconds=30.0)
    flow.pass_by()
    flow.report(7, 1e9)
    assert flow.control.rate == 1.25e6


def test_a_report_of_an_old_or_unknown_probe_changes_nothing() -> None:
    flow = rounds()
    for _ in range(300):
        flow.pass_by(seconds=0.001)
        flow.report(8, 1.0)
    before = flow.control.rate
    flow.report(7, 1e6, probe=3)
    flow.report(7, 1e6, probe=flow.probe + 1)
    flow.report(8, 1e6, probe=flow.probe - 1)
    assert flow.control.rate == before


def test_a_report_counts_once_and_not_without_a_round_trip() -> None:
    flow = rounds()
    flow.pass_by()
    flow.report(7, 1.2e6, rtt_s=None)
    assert not flow.control.nodes()[0].rate
    flow.report(7, 1.2e6)
    doubled = flow.control.rate
    assert doubled == pytest.approx(2.4e6)
    flow.report(7, 1.2e6)
    flow.report(7, 1.2e6)
    assert flow.control.rate == doubled


def test_a_liar_cannot_claim_more_than_was_sent() -> None:
    flow = rounds()
    flow.pass_by()
    flow.report(7, 1e15)
    assert flow.control.rate <= 2 * 1.25 * 1.25e6


def test_the_slowest_member_is_the_limiting_one() -> None:
    flow = rounds()
    for _ in range(2):
        rate = flow.control.rate
        flow.pass_by()
        flow.report(7, rate)
        flow.report(8, 0.8 * rate)
    first = flow.control.nodes()[0]
    assert (first.node, first.flags) == (8, CLR | RTT)
    assert [node.flags for node in flow.control.nodes()[1:]] == [RTT]


def test_congestion_at_any_member_makes_it_the_limiting_one() -> None:
    flow = rounds()
    flow.flow(7, Pipe(1e7), 100)
    assert limiting(flow) == 7
    before = flow.control.rate
    flow.pass_by()
    flow.report(8, 0.2e7, loss=0.8)
    assert limiting(flow) == 8
    assert flow.control.rate == pytest.approx(0.8 * 0.2e7, rel=0.01)
    assert flow.control.rate < before


def test_others_do_not_raise_the_rate_that_one_limits() -> None:
    flow = rounds()
    flow.pass_by()
    flow.report(8, 0.5e6, loss=0.6)
    for _ in range(4):
        flow.pass_by()
        flow.report(8, flow.control.rate)
        rate = flow.control.rate
        flow.report(9, rate)
        assert flow.control.rate == rate


def test_one_report_leaves_a_tenth_of_the_rate_at_least() -> None:
    flow = rounds(start_bytes_per_s=1e7)
    flow.pass_by()
    flow.report(7, 1.0, loss=0.99)
    flow.pass_by()
    flow.report(8, 1.0, loss=0.9999999)
    assert flow.control.rate >= 1e6


def test_before_a_decrease_shows_it_is_not_repeated() -> None:
    flow = rounds(start_bytes_per_s=1e7)
    flow.pass_by()
    flow.report(7, 5e6, loss=0.6)
    rate = flow.control.rate
    flow.pass_by()
    flow.report(7, 5e6, loss=0.6)
    assert flow.control.rate == rate
    flow.pass_by()
    flow.report(7, 0.5 * rate, loss=0.6)
    assert flow.control.rate < rate


def test_a_queue_that_is_being_emptied_is_no_congestion() -> None:
    flow = rounds(start_bytes_per_s=1e7)
    for _ in range(3):
        flow.pass_by(busy=False)
        flow.report(7, 0.0)
    flow.pass_by()
    flow.pass_by()
    flow.report(7, 0.5e7, rtt_s=0.3)
    emptying = flow.control.rate
    assert emptying == pytest.approx(0.4e7)
    for rtt_s in (0.29, 0.27, 0.25):
        flow.pass_by()
        flow.report(7, 0.5e7, rtt_s=rtt_s, loss=0.01)
        assert flow.control.rate >= emptying


def test_a_queue_that_only_grows_long_is_congestion_where_the_rate_was_never() -> None:
    flow = rounds(start_bytes_per_s=1e6)
    flow.flow(7, Pipe(2e6, queue_bytes=1e9), 20)
    # Without a single loss a queue of 1,000 MB would be filled.
    rtts = Pipe(2e6, queue_bytes=1e9)
    flow.flow(7, rtts, 2000)
    assert rtts.standing / 2e6 < 0.5


def test_rivals_in_a_long_queue_do_not_take_all() -> None:
    flow = rounds(start_bytes_per_s=1e6)
    for _ in range(3):
        flow.pass_by()
        flow.report(7, flow.control.rate)
    rate = flow.control.rate
    for _ in range(200):
        flow.pass_by()
        flow.report(7, flow.control.rate, rtt_s=0.5)
    assert flow.control.rate > 0.6 * rate


def test_who_leaves_limits_no_more() -> None:
    flow = rounds()
    flow.pass_by()
    flow.report(8, 0.5e6, loss=0.6)
    flow.pass_by()
    flow.report(9, 1e6, leaving=True)
    assert limiting(flow) == 8
    flow.pass_by()
    flow.report(8, 0.5e6, leaving=True)
    assert limiting(flow) is None


def test_without_receivers_the_rate_only_falls_and_never_below_the_floor() -> None:
    flow = rounds(start_bytes_per_s=1e6, floor_bytes_per_s=3e4)
    rates: list[float] = []
    for _ in range(1000):
        flow.pass_by()
        rates.append(flow.control.rate)
    assert rates == sorted(rates, reverse=True)
    assert (rates[0], rates[-1]) == (1e6, 3e4)


def test_while_nothing_is_to_be_sent_silence_means_nothing() -> None:
    flow = rounds()
    for _ in range(100):
        flow.pass_by(busy=False)
    assert flow.control.rate == 1.25e6


def test_silence_of_the_limiting_member_slows_down_and_then_it_is_forgotten() -> None:
    flow = rounds()
    flow.flow(7, Pipe(1e7), 200)
    before = flow.control.rate
    for _ in range(8):
        flow.pass_by()
        flow.report(8, flow.control.rate)
    assert flow.control.rate <= before / 2
    assert limiting(flow) == 7
    for _ in range(12):
        flow.pass_by()
        flow.report(8, flow.control.rate)
    assert limiting(flow) == 8


def test_after_a_silence_it_is_soon_as_fast_as_before() -> None:
    flow = rounds()
    pipe = Pipe(1e7)
    flow.flow(7, pipe, 200)
    before = flow.control.rate
    for _ in range(14):
        flow.pass_by()
    assert flow.control.rate < before / 3
    flow.flow(7, pipe, 20)
    assert flow.control.rate > 0.75 * before


def test_a_member_below_the_least_for_long_is_named_once_and_limits_no_more() -> None:
    flow = rounds(floor_bytes_per_s=1e5, drop_below_bytes_per_s=2e5, patience_s=5.0)
    named: list[Slow] = []
    started = flow.now
    pipe = Pipe(1.5e5, queue_bytes=1e4)
    while not named and flow.now < started + 20:
        flow.flow(7, pipe, 1)
        named += flow.control.slow()
    assert 5.0 <= flow.now - started < 7.0
    assert named[0].node == 7
    assert named[0].rate_bytes_per_s < 2e5
    assert not flow.control.slow()
    assert limiting(flow) is None
    rates = flow.flow(8, Pipe(1e7), 100)
    assert rates[-1] > 0.5e7


def test_a_member_that_is_not_the_limiting_one_is_named_too() -> None:
    flow = rounds(drop_below_bytes_per_s=1e6, patience_s=0.0, start_bytes_per_s=5e6)
    flow.pass_by()
    flow.report(8, 2e6, loss=0.6)
    flow.pass_by()
    flow.report(7, 0.5e6, loss=0.6)
    assert flow.control.slow() == [Slow(7, 0.5e6)]
    assert limiting(flow) == 8


def test_a_member_that_recovers_is_not_named() -> None:
    flow = rounds(drop_below_bytes_per_s=1e6, patience_s=3.0)
    for _ in range(3):
        flow.flow(7, Pipe(0.5e6, queue_bytes=1e4), 40)
        flow.flow(7, Pipe(1e7), 100)
    assert not flow.control.slow()


def test_a_member_that_is_sent_little_for_long_is_not_named() -> None:
    flow = rounds(drop_below_bytes_per_s=1e6, patience_s=1.0)
    for _ in range(3):
        flow.pass_by()
        flow.report(7, 0.5e6, loss=0.6)
        flow.pass_by()
        flow.report(7, 10.0)
        flow.pass_by(seconds=5.0, busy=False)
        flow.report(7, 10.0)
        flow.pass_by()
    assert not flow.control.slow()


def test_who_cannot_carry_the_floor_is_named_with_the_default_bounds() -> None:
    flow = rounds()
    named: list[Slow] = []
    started = flow.now
    pipe = Pipe(25e3, queue_bytes=6e4)
    while not named and flow.now < started + 60:
        flow.flow(7, pipe, 1)
        named += flow.control.slow()
    # At once to the floor, then the patience; the queue would else be forgotten.
    assert 10.0 <= flow.now - started < 13.0
    assert named[0].rate_bytes_per_s == pytest.approx(25e3)


def test_who_loses_half_without_a_queue_is_waited_for() -> None:
    flow = rounds(start_bytes_per_s=5e4, ceiling_bytes_per_s=5e4)
    flow.flow(7, Pipe(1e7, loss=0.55), 200)
    assert flow.control.rate == 5e4
    assert not flow.control.slow()


def test_a_report_of_a_round_long_past_does_not_make_a_slow_member_a_good_one() -> None:
    flow = rounds(start_bytes_per_s=5e4)
    pipe, started = Pipe(25e3, queue_bytes=6e4), flow.now
    pipe.standing = 3e4
    flow.flow(7, Pipe(25e3, queue_bytes=100.0), 1)
    while flow.now < started + 7.0:
        flow.flow(7, pipe, 1)
    old = flow.probe
    for _ in range(300):
        flow.pass_by(seconds=0.01)
    flow.report(7, 25e3, loss=0.5, rtt_s=2.4, probe=old + 1)
    flow.flow(7, pipe, 3)
    assert flow.now < started + 13.0
    assert [slow.node for slow in flow.control.slow()] == [7]


def test_a_late_report_of_much_less_counts_though_another_has_just_slowed_down() -> (
    None
):
    flow = rounds(start_bytes_per_s=2e6)
    flow.report(7, 2e6)
    flow.report(8, 2e6)
    flow.pass_by()
    flow.pass_by()
    late = flow.probe
    for _ in range(4):
        flow.pass_by()
    flow.report(8, 1e6, loss=0.6, rtt_s=0.1)
    assert limiting(flow) == 8
    before = flow.control.rate
    flow.report(7, 6e4, loss=0.97, rtt_s=1.0, probe=late)
    assert limiting(flow) == 7
    assert flow.control.rate == pytest.approx(before / 10)


def test_who_hears_little_stays_limiting_and_its_silence_means_still_too_fast() -> None:
    flow = rounds(start_bytes_per_s=2e6)
    flow.report(7, 2e6)
    flow.pass_by()
    flow.report(7, 20e3, loss=0.98, rtt_s=1.0)
    assert flow.control.rate == pytest.approx(4e6 / 10)
    for _ in range(24):
        flow.pass_by()
        flow.report(8, flow.control.rate)
    assert limiting(flow) == 7
    assert flow.control.rate == 50e3
    for _ in range(60):
        flow.pass_by()
        flow.report(8, flow.control.rate)
    assert limiting(flow) == 8


def test_after_a_slow_member_the_one_heard_last_is_asked_first() -> None:
    flow = rounds(start_bytes_per_s=5e4)
    flow.report(8, 5e4)
    pipe = Pipe(25e3, queue_bytes=6e4)
    while not flow.control.slow():
        flow.flow(7, pipe, 1)
    assert limiting(flow) == 8
    flow.pass_by()
    flow.report(8, 5e4)
    assert flow.control.rate == 1e5


def test_only_so_many_members_are_known_the_least_recently_heard_are_forgotten() -> (
    None
):
    flow = rounds()
    flow.pass_by()
    for node in range(1, 5001):
        flow.report(node, 1e6)
    assert len(flow.control._paths) == 1024  # type: ignore[attr-defined]
    assert [n.node for n in flow.control.nodes()] == [1, *range(5000, 4993, -1)]


def test_a_thousand_members_on_one_path_do_not_slow_each_other_down() -> None:
    flow = rounds()
    pipe, dice = Pipe(1e7, loss=0.05), Random(1)
    rates: list[float] = []
    for _ in range(200):
        rate, seconds = flow.control.rate, flow.pass_by()
        arrived, _, rtt_s = pipe.carry(rate, seconds)
        lucky = dice.sample(range(1, 1001), 5)
        for node in {limiting(flow) or lucky[0], *lucky}:
            lost = min(max(dice.gauss(0.05, 0.01), 0.0), 0.1)
            flow.report(node, arrived, loss=lost, rtt_s=rtt_s)
        rates.append(flow.control.rate)
    assert sum(rates[100:]) / 100 > 0.8e7


# Foreign receivers, who tell TFMCC's rate.


def test_a_foreign_receiver_in_slow_start_raises_by_a_doubling_at_most() -> None:
    flow = rounds(start_bytes_per_s=1e6)
    flow.pass_by()
    flow.report(7, 1.9e6, measured=False, slow_start=True)
    assert flow.control.rate == 1.9e6
    flow.report(8, 9e6, measured=False, slow_start=True)
    assert flow.control.rate == 1.9e6
    flow.pass_by()
    flow.report(7, 9e6, measured=False, slow_start=True)
    assert flow.control.rate == 3.8e6


def test_a_foreign_receiver_in_slow_start_does_not_lower_the_rate() -> None:
    flow = rounds(start_bytes_per_s=1e6)
    flow.pass_by()
    flow.report(7, 1e3, measured=False, slow_start=True)
    assert flow.control.rate == 1e6


def test_a_foreign_receiver_that_loses_is_followed_down_at_once_and_up_slowly() -> None:
    flow = rounds(start_bytes_per_s=1e6)
    flow.pass_by()
    flow.report(7, 0.5e6, measured=False)
    assert flow.control.rate == pytest.approx(0.5e6)
    assert limiting(flow) == 7
    flow.pass_by()
    flow.report(7, 9e6, measured=False)
    assert flow.control.rate == pytest.approx(0.55e6)


def test_a_foreign_receiver_below_the_least_is_named_like_any() -> None:
    flow = rounds(patience_s=0.0)
    flow.pass_by()
    flow.report(7, 1e3, measured=False)
    assert flow.control.slow() == [Slow(7, 1e3)]


# In a lab.


def flow_over(
    rate: float,
    *,
    seed: int = 1,
    delay_s: float = 0.01,
    loss: float = 0.0,
    start: float = 1.25e6,
) -> Flow:
    """A transfer to one receiver, with packets so large that tests stay short."""
    segment = int(min(60_000, max(1400, rate / 1000)))
    config = AdaptiveConfig(start_bytes_per_s=start, packet_bytes=segment)
    flow = Flow(
        AdaptiveRate(config), seed=seed, segment_bytes=segment, object_segments=256
    )
    queue = max(250_000, 8 * segment, int(rate * delay_s / 2))
    down = Faults(rate_bytes_per_s=rate, delay_s=delay_s, loss=loss, queue_bytes=queue)
    flow.join(10, down, Faults(delay_s=delay_s, loss=loss))
    flow.start()
    return flow


@pytest.mark.parametrize(
    ("rate", "start"), [(1e5, 1.25e6), (1e6, 1.25e6), (1e7, 1.25e6), (1e8, 1e7)]
)
def test_it_fills_a_link_of_any_size(rate: float, start: float) -> None:
    flow = flow_over(rate, start=start)
    flow.run(4.0)
    link = flow.members[10].down
    lost, sent = link.dropped["queue"], flow.lab.sent["sender"]
    flow.run(6.0)
    assert flow.reached(rate / 2) < 1.0
    assert flow.goodput(10, 4.0, 6.0) >= 0.85 * rate
    lost, sent = link.dropped["queue"] - lost, flow.lab.sent["sender"] - sent
    assert lost <= 0.03 * sent


@pytest.mark.parametrize("delay_s", [0.0001, 0.05, 0.25])
def test_it_fills_a_link_of_any_length(delay_s: float) -> None:
    flow = flow_over(1e7, delay_s=delay_s)
    begin = 2.0 + 16 * delay_s
    flow.run(begin + 3.0)
    assert flow.goodput(10, begin, begin + 3.0) >= 0.75 * 1e7


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.2, 0.3])
def test_random_loss_costs_what_is_lost_and_little_more(loss: float) -> None:
    flow = flow_over(12.5e6, loss=loss)
    flow.run(6.0)
    assert flow.goodput(10, 4.0, 6.0) >= 0.65 * (1 - loss) * 12.5e6


def test_under_random_loss_it_is_many_times_as_fast_as_tfmcc() -> None:
    adaptive = flow_over(12.5e6, loss=0.05)
    adaptive.run(4.0)
    tfmcc = Flow(TfmccRate(TfmccConfig(start_bytes_per_s=1.25e6)))
    down = Faults(rate_bytes_per_s=12.5e6, delay_s=0.01, loss=0.05)
    tfmcc.join(10, down, Faults(delay_s=0.01, loss=0.05))
    tfmcc.start()
    tfmcc.run(4.0)
    # By the equation, 1400 bytes at 20 ms and one loss in twenty are 0.25 MB/s.
    assert tfmcc.goodput(10, 2.0, 4.0) < 0.5e6
    assert adaptive.goodput(10, 2.0, 4.0) > 20 * tfmcc.goodput(10, 2.0, 4.0)


def test_bursts_of_loss_reordering_and_doubles_do_not_stop_it() -> None:
    flow = flow_over(12.5e6)
    down = flow.members[10].down
    down.faults = Faults(
        rate_bytes_per_s=12.5e6,
        delay_s=0.01,
        jitter_s=0.005,
        loss=0.02,
        burst=4,
        reordering=0.2,
        duplication=0.1,
    )
    flow.run(5.0)
    assert flow.goodput(10, 3.0, 5.0) >= 0.5 * 12.5e6


def test_the_slowest_of_ten_decides() -> None:
    config = AdaptiveConfig(packet_bytes=7000)
    flow = Flow(AdaptiveRate(config), segment_bytes=7000, object_segments=256)
    for node in range(10, 20):
        rate = 2e6 if node == 13 else node * 1e6
        flow.join(node, Faults(rate_bytes_per_s=rate, delay_s=node * 0.001))
    flow.start()
    flow.run(3.0)
    assert flow.goodput(13, 1.0, 3.0) >= 0.85 * 2e6
    assert flow.goodput(19, 1.0, 3.0) <= 1.1 * 2e6


def test_a_bottleneck_at_the_sender_is_found_too() -> None:
    config = AdaptiveConfig(packet_bytes=7000)
    up = Faults(rate_bytes_per_s=5e6, delay_s=0.002)
    flow = Flow(AdaptiveRate(config), segment_bytes=7000, up=up)
    for node in range(10, 14):
        flow.join(node, Faults(delay_s=0.005))
    flow.start()
    flow.run(3.5)
    assert flow.goodput(11, 1.5, 3.5) >= 0.85 * 5e6


def test_it_follows_a_link_that_becomes_ten_times_slower_and_fast_again() -> None:
    flow = flow_over(1e7)
    flow.run(3.0)
    link = flow.members[10].down
    fast = link.faults
    link.faults = Faults(rate_bytes_per_s=1e6, delay_s=0.01)
    flow.run(9.0)
    assert flow.goodput(10, 6.0, 9.0) >= 0.6e6
    assert flow.control.rate < 2e6
    link.faults = fast
    flow.run(16.0)
    assert flow.goodput(10, 14.0, 16.0) >= 0.7e7


def test_it_shares_a_link_with_tcp() -> None:
    lab, rate = Lab(3), 1e6
    faults = Faults(rate_bytes_per_s=rate, queue_bytes=50_000, delay_s=0.02)
    shared, back = lab.link(faults, "shared"), Faults(delay_s=0.02)
    flow = Flow(AdaptiveRate(), lab=lab, up=shared)
    flow.join(10, Faults(), back)
    rival = lab.add("rival", RenoSender(), up=shared)
    peer = lab.add("peer", RenoReceiver(rival.origin), up=back)
    flow.start()
    rival.do(lambda core, now: core.start(peer.origin, now))
    flow.run(30.0)
    ours = flow.goodput(10, 0.0, 30.0)
    theirs = peer.core.received_bytes / 30
    assert 0.25 <= ours / (ours + theirs) <= 0.75
    assert ours + theirs >= 0.9 * rate


def test_whom_the_floor_is_too_much_for_is_named_and_the_others_speed_up() -> None:
    config = AdaptiveConfig(
        floor_bytes_per_s=5e5,
        drop_below_bytes_per_s=5e5,
        patience_s=2.0,
        packet_bytes=7000,
    )
    flow = Flow(AdaptiveRate(config), segment_bytes=7000, object_segments=64)
    for node in (10, 11, 12):
        rate = 2.5e5 if node == 11 else 1e7
        down = Faults(rate_bytes_per_s=rate, delay_s=0.005, queue_bytes=30_000)
        flow.join(node, down)
    flow.start()
    flow.run(9.0)
    assert [event.node for event in flow.dropped] == [11]
    assert flow.dropped[0].rate_bytes_per_s < 5e5
    assert flow.goodput(12, 8.0, 9.0) > 5e6


def flow_beside_two(down: Faults, seed: int) -> Flow:
    """Start with the default bounds, two members at 2 MB/s, and node 13."""
    flow = Flow(AdaptiveRate(), seed=seed)
    for node in (11, 12):
        flow.join(node, Faults(delay_s=0.01, rate_bytes_per_s=2e6, queue_bytes=60_000))
    flow.join(13, down)
    flow.start()
    return flow


@pytest.mark.parametrize("seed", [1, 5])
def test_a_member_thirty_times_slower_is_found_and_kept_to(seed: int) -> None:
    flow = flow_beside_two(
        Faults(delay_s=0.01, rate_bytes_per_s=60e3, queue_bytes=60_000), seed
    )
    flow.run(30.0)
    assert max(rate for at, rate in flow.rates if at > 12.0) <= 2 * 60e3
    assert flow.goodput(13, 12.0, 30.0) >= 0.6 * 60e3
    assert not flow.dropped


@pytest.mark.parametrize("seed", [1, 7])
def test_a_member_eighty_times_slower_is_named_and_the_others_speed_up(
    seed: int,
) -> None:
    flow = flow_beside_two(
        Faults(delay_s=0.01, rate_bytes_per_s=25e3, queue_bytes=60_000), seed
    )
    while not flow.dropped and flow.lab.clock.now < 25.0:
        flow.run(flow.lab.clock.now + 0.5)
    named = flow.lab.clock.now
    assert max(rate for at, rate in flow.rates if 12.0 < at < named - 1) <= 50e3
    flow.run(named + 6.0)
    assert [event.node for event in flow.dropped] == [13]
    assert flow.dropped[0].rate_bytes_per_s == pytest.approx(25e3, rel=0.1)
    assert flow.goodput(11, named + 2.0, named + 6.0) >= 10 * 50e3


@pytest.mark.parametrize("ceiling", [20e3, 200e3, 1e6])
def test_a_ceiling_is_kept_and_used(ceiling: float) -> None:
    flow = Flow(AdaptiveRate(AdaptiveConfig(ceiling_bytes_per_s=ceiling)))
    flow.join(10, Faults(delay_s=0.01, rate_bytes_per_s=1e7, queue_bytes=60_000))
    flow.start()
    flow.run(20.0)
    assert max(rate for _, rate in flow.rates) <= ceiling
    assert 0.8 * ceiling <= flow.goodput(10, 5.0, 20.0) <= ceiling
    assert not flow.dropped


@pytest.mark.parametrize("slow", [50e3, 400e3])
def test_who_stays_below_what_is_asked_of_a_member_is_named(slow: float) -> None:
    config = AdaptiveConfig(drop_below_bytes_per_s=500e3, patience_s=4.0)
    flow = Flow(AdaptiveRate(config))
    for node, rate in ((10, slow), (11, 2e6)):
        down = Faults(delay_s=0.01, rate_bytes_per_s=rate, queue_bytes=60_000)
        flow.join(node, down)
    flow.start()
    flow.run(16.0)
    assert [event.node for event in flow.dropped] == [10]
    assert flow.goodput(11, 13.0, 16.0) >= 1e6


@pytest.mark.parametrize("least", [0.0, 20e3])
def test_who_can_take_what_is_asked_of_a_member_is_waited_for(least: float) -> None:
    config = AdaptiveConfig(drop_below_bytes_per_s=least, patience_s=4.0)
    flow = Flow(AdaptiveRate(config))
    for node, rate in ((10, 40e3), (11, 2e6)):
        down = Faults(delay_s=0.01, rate_bytes_per_s=rate, queue_bytes=60_000)
        flow.join(node, down)
    flow.start()
    flow.run(25.0)
    assert not flow.dropped


def test_a_member_that_loses_half_by_chance_is_not_named() -> None:
    flow = flow_beside_two(Faults(delay_s=0.01, rate_bytes_per_s=2e6, loss=0.5), 1)
    flow.run(40.0)
    assert not flow.dropped
    assert flow.goodput(13, 30.0, 40.0) >= 0.8 * 50e3 / 2


def test_without_any_feedback_it_falls_to_the_floor() -> None:
    flow = Flow(AdaptiveRate())
    flow.join(10, Faults(delay_s=0.01), Faults(loss=1.0))
    flow.start()
    flow.run(12.0)
    assert max(rate for _, rate in flow.rates) == 1.25e6
    assert flow.control.rate == 50e3


def test_forged_reports_of_strangers_cannot_press_it_below_the_floor() -> None:
    config = AdaptiveConfig(floor_bytes_per_s=5e5, packet_bytes=7000)
    flow = Flow(AdaptiveRate(config), segment_bytes=7000, object_segments=64)
    flow.join(10, Faults(rate_bytes_per_s=1e7, delay_s=0.005))
    flow.start()
    dice = flow.lab.rng("stranger")
    while flow.lab.clock.now < 4.0:
        flow.run(flow.lab.clock.now + 0.01, step=0.01)
        flow.lab.inject(forged(dice), STRANGER, to=flow.sender)
    assert flow.goodput(10, 1.0, 4.0) >= 0.8 * 5e5
    flow.run(8.0)
    assert flow.goodput(10, 6.0, 8.0) >= 0.4e7


def forged(dice: Random) -> bytes:
    """Return a report of somebody who is not there."""
    feedback = CongestionFeedback(
        dice.randrange(0x400),
        CongestionFlag.RTT | CongestionFlag.MEASURED,
        pack_rtt(dice.choice([1e-5, 0.01, 10.0])),
        dice.choice([0, 0x8000, 0xFFFF]),
        pack_rate(dice.choice([0.0, 10.0, 1e15])),
    )
    head = FeedbackHead(1, 7, dice.randrange(4), dice.randrange(1_000_000))
    node = dice.randrange(1, 1 << 32)
    extensions = Extensions(feedback=feedback)
    return Ack(1, node, head, AckType.CONGESTION, 0, b"", extensions).encode()


@pytest.mark.parametrize("measured", [False, True])
@pytest.mark.parametrize("loss", [0.0, 0.4, 1.0])
def test_a_report_that_nothing_arrives_leaves_the_floor(
    loss: float, *, measured: bool
) -> None:
    control = AdaptiveRate(AdaptiveConfig(start_bytes_per_s=1e6))
    for probe in range(1, 30):
        now = probe * 0.05
        control.probed(probe, busy=True, now=now)
        report = Report(7, 0.5, loss, 0.0, probe, measured=measured)
        control.heard(report, now=now)
        assert 50e3 <= control.rate <= 1e6
