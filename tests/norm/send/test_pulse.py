"""Probes out, round trips and rates in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from groupwire.norm.rate.control import FixedRate, Report
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.pulse import Pulse
from groupwire.norm.wire.commands import (
    CongestionFlag,
    CongestionProbe,
    NodeState,
    RepairAdvertisement,
)
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions
from groupwire.norm.wire.feedback import FeedbackHead
from groupwire.norm.wire.message import decode
from groupwire.norm.wire.quantise import pack_rate, pack_rtt, unpack_rate, unpack_rtt

NOTHING = Extensions()


class Follower(FixedRate):
    """Sends at the rate that it was told last, and remembers what it was told."""

    wants_measured = True

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self.reports: list[Report] = []
        self.probes: list[tuple[int, bool, float]] = []

    def probed(
        self, probe: int, *, busy: bool, now: float, sent_bytes: int | None = None
    ) -> None:
        assert sent_bytes is not None
        self.probes.append((probe, busy, now))

    def heard(self, report: Report, *, now: float) -> None:
        del now
        self.reports.append(report)
        self.rate = report.rate_bytes_per_s

    def nodes(self) -> Sequence[NodeState]:
        return [NodeState(9, CongestionFlag.CLR, 100, 0x1234)]


def started(control: FixedRate) -> tuple[Outbox, Pulse]:
    outbox = Outbox(SenderConfig(1, 7, initial_grtt_s=0.1))
    pulse = Pulse(outbox, control)
    pulse.start(50.0)
    return outbox, pulse


def probe(outbox: Outbox) -> CongestionProbe:
    (transmit,) = outbox.take()
    message = decode(transmit.data)
    assert isinstance(message, CongestionProbe)
    return message


def echo(message: CongestionProbe) -> FeedbackHead:
    return FeedbackHead(1, 7, message.sent_s, message.sent_us)


def feedback(flags: int = 0, *, sequence: int = 0) -> Extensions:
    return Extensions(
        feedback=CongestionFeedback(
            sequence, flags, pack_rtt(0.3), 0x8000, pack_rate(4e5)
        )
    )


def test_it_probes_when_it_is_time_and_only_then() -> None:
    assert not Pulse(Outbox(SenderConfig(1, 7)), FixedRate(1e6)).expire(9.0, busy=True)
    outbox, pulse = started(FixedRate(1e6))
    assert pulse.deadline == 50.0
    assert not pulse.expire(49.9, busy=True)
    assert pulse.expire(50.0, busy=True)
    assert pulse.deadline == pytest.approx(50.0 + outbox.grtt_s)
    assert len(outbox.take()) == 1


def test_a_probe_tells_time_rate_and_members() -> None:
    control = Follower(2.5e5)
    outbox, pulse = started(control)
    pulse.expire(50.0, busy=True)
    pulse.expire(50.25, busy=False)
    first, second = (decode(transmit.data) for transmit in outbox.take())
    assert isinstance(first, CongestionProbe)
    assert isinstance(second, CongestionProbe)
    assert (first.probe, second.probe) == (0, 1)
    assert (second.sent_s, second.sent_us) == (1, 250_000)
    assert unpack_rate(first.rate or 0) == pytest.approx(2.5e5, rel=0.001)
    assert first.nodes == tuple(control.nodes())
    assert first.measure
    assert control.probes == [(0, True, 50.0), (1, False, 50.25)]


def test_when_data_flows_the_next_probe_is_near() -> None:
    outbox, pulse = started(FixedRate(1e6))
    for _ in range(10):
        pulse.expire(pulse.deadline or 0.0, busy=False)
    outbox.take()
    later = (pulse.deadline or 0.0) - 5.0
    pulse.hurry(later)
    assert pulse.deadline == pytest.approx(later + outbox.grtt_s)


def test_to_hurry_is_to_start() -> None:
    pulse = Pulse(Outbox(SenderConfig(1, 7)), FixedRate(1e6))
    pulse.hurry(5.0)
    assert pulse.deadline == 5.0


def test_what_comes_back_tells_the_groups_round_trip_and_all_are_told() -> None:
    outbox, pulse = started(FixedRate(1e6))
    pulse.expire(50.0, busy=True)
    pulse.hear(9, echo(probe(outbox)), NOTHING, 50.25)
    assert outbox.grtt_s == pytest.approx(0.25, rel=0.08)


def test_a_shorter_round_trip_counts_with_the_next_probe() -> None:
    outbox, pulse = started(FixedRate(1e6))
    pulse.expire(50.0, busy=True)
    pulse.hear(9, echo(probe(outbox)), NOTHING, 50.02)
    before = outbox.grtt_s
    pulse.expire(50.25, busy=True)
    assert probe(outbox).sender.grtt_s < before


def test_what_a_member_says_is_reported() -> None:
    control = Follower(1e6)
    outbox, pulse = started(control)
    pulse.expire(50.0, busy=True)
    flags = CongestionFlag.MEASURED | CongestionFlag.RTT
    pulse.hear(9, echo(probe(outbox)), feedback(flags, sequence=3), 50.25)
    (report,) = control.reports
    assert report.node == 9
    assert report.rtt_s == pytest.approx(0.25)
    assert report.loss == pytest.approx(0.5, abs=1e-4)
    assert report.rate_bytes_per_s == pytest.approx(4e5, rel=0.001)
    assert report.probe == 3
    assert (report.measured, report.knows_rtt) == (True, True)
    assert (report.slow_start, report.leaving) == (False, False)


def test_what_a_foreign_member_says_is_reported_too() -> None:
    control = Follower(1e6)
    outbox, pulse = started(control)
    pulse.expire(50.0, busy=True)
    flags = CongestionFlag.START | CongestionFlag.LEAVE
    pulse.hear(9, echo(probe(outbox)), feedback(flags), 50.25)
    (report,) = control.reports
    assert (report.measured, report.knows_rtt) == (False, False)
    assert (report.slow_start, report.leaving) == (True, True)


def test_who_has_heard_no_probe_tells_the_round_trip_only_if_it_knows() -> None:
    control = Follower(1e6)
    _, pulse = started(control)
    nothing = FeedbackHead(1, 7)
    pulse.hear(9, nothing, feedback(), 50.25)
    pulse.hear(9, nothing, feedback(CongestionFlag.RTT), 50.25)
    assert control.reports[0].rtt_s is None
    assert control.reports[1].rtt_s == unpack_rtt(pack_rtt(0.3))


def test_a_new_rate_counts_at_once() -> None:
    control = Follower(1e6)
    outbox, pulse = started(control)
    assert outbox.bucket.rate == 1e6
    pulse.hear(9, FeedbackHead(1, 7), feedback(), 50.25)
    assert outbox.bucket.rate == control.rate == pytest.approx(4e5, rel=0.001)
    assert outbox.grtt.packet_s == pytest.approx(1400 / 4e5, rel=0.001)


def test_a_packet_may_be_taken_for_shorter_than_a_segment() -> None:
    outbox = Outbox(SenderConfig(1, 7, packet_bytes=700))
    Pulse(outbox, FixedRate(1e5))
    assert outbox.grtt.packet_s == pytest.approx(0.007)


# Feedback that came to the sender alone (RFC 5740 §5.5.2.2).


def told_all(outbox: Outbox) -> list[float]:
    """Return the rates of which the group was told."""
    messages = [decode(transmit.data) for transmit in outbox.take()]
    adverts = [m for m in messages if isinstance(m, RepairAdvertisement)]
    assert all(not advert.requests for advert in adverts)
    feedbacks = [advert.extensions.feedback for advert in adverts]
    return [unpack_rate(f.rate) for f in feedbacks if f is not None]


def heard(pulse: Pulse, to: FeedbackHead, rate: float, now: float) -> None:
    feedback = CongestionFeedback(0, 0, 100, 0, pack_rate(rate))
    pulse.hear(9, to, Extensions(feedback=feedback), now, unicast=True)


def test_all_are_told_of_the_lowest_rate_of_a_round_that_came_by_unicast() -> None:
    outbox, pulse = started(FixedRate(1e6))
    pulse.expire(50.0, busy=True)
    to = echo(probe(outbox))
    for after, rate in ((0.01, 1000.0), (0.02, 950.0), (0.03, 500.0), (0.04, 900.0)):
        heard(pulse, to, rate, 50.0 + after)
    told = told_all(outbox)
    assert told == pytest.approx([1000.0, 500.0], rel=0.01)
    pulse.expire(51.0, busy=True)
    outbox.take()
    heard(pulse, to, 2000.0, 51.01)
    assert told_all(outbox) == pytest.approx([2000.0], rel=0.01)


def test_what_all_have_heard_is_not_told_again() -> None:
    outbox, pulse = started(FixedRate(1e6))
    pulse.expire(50.0, busy=True)
    to = echo(probe(outbox))
    feedback = CongestionFeedback(0, 0, 100, 0, pack_rate(1000.0))
    pulse.hear(9, to, Extensions(feedback=feedback), 50.01)
    assert told_all(outbox) == []


def test_telling_all_takes_a_tenth_of_a_low_rate_at_most() -> None:
    outbox, pulse = started(FixedRate(100.0))
    pulse.expire(50.0, busy=True)
    to = echo(probe(outbox))
    heard(pulse, to, 1000.0, 50.01)
    heard(pulse, to, 10.0, 50.02)
    assert len(told_all(outbox)) == 1


def test_where_single_messages_flow_it_probes_twice_a_second() -> None:
    outbox, pulse = started(FixedRate(1e6))
    pulse.expire(50.0, busy=False)
    for at in range(1, 1000):
        now = 50.0 + at / 100
        pulse.stir(now)
        pulse.expire(now, busy=False)
    assert len(outbox.take()) == pytest.approx(20, abs=2)
