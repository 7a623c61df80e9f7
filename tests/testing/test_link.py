"""One direction of a cable, with seeded faults."""

from __future__ import annotations

from itertools import groupby, pairwise
from random import Random

import pytest

from groupwire.testing import Faults, Link

_MANY = 8_000


def _link(faults: Faults, seed: int = 1) -> Link:
    return Link(faults, Random(seed))


def _lost(link: Link, count: int = _MANY) -> list[bool]:
    """Return for each of many datagrams whether it was lost."""
    return [not link.carry(b"x", float(n)) for n in range(count)]


def _numbered(link: Link, count: int, every_s: float = 0.0) -> list[tuple[float, int]]:
    """Return when each of many numbered datagrams arrives."""
    arrivals: list[tuple[float, int]] = []
    for number in range(count):
        for at, data in link.carry(number.to_bytes(4), number * every_s):
            arrivals.append((at, int.from_bytes(data)))
    return arrivals


def test_a_perfect_link_carries_everything_at_once() -> None:
    link = _link(Faults())
    assert link.carry(b"hello", 3.0) == [(3.0, b"hello")]
    assert not link.dropped


def test_a_delay_is_the_same_for_all() -> None:
    link = _link(Faults(delay_s=0.25))
    assert [at for at, _ in _numbered(link, 3, 1.0)] == [0.25, 1.25, 2.25]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("loss", [0.01, 0.1, 0.5, 1.0])
def test_so_many_are_lost_in_the_mean(loss: float, seed: int) -> None:
    link = _link(Faults(loss=loss), seed)
    lost = sum(_lost(link))
    assert lost == pytest.approx(loss * _MANY, rel=0.25)
    assert link.dropped == {"loss": lost}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("loss", [0.1, 0.3])
