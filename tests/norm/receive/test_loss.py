"""What arrives and what does not."""

from __future__ import annotations

from random import Random

import pytest

from groupwire.norm.receive.loss import LossMeter

RTT = 0.1


def heard(meter: LossMeter, *sequences: int, now: float = 0.0) -> None:
    """Let packets of a thousand bytes arrive each by itself."""
    for sequence in sequences:
        meter.heard([sequence & 0xFFFF], 1000, RTT, now)


def test_before_anything_arrives_there_is_nothing_to_report() -> None:
    meter = LossMeter()
    assert meter.report(5.0) == (0, 0.0, 0.0)
    assert meter.events == 0


def test_bytes_seconds_and_losses_are_those_since_the_last_report() -> None:
    meter = LossMeter()
    heard(meter, *range(10))
    assert meter.report(2.0) == (10_000, 2.0, 0.0)
    heard(meter, *range(15, 20), now=2.5)
    assert meter.report(3.0) == (5000, 1.0, 0.5)
    assert meter.report(4.0) == (0, 1.0, 0.0)


def test_a_row_counts_as_its_packets_do() -> None:
    meter = LossMeter()
    meter.heard(range(10), 10_000, RTT, 0.0)
    meter.heard([10, 11, 13, 14, 17, 18, 19], 7000, RTT, 0.5)
    assert meter.report(1.0) == (17_000, 1.0, 3 / 20)


def test_a_packet_is_lost_when_three_later_ones_have_come() -> None:
    meter = LossMeter()
    heard(meter, 0, 2, 3)
    assert meter.report(1.0) == (3000, 1.0, 0.0)
    heard(meter, 4, now=1.0)
    assert meter.report(2.0) == (1000, 1.0, 0.5)


def test_a_packet_that_comes_before_that_was_never_lost() -> None:
    meter = LossMeter()
    heard(meter, 0, 2, 3, 1, 4, 5, 6)
    assert meter.report(1.0) == (7000, 1.0, 0.0)
    assert meter.events == 0


def test_a_packet_that_comes_later_is_lost_no_more() -> None:
    meter = LossMeter()
    heard(meter, 0, 2, 3, 4, 1)
    assert meter.report(1.0) == (5000, 1.0, 0.0)


def test_what_was_reported_as_lost_and_comes_makes_up_for_a_later_loss() -> None:
    meter = LossMeter()
    heard(meter, 0, 2, 3, 4)
    assert meter.report(1.0)[2] == 1 / 5
    heard(meter, 1, 6, 7, 8, 9, now=1.0)
    assert meter.report(2.0) == (5000, 1.0, 0.0)


def test_a_packet_counts_once_however_often_it_comes() -> None:
    meter = LossMeter()
    heard(meter, *range(10), *range(10), 5, 5, 9)
    assert meter.report(1.0) == (10_000, 1.0, 0.0)
    heard(meter, 11, 12, 13, 10, 10, 10, now=1.0)
    assert meter.report(2.0) == (4000, 1.0, 0.0)


def test_a_row_of_which_a_part_was_there_already_counts_for_the_rest() -> None:
    meter = LossMeter()
    meter.heard(range(10), 10_000, RTT, 0.0)
    meter.heard(range(5, 15), 10_000, RTT, 0.0)
    assert meter.report(1.0) == (15_000, 1.0, 0.0)


