"""What a receiver says of rate and round trip, and when."""

from __future__ import annotations

from random import Random

import pytest

from groupwire.norm.receive.congestion import CongestionSpeaker, friendly_rate
from groupwire.norm.wire.commands import CongestionFlag, CongestionProbe, NodeState
from groupwire.norm.wire.extensions import CongestionFeedback
from groupwire.norm.wire.head import SenderState
from groupwire.norm.wire.quantise import pack_rate, pack_rtt, unpack_rate, unpack_rtt

NODE = 9
GRTT = 0.1
RATE = 1e5
CLR, PLR, RTT = CongestionFlag.CLR, CongestionFlag.PLR, CongestionFlag.RTT


def state(grtt_s: float = GRTT, *, backoff: int = 4, members: int = 2) -> SenderState:
    """``members`` as four bits: 2 is a thousand."""
    return SenderState(7, pack_rtt(grtt_s), backoff, members)


def probe(
    number: int,
    *nodes: NodeState,
    measure: bool = True,
    rate: float | None = RATE,
    sender: SenderState | None = None,
) -> CongestionProbe:
    return CongestionProbe(
        0,
        1,
        sender or state(),
        number,
        10 + number,
        500_000,
        None if rate is None else pack_rate(rate),
        nodes,
        measure,
    )


def told(node: int, flags: CongestionFlag, rtt_s: float = 0.05) -> NodeState:
    return NodeState(node, flags, pack_rtt(rtt_s), 0)


def speaker(seed: int = 1) -> CongestionSpeaker:
    return CongestionSpeaker(NODE, Random(seed))


def hear(
    core: CongestionSpeaker, first: int, count: int, now: float, *, lost: int = 0
) -> None:
    """Let packets of 1,000 bytes arrive, headers included; the first few are lost."""
    numbers = [n & 0xFFFF for n in range(first + lost, first + count)]
    core.count(numbers, 968 * len(numbers), state(), now)


def said(core: CongestionSpeaker, now: float) -> CongestionFeedback:
    feedback = core.feedback(now)
    assert feedback is not None
    return feedback


def test_before_a_probe_there_is_nothing_to_say() -> None:
    core = speaker()
    hear(core, 0, 10, 0.0)
    assert core.feedback(1.0) is None
    assert core.echo(1.0) == (0, 0)
    assert core.deadline is None
    core.overheard(CongestionFeedback(0, 0, 0, 0, 0), 1.0)


def test_a_probes_time_is_sent_back_moved_on_by_how_long_it_was_held() -> None:
    core = speaker()
    core.probed(probe(0), 5.0)
    assert core.echo(5.25) == (10, 750_000)
    assert core.echo(5.5) == (11, 0)


def test_who_limits_answers_at_once() -> None:
    for flag in (CLR, PLR):
        core = speaker()
        core.probed(probe(0, told(3, CLR), told(NODE, flag)), 5.0)
        assert core.deadline == 5.0


def test_others_wait_by_lot_for_four_round_trips_at_most() -> None:
    waits: list[float] = []
    for seed in range(300):
        core = speaker(seed)
        core.probed(probe(0, told(3, CLR)), 5.0)
        waits.append((core.deadline or 0.0) - 5.0)
    assert min(waits) >= 0
    assert 0.3 < max(waits) <= 4.4 * GRTT


def test_a_group_that_asks_at_once_is_no_reason_to_report_at_once() -> None:
    # RFC 5740 §5.5.2.2: the backoff for reports stays larger than that for NACKs.
    waits: list[float] = []
    for seed in range(50):
        core = speaker(seed)
        core.probed(probe(0, sender=state(backoff=0)), 5.0)
        waits.append((core.deadline or 0.0) - 5.0)
    assert sum(waits) / 50 > GRTT


def test_the_less_arrives_the_earlier_one_speaks() -> None:
    slow, fast = [], []
    for seed in range(50):
        for waits, packets in ((slow, 5), (fast, 10)):
            core = speaker(seed)
            hear(core, 0, 1, 0.0)
            core.probed(probe(0, told(NODE, CLR)), 0.0)
            said(core, 0.0)
            hear(core, 1, packets, 0.05)
            core.probed(probe(1), 0.1)
            core._held_until = 0.0
            core.deadline = None
            core.probed(probe(2), 0.1)
            waits.append((core.deadline or 0.0) - 0.1)
    assert sum(slow) < sum(fast) - 50 * 0.2 * GRTT