def test_independent_losses_know_nothing_of_each_other(loss: float, seed: int) -> None:
    lost = _lost(_link(Faults(loss=loss), seed))
    after_a_loss = [now for before, now in pairwise(lost) if before]
    assert sum(after_a_loss) / len(after_a_loss) == pytest.approx(loss, rel=0.3)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("loss", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("burst", [2.0, 8.0])
def test_bursts_are_so_long_and_lose_so_many(
    loss: float, burst: float, seed: int
) -> None:
    lost = _lost(_link(Faults(loss=loss, burst=burst), seed))
    lengths = [len(list(run)) for gone, run in groupby(lost) if gone]
    assert sum(lost) / _MANY == pytest.approx(loss, rel=0.25)
    assert sum(lengths) / len(lengths) == pytest.approx(burst, rel=0.25)


@pytest.mark.parametrize("seed", range(2))
def test_heavy_loss_has_longer_bursts_rather_than_losing_less(seed: int) -> None:
    # 90 % cannot be lost two at a time: with one arriving between, nine go at once.
    lost = _lost(_link(Faults(loss=0.9, burst=2.0), seed))
    assert sum(lost) / _MANY == pytest.approx(0.9, abs=0.02)


def test_a_link_in_bursts_that_loses_all_loses_all() -> None:
    assert all(_lost(_link(Faults(loss=1.0, burst=5.0)), 100))


@pytest.mark.parametrize("seed", range(2))
def test_jitter_changes_the_rhythm_and_not_the_order(seed: int) -> None:
    arrivals = _numbered(_link(Faults(delay_s=1.0, jitter_s=0.1), seed), 1000, 0.01)
    assert [number for _, number in arrivals] == list(range(1000))
    times = [at for at, _ in arrivals]
    assert times == sorted(times)
    delays = [at - number * 0.01 for at, number in arrivals]
    assert all(1.0 <= delay <= 1.1 + 1e-9 for delay in delays)
    assert len({round(delay, 4) for delay in delays}) > 100


@pytest.mark.parametrize("seed", range(2))
def test_so_many_are_late_and_others_overtake_them(seed: int) -> None:
    faults = Faults(reordering=0.2, late_s=0.5)
    arrivals = _numbered(_link(faults, seed), 5000, 0.01)
    late = [at - number * 0.01 for at, number in arrivals if at > number * 0.01 + 1e-9]
    assert len(late) == pytest.approx(0.2 * 5000, rel=0.25)
    assert max(late) <= 0.5 + 1e-9
    assert sorted(number for _, number in arrivals) == list(range(5000))
    in_order = [number for _, number in sorted(arrivals)]
    assert in_order != sorted(in_order)


@pytest.mark.parametrize("seed", range(2))
def test_so_many_come_twice(seed: int) -> None:
    faults = Faults(duplication=0.3, late_s=0.5)
    arrivals = _numbered(_link(faults, seed), 5000, 1.0)
    numbers = [number for _, number in arrivals]
    assert set(numbers) == set(range(5000))
    assert len(numbers) - 5000 == pytest.approx(0.3 * 5000, rel=0.25)
    assert max(map(numbers.count, range(100))) == 2


@pytest.mark.parametrize("seed", range(2))
def test_the_checksum_drops_nearly_all_that_is_wrong(seed: int) -> None:
    link = _link(Faults(corruption=0.4, checksum_misses=10), seed)
    data = bytes(100)
    arrived = [bytes(d) for n in range(_MANY) for _, d in link.carry(data, float(n))]
    wrong = [d for d in arrived if d != data]
    assert link.dropped["checksum"] == pytest.approx(0.4 * 0.9 * _MANY, rel=0.1)
    assert link.slipped == pytest.approx(0.4 * 0.1 * _MANY, rel=0.25)
    assert len(wrong) == link.slipped
    assert len(arrived) + link.dropped["checksum"] == _MANY


def test_what_slips_through_has_a_few_wrong_bits_and_the_same_length() -> None:
    link = _link(Faults(corruption=1.0, checksum_misses=1))
    data = Random(5).randbytes(60)
    counts: set[int] = set()
    for _ in range(500):
        ((_, wrong),) = link.carry(data, 0.0)
        assert len(wrong) == len(data)
        difference = int.from_bytes(wrong) ^ int.from_bytes(data)
        counts.add(difference.bit_count())
    assert counts == {1, 2, 3}


def test_a_datagram_without_bytes_has_none_that_could_be_wrong() -> None:
    link = _link(Faults(corruption=1.0, checksum_misses=1))
    assert link.carry(b"", 1.0) == [(1.0, b"")]


def test_what_is_larger_than_the_mtu_is_dropped() -> None:
    link = _link(Faults(mtu_bytes=1500))
    assert link.carry(bytes(1472), 0.0)
    assert not link.carry(bytes(1473), 0.0)
    assert link.dropped == {"mtu": 1}


def test_a_limited_rate_lets_them_through_one_behind_the_other() -> None:
    link = _link(Faults(rate_bytes_per_s=1000, delay_s=0.5))
    # 72 and 28 bytes of headers: a tenth of a second each.
    times = [link.carry(bytes(72), 0.0)[0][0] for _ in range(3)]
    assert times == pytest.approx([0.6, 0.7, 0.8])
    assert link.carry(bytes(72), 10.0)[0][0] == pytest.approx(10.6)


def test_what_finds_the_queue_full_is_dropped_until_it_has_drained() -> None:
    link = _link(Faults(rate_bytes_per_s=1000, queue_bytes=1000))
    passed = sum(bool(link.carry(bytes(72), 0.0)) for _ in range(100))
    # Ten fit into the queue; one more may be on the wire, and one begin to wait.
    assert 10 <= passed <= 12
    assert link.dropped == {"queue": 100 - passed}
    assert link.carry(bytes(72), 1.0)


def test_what_is_lost_needs_no_place_in_the_queue() -> None:
    link = _link(Faults(loss=1.0, rate_bytes_per_s=1000))
    for _ in range(100):
        assert not link.carry(bytes(72), 0.0)
    link.faults = Faults(rate_bytes_per_s=1000)
    assert link.carry(bytes(72), 0.0)[0][0] == pytest.approx(0.1)


def test_a_cut_link_carries_nothing_until_it_is_mended() -> None:
    link = _link(Faults())
    link.cut = True
    assert not link.carry(b"x", 0.0)
    assert link.dropped == {"cut": 1}
    link.cut = False
    assert link.carry(b"x", 1.0)


def test_the_same_seed_does_the_same_and_another_one_something_else() -> None:
    faults = Faults(loss=0.2, duplication=0.2, reordering=0.2, jitter_s=0.1)
    runs = [_numbered(_link(faults, seed), 200, 0.01) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