def test_doubles_and_reordering_do_not_hide_what_is_lost() -> None:
    meter, dice = LossMeter(), Random(1)
    packets = [n for n in range(20_000) if dice.random() >= 0.2]
    packets += dice.sample(packets, len(packets) // 2)
    packets.sort(key=lambda n: n + dice.random() * 6)
    heard(meter, *packets)
    size, _, loss = meter.report(1.0)
    assert size == len(set(packets)) * 1000
    assert loss == pytest.approx(0.2, abs=0.02)


def test_numbers_wrap() -> None:
    meter = LossMeter()
    heard(meter, *range(65_530, 65_540), *range(65_542, 65_546))
    assert meter.report(1.0) == (14_000, 1.0, 2 / 16)
    row = [n & 0xFFFF for n in range(65_546, 131_066, 4000)]
    for first in row:
        numbers = [n & 0xFFFF for n in range(first, first + 4000)]
        meter.heard(numbers, 4_000_000, RTT, 1.0)
    assert meter.report(2.0) == (17 * 4_000_000, 1.0, 0.0)


def test_a_leap_is_a_new_beginning_and_no_loss() -> None:
    meter = LossMeter()
    heard(meter, *range(10), *range(20_000, 20_010), *range(3, 13))
    assert meter.report(1.0) == (30_000, 1.0, 0.0)


def test_what_is_missing_is_forgotten_in_the_end() -> None:
    meter = LossMeter()
    heard(meter, 0, 3)
    for first in range(4, 10_000, 100):
        meter.heard(range(first, first + 100), 100_000, RTT, 0.0)
    heard(meter, 10_010, 10_011, 10_012)
    assert meter._missing == set(range(10_004, 10_010))
    size = meter.report(1.0)[0]
    heard(meter, 1)
    assert size == 5000 + 100 * 100_000


# TFMCC's loss events (RFC 4654 §5).


def lose_every(meter: LossMeter, length: int, events: int, *, begin: int = 0) -> None:
    """Lose one packet in ``length``, with more than a round trip between losses."""
    last = (begin // length + events) * length
    for sequence in range(begin, last + 4):
        if sequence % length:
            now = sequence * 2 * RTT / 20
            meter.heard([sequence & 0xFFFF], 1000, RTT, now)


def test_the_rate_of_loss_events_is_one_over_the_mean_interval() -> None:
    meter = LossMeter()
    lose_every(meter, 50, 20)
    assert meter.events == pytest.approx(1 / 50, rel=0.02)


def test_losses_within_a_round_trip_are_one_event() -> None:
    apart, together = LossMeter(), LossMeter()
    for meter, step in ((apart, 3 * RTT), (together, RTT / 100)):
        for sequence in range(100):
            if sequence % 10 != 9:
                meter.heard([sequence], 1000, RTT, sequence // 10 * step)
    assert apart.events > 5 * together.events


def test_a_long_gap_is_an_event_each_round_trip() -> None:
    # RFC 4654 §5.2: when a packet was lost is told by its neighbours.
    short, long = LossMeter(), LossMeter()
    for meter, gap_s in ((short, 0.5 * RTT), (long, 20 * RTT)):
        heard(meter, *range(100), now=0.0)
        heard(meter, *range(200, 210), now=gap_s)
    assert long.events > 5 * short.events


def test_the_latest_intervals_weigh_most() -> None:
    # RFC 4654 §5.4: I_1 to I_8 by 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, of 6 in sum.
    meter = LossMeter()
    lose_every(meter, 100, 12)
    lose_every(meter, 20, 4, begin=1204)
    expected = (20 * 4 + 100 * (0.8 + 0.6 + 0.4 + 0.2)) / 6
    assert meter.events == pytest.approx(1 / expected, rel=0.1)


def test_a_long_time_without_loss_counts_only_for_the_better() -> None:
    meter = LossMeter()
    lose_every(meter, 20, 12)
    before = meter.events
    meter.heard(range(244, 254), 10_000, RTT, 100.0)
    assert meter.events == before
    for first in range(254, 4254, 100):
        meter.heard(range(first, first + 100), 100_000, RTT, 100.0)
    assert meter.events < before / 4


def test_the_first_interval_explains_the_rate_so_far() -> None:
    # RFC 4654 §5.6: l_0 = (X_recv * R / (sqrt(3/2) * s))^2: 30 packets in a round trip.
    meter = LossMeter()
    for sequence in range(600):
        if sequence != 595:
            meter.heard([sequence], 1000, RTT, sequence * RTT / 30)
    assert meter.events == pytest.approx(1.5 / 30**2, rel=0.05)


def test_the_first_interval_is_corrected_when_the_round_trip_is_known() -> None:
    meter = LossMeter()
    for sequence in range(600):
        if sequence != 595:
            meter.heard([sequence], 1000, RTT, sequence * RTT / 30)
    before = meter.events
    meter.round_trip_known(0.5)
    assert meter.events == pytest.approx(4 * before)


def test_later_intervals_are_not_corrected() -> None:
    meter = LossMeter()
    meter.round_trip_known(0.1)
    assert meter.events == 0
    lose_every(meter, 50, 12)
    before = meter.events
    meter.round_trip_known(0.1)
    assert meter.events == before


def test_after_a_pause_there_is_no_loss_until_the_next_one() -> None:
    meter = LossMeter()
    lose_every(meter, 50, 12)
    meter.rested()
    assert meter.events == 0
    heard(meter, *range(606, 620), *range(621, 630), now=1000.0)
    assert meter.events > 0


def test_all_is_lost_at_most() -> None:
    meter = LossMeter()
    for sequence in range(0, 400, 4):
        meter.heard([sequence], 1000, 1e-6, sequence * 1.0)
    assert 0.4 < meter.events <= 1.0