def test_without_the_senders_rate_nobody_answers_unasked() -> None:
    core = speaker()
    core.probed(probe(0, told(NODE, CLR), rate=None), 5.0)
    assert core.deadline is None
    assert core.feedback(5.0) is not None


def test_a_rate_of_nothing_is_no_reason_to_fail() -> None:
    core = speaker()
    core.probed(probe(0, rate=0.0), 5.0)
    assert core.deadline is not None


def test_a_new_probe_does_not_draw_again() -> None:
    core = speaker()
    core.probed(probe(0), 5.0)
    due = core.deadline
    core.probed(probe(1), 5.1)
    assert core.deadline == due


def test_whoever_has_spoken_holds_its_peace_for_four_round_trips() -> None:
    core = speaker()
    core.probed(probe(0), 5.0)
    said(core, 5.1)
    assert core.deadline is None
    core.probed(probe(1), 5.3)
    assert core.deadline is None
    core.probed(probe(2), 5.6)
    assert core.deadline is not None


def test_an_old_or_doubled_probe_is_none() -> None:
    core = speaker()
    core.probed(probe(5, told(NODE, CLR)), 5.0)
    said(core, 5.0)
    core.probed(probe(5, told(NODE, CLR)), 5.5)
    core.probed(probe(4, told(NODE, CLR)), 5.5)
    assert core.deadline is None
    assert said(core, 5.6).sequence == 5


def test_after_a_long_partition_any_probe_is_new() -> None:
    core = speaker()
    core.probed(probe(5), 5.0)
    core.probed(probe(0x9000), 1000.0)
    assert said(core, 1000.0).sequence == 0x9000


# What is said when it is asked what arrives.


def test_what_is_told_of_a_probe_arrived_between_it_and_the_one_before() -> None:
    core = speaker()
    hear(core, 0, 1, 0.0)
    core.probed(probe(0), 0.0)
    hear(core, 1, 10, 0.05)
    hear(core, 11, 10, 0.09, lost=5)
    core.probed(probe(1), 0.1)
    hear(core, 21, 50, 0.15)
    feedback = said(core, 0.19)
    assert feedback.flags == CongestionFlag.MEASURED
    assert feedback.sequence == 1
    assert unpack_rate(feedback.rate) == pytest.approx(16_000 / 0.1, rel=0.01)
    assert feedback.loss / 65_535 == pytest.approx(5 / 21, abs=0.001)
    assert unpack_rtt(feedback.rtt) == pytest.approx(GRTT, rel=0.08)


def test_two_probes_that_come_together_are_no_measure() -> None:
    core = speaker()
    core.probed(probe(0), 0.0)
    hear(core, 0, 100, 0.05)
    core.probed(probe(1), 0.1)
    before = said(core, 0.1).rate
    hear(core, 100, 1, 0.1001)
    core.probed(probe(2), 0.1001)
    feedback = said(core, 0.1001)
    assert (feedback.rate, feedback.sequence) == (before, 2)


def test_a_receiver_that_was_told_its_round_trip_says_so() -> None:
    core = speaker()
    core.probed(probe(0, told(NODE, RTT, 0.05)), 0.0)
    feedback = said(core, 0.0)
    assert feedback.flags == CongestionFlag.MEASURED | RTT
    assert unpack_rtt(feedback.rtt) == pytest.approx(0.05, rel=0.08)


# What is said in TFMCC's way.


def test_before_any_loss_it_is_twice_what_arrives() -> None:
    # RFC 5740 §5.5.2.2, over two spans of probes (RFC 4654 §4.3.4).
    core = speaker()
    hear(core, 0, 1, 0.0)
    core.probed(probe(0, measure=False), 0.0)
    hear(core, 1, 9, 0.05)
    core.probed(probe(1, measure=False), 0.1)
    hear(core, 10, 30, 0.15)
    core.probed(probe(2, measure=False), 0.2)
    feedback = said(core, 0.2)
    assert feedback.flags == CongestionFlag.START
    assert unpack_rate(feedback.rate) == pytest.approx(2 * 40_000 / 0.2, rel=0.01)
    assert feedback.loss == 0


def lossy(core: CongestionSpeaker, first: int = 0, begin: float = 0.0) -> float:
    """Lose a packet in ten, each an event of its own; return when it is over."""
    for turn in range(12):
        hear(core, first + 10 * turn, 10, begin + turn * 0.2, lost=1)
    return begin + 12 * 0.2


