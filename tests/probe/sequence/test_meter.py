import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import UsageError
from groupwire.probe.sequence import SequenceCounts, SequenceMeter
from groupwire.probe.sequence.meter import (
    EARLY,
    LONGEST_LOSS,
    MAX_LATE,
    SUDDEN,
)

MODULI = pytest.mark.parametrize("modulus", [1 << 16, 1 << 32, 1 << 10, 50_000])


def counted(*numbers: int, modulus: int = 1 << 16) -> SequenceCounts:
    meter = SequenceMeter(modulus)
    for number in numbers:
        meter.take(number)
    return meter.counts


def test_a_modulus_too_small_is_refused() -> None:
    with pytest.raises(UsageError, match="16"):
        SequenceMeter(16)


def test_nothing_received_is_nothing_lost() -> None:
    assert counted() == SequenceCounts()
    assert counted().loss == 0.0


def test_numbers_in_order_are_received() -> None:
    assert counted(5, 6, 7) == SequenceCounts(received=3)


@MODULI
def test_numbers_wrap(modulus: int) -> None:
    meter = SequenceMeter(modulus)
    for number in range(modulus - 3, modulus + 3):
        meter.take(number % modulus)
    assert meter.counts == SequenceCounts(received=6)


def test_what_was_passed_over_is_lost() -> None:
    counts = counted(1, 2, 5, 6, 8)
    assert (counts.received, counts.lost, counts.gaps, counts.longest_gap) == (
        5,
        3,
        2,
        2,
    )
    assert counts.expected == 8
    assert counts.loss == 3 / 8


def test_a_late_packet_fills_its_gap() -> None:
    counts = counted(1, 2, 4, 3, 5)
    assert (counts.received, counts.lost, counts.reordered) == (5, 0, 1)
    assert counts.gaps == 1


def test_a_late_packet_in_the_middle_of_a_gap_leaves_two() -> None:
    counts = counted(1, 5, 3, 6, 2, 4)
    assert (counts.received, counts.lost, counts.reordered) == (6, 0, 3)


def test_a_number_twice_is_a_duplicate() -> None:
    counts = counted(1, 2, 2, 3, 1, 4)
    assert (counts.received, counts.duplicates, counts.lost) == (4, 2, 0)


def test_a_late_packet_twice_is_a_duplicate() -> None:
    counts = counted(1, 3, 2, 2)
    assert (counts.received, counts.reordered, counts.duplicates) == (3, 1, 1)


def test_what_is_late_before_the_first_number_was_not_lost() -> None:
    counts = counted(100, 99, 97, 101)
    assert (counts.received, counts.reordered, counts.lost) == (4, 2, 0)


def test_a_late_run_over_the_first_number_is_told_apart() -> None:
    meter = SequenceMeter(1 << 16)
    meter.take_run(100, 2)
    meter.take(104)
    meter.take_run(98, 6)
    counts = meter.counts
    assert (counts.received, counts.reordered) == (7, 4)
    assert (counts.duplicates, counts.lost) == (2, 0)


@MODULI
def test_a_restart_that_is_told_begins_anew(modulus: int) -> None:
    meter = SequenceMeter(modulus)
    meter.restart()
    meter.take_run(500, 3)
    meter.restart()
    meter.take_run(3, 2)
    assert meter.counts == SequenceCounts(received=5, restarts=1)


def test_a_stray_number_is_not_believed() -> None:
    counts = counted(1, 2, 20_000, 3, 4)
    assert (counts.received, counts.lost, counts.strays) == (4, 0, 1)


def test_a_suspect_is_a_stray_until_somebody_goes_on() -> None:
    assert counted(1, 2, 20_000).strays == 1
    assert counted(1, 2, 20_000, 30_000).strays == 2


def test_a_long_loss_is_believed_at_the_second_packet() -> None:
    counts = counted(1, 2, 20_000, 20_002)
    assert (counts.received, counts.lost, counts.strays) == (4, 19_998, 0)
    assert counts.restarts == 0


def test_a_long_loss_is_believed_of_a_run() -> None:
    meter = SequenceMeter(1 << 32)
    meter.take(1)
    meter.take(9_000_000)
    meter.take_run(3 + SUDDEN, 2)
    counts = meter.counts
    assert (counts.received, counts.lost, counts.strays) == (3, SUDDEN + 1, 1)