def test_after_losses_it_is_what_tcp_would_send() -> None:
    core = speaker()
    core.probed(probe(0, told(NODE, RTT, 0.05), measure=False), 0.0)
    hear(core, 0, 10, 0.0)
    now = lossy(core, 10)
    feedback = said(core, now)
    assert feedback.flags == RTT
    assert feedback.loss / 65_535 == pytest.approx(0.1, rel=0.1)
    expected = friendly_rate(feedback.loss / 65_535, unpack_rtt(feedback.rtt), 1000)
    assert unpack_rate(feedback.rate) == pytest.approx(expected, rel=0.02)


def test_after_ten_silent_round_trips_the_sender_may_start_slowly_again() -> None:
    core = speaker()
    core.probed(probe(0, measure=False), 0.0)
    hear(core, 0, 10, 0.0)
    now = lossy(core, 10)
    hear(core, 130, 10, now + 0.7)
    assert not said(core, now).flags & CongestionFlag.START
    hear(core, 140, 10, now + 2.1)
    assert said(core, now).flags & CongestionFlag.START


def test_the_first_loss_interval_is_corrected_with_the_first_round_trip() -> None:
    # RFC 4654 §5.6: by the square of how much shorter it is than the group's.
    core = speaker()
    core.probed(probe(0, measure=False), 0.0)
    for turn in range(20):
        hear(core, 30 * turn, 30, turn * 0.1, lost=turn == 19)
    hear(core, 600, 5, 2.0)
    before = said(core, 2.0).loss
    core.probed(probe(1, told(NODE, RTT, GRTT / 2), measure=False), 2.1)
    core.probed(probe(2, told(NODE, RTT, GRTT / 2), measure=False), 2.2)
    assert said(core, 2.2).loss == pytest.approx(4 * before, rel=0.2)


def test_tcps_rate_by_hand() -> None:
    # p = 0.01, 1,460 bytes, 100 ms: sqrt(0.00667) = 0.0816, 12 * sqrt(0.00375) * 0.01
    # * 1.0032 = 0.00737; 1460 / (0.1 * 0.0890) = 164,000.
    assert friendly_rate(0.01, 0.1, 1460) == pytest.approx(164_000, rel=0.005)


# Who is silent because another one spoke.


def heard_from_another(rate: float, *, knows_rtt: bool = True) -> CongestionFeedback:
    flags = RTT if knows_rtt else CongestionFlag(0)
    return CongestionFeedback(1, flags, pack_rtt(0.05), 0, pack_rate(rate))


def waiting(*, knows_rtt: bool = True) -> CongestionSpeaker:
    """Somebody at whom 100 kB/s arrive, about to say so."""
    core = speaker()
    flags = (told(NODE, RTT),) if knows_rtt else ()
    hear(core, 0, 1, 0.0)
    core.probed(probe(0, *flags), 0.0)
    hear(core, 1, 9, 0.05)
    core.probed(probe(1), 0.1)
    assert core.deadline is not None
    return core


@pytest.mark.parametrize(("rate", "silent"), [(1.05e5, True), (1.15e5, False)])
def test_who_is_hardly_slower_than_another_is_silent(rate: float, silent: bool) -> None:
    core = waiting()
    core.overheard(heard_from_another(rate), 0.11)
    assert (core.deadline is None) == silent


def test_who_does_not_know_its_round_trip_is_silenced_only_by_its_like() -> None:
    core = waiting(knows_rtt=False)
    core.overheard(heard_from_another(1.0), 0.11)
    assert core.deadline is not None
    core.overheard(heard_from_another(1.0, knows_rtt=False), 0.11)
    assert core.deadline is None


def test_who_is_about_to_speak_is_not_silenced() -> None:
    core = waiting()
    core.probed(probe(2, told(NODE, CLR)), 0.2)
    core.overheard(heard_from_another(1.0), 0.2)
    assert core.deadline == 0.2


def test_who_has_measured_no_rate_is_silenced_by_another_who_has_none() -> None:
    # All of a large group are in this state at the first probe.
    core = speaker()
    core.probed(probe(0, measure=False), 0.0)
    assert core.deadline is not None
    core.overheard(CongestionFeedback(0, CongestionFlag.START, 100, 0, 0), 0.0)
    assert core.deadline is None