def test_numbers_from_far_behind_are_a_restart() -> None:
    counts = counted(10_000, 10_001, 0, 1, 2)
    assert (counts.received, counts.restarts) == (5, 1)
    assert (counts.lost, counts.duplicates, counts.strays) == (0, 0, 0)


def test_numbers_too_far_ahead_are_a_restart() -> None:
    ahead = LONGEST_LOSS + 5
    counts = counted(1, ahead, ahead + 1, modulus=1 << 32)
    assert (counts.received, counts.restarts, counts.lost) == (3, 1, 0)


def test_a_suspect_at_half_the_numbers_may_be_gone_on_from() -> None:
    half = 1 << 15
    counts = counted(0, half, half + 1)
    assert (counts.received, counts.strays) == (3, 0)


def test_a_short_run_begun_anew_before_its_first_number_is_a_restart() -> None:
    first = EARLY + 50
    counts = counted(first, first + 1, 0, 1)
    assert (counts.received, counts.restarts, counts.lost) == (4, 1, 0)


def test_numbers_of_old_in_a_row_are_a_sender_that_began_anew() -> None:
    numbers = [*range(400), *range(300), *range(300, 500)]
    counts = counted(*numbers)
    assert (counts.received, counts.restarts, counts.duplicates) == (900, 1, 0)


def test_numbers_of_old_between_new_ones_are_duplicates() -> None:
    numbers = [n for k in range(400) for n in (k + 100, k)][1:]
    counts = counted(*range(100), *numbers)
    assert (counts.restarts, counts.received) == (0, 500)


def test_far_back_a_known_gap_can_still_be_filled() -> None:
    numbers = [*range(10), *range(20, 20 + 3 * MAX_LATE), 15]
    counts = counted(*numbers)
    assert (counts.lost, counts.reordered, counts.restarts) == (9, 1, 0)


def test_runs_count_as_their_packets_do() -> None:
    meter = SequenceMeter(1 << 16)
    meter.take_run(65_530, 4)
    meter.take_run(65_534, 4)
    meter.take_run(0, 4)  # half old, half new
    meter.take_run(6, 0)
    meter.take_run(6, 2)
    counts = meter.counts
    assert (counts.received, counts.lost, counts.duplicates) == (12, 2, 2)


@pytest.mark.parametrize("seed", range(20))
@MODULI
def test_a_hostile_link_is_counted_exactly(seed: int, modulus: int) -> None:
    """Loss, duplicates and reordering against what really happened."""
    dice = random.Random(seed)
    first = dice.randrange(modulus)
    sent = list(range(first, first + 5000))
    kept = [n for n in sent if n in {sent[0], sent[-1]} or dice.random() > 0.1]
    twice = [n for n in kept if dice.random() < 0.05]
    arrivals = sorted(
        [(n + dice.uniform(0, 20), n) for n in kept]
        + [(n + dice.uniform(0, 20), n) for n in twice]
    )
    meter = SequenceMeter(modulus)
    for _, number in arrivals:
        meter.take(number % modulus)
    counts = meter.counts
    came, earliest = set(kept), arrivals[0][1]
    assert counts.received == len(came)
    assert counts.lost == len(set(range(earliest, max(came))) - came)
    assert counts.duplicates == len(twice)
    assert counts.restarts == counts.strays == 0


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 100)), max_size=60),
    st.integers(0, 65_535),
)
def test_a_run_is_what_its_packets_are(
    runs: list[tuple[int, int]], offset: int
) -> None:
    whole, single = SequenceMeter(1 << 16), SequenceMeter(1 << 16)
    for first, count in runs:
        whole.take_run((first + offset) & 0xFFFF, count)
        for number in range(first, first + count):
            single.take((number + offset) & 0xFFFF)
    assert _total(whole.counts) == _total(single.counts) == sum(c for _, c in runs)


@given(st.lists(st.integers(0, (1 << 32) - 1), max_size=200))
def test_noise_is_counted_somewhere(numbers: list[int]) -> None:
    meter = SequenceMeter(1 << 32)
    for number in numbers:
        meter.take(number)
    counts = meter.counts
    assert _total(counts) == len(numbers)
    assert counts.lost >= 0


def _total(counts: SequenceCounts) -> int:
    return counts.received + counts.duplicates + counts.strays
