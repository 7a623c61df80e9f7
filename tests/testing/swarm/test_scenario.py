"""What a seed stands for: a group, its links, its fates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from tests.testing.swarm import places

from groupwire.norm.receive.config import Join
from groupwire.norm.wire.payload import FecId
from groupwire.testing import Faults
from groupwire.testing.swarm.scenario import (
    LARGE_BUFFER_BYTES,
    Cut,
    Life,
    Pace,
    Scenario,
)


@cache
def many() -> list[Scenario]:
    return [Scenario.of(seed) for seed in range(2000)]


@cache
def lives() -> list[tuple[Scenario, Life]]:
    return [(scenario, life) for scenario in many() for life in scenario.lives]


def _covers(values: Iterable[float], low: float, high: float) -> bool:
    """Return whether values go from the one end to the other, not beyond."""
    found = sorted(values)
    near = (high - low) / 20
    return low <= found[0] < low + near and high - near < found[-1] <= high


def _share(holds: Iterable[bool]) -> float:
    all_ = list(holds)
    return sum(all_) / len(all_)


def _lost(scenario: Scenario, life: Life) -> float:
    """Return what does not get from the sender to a receiver, by links alone."""
    return 1 - (1 - scenario.sender_up.loss) * (1 - life.down.loss)


def test_a_seed_always_stands_for_the_same() -> None:
    assert all(Scenario.of(scenario.seed) == scenario for scenario in many()[:100])
    assert len({repr(replace(scenario, seed=0)) for scenario in many()}) == len(many())


def test_data_is_lost_from_never_to_one_in_two() -> None:
    lost = [_lost(scenario, life) for scenario, life in lives()]
    assert _covers([round(loss, 9) for loss in lost], 0.0, 0.5)
    assert 0.05 < _share(loss > 0.3 for loss in lost) < 0.4
    assert any(scenario.sender_up.loss > 0.2 for scenario in many())
    assert any(life.down.burst > 1 and life.down.loss for _, life in lives())


def test_feedback_is_lost_from_never_to_always() -> None:
    assert _covers((life.up.loss for _, life in lives()), 0.0, 1.0)
    for loss in (0.0, 1.0):
        assert _share(life.up.loss == loss for _, life in lives()) > 0.05
    assert any(0.6 < life.up.loss < 0.9 for _, life in lives())


@pytest.mark.parametrize(
    ("fault", "most"), [("reordering", 0.5), ("duplication", 0.5), ("corruption", 0.01)]
)
def test_links_reorder_double_and_mutilate_from_never_to_often(
    fault: str, most: float
) -> None:
    for links in (
        [life.down for _, life in lives()],
        [life.up for _, life in lives()],
        [scenario.sender_up for scenario in many()],
    ):
        assert _covers((getattr(link, fault) for link in links), 0.0, most)


def test_datagrams_need_up_to_half_a_second() -> None:
    delays = [
        scenario.sender_up.delay_s + life.down.delay_s for scenario, life in lives()
    ]
    assert _covers(delays, 0.0, 0.5)
    assert any(life.down.jitter_s > 0.1 for _, life in lives())


def test_there_are_one_to_fifty_receivers() -> None:
    assert {len(scenario.lives) for scenario in many()} == set(range(1, 51))
    nodes = [{life.node for life in scenario.lives} for scenario in many()]
    assert all(len(n) == len(s.lives) for n, s in zip(nodes, many(), strict=True))


FATES: list[Callable[[Life], bool]] = [
    lambda life: life.begins_s > 0,
    lambda life: life.crash_s is not None and life.back_s is None,
    lambda life: life.crash_s is not None and life.back_s is not None,
    lambda life: life.pause_s is not None,
    lambda life: life.cut is not None and life.cut.up and life.cut.down,
    lambda life: life.cut is not None and not life.cut.up,
    lambda life: life.cut is not None and not life.cut.down,
    lambda life: life.silent,
    lambda life: life.unicast,
    lambda life: life.accept_after_s > 0.5,
    lambda life: life.join is Join.NOW,
    lambda life: life.join is Join.OBJECT,
    lambda life: life.join is Join.WINDOW,
]


@pytest.mark.parametrize("number", range(len(FATES)))
def test_receivers_join_leave_crash_come_back_and_so_on(number: int) -> None:
    assert _share(FATES[number](life) for _, life in lives()) > 0.01


def test_nobody_crashes_before_it_is_there_nor_comes_back_before_that() -> None:
    for _, life in lives():
        if life.crash_s is not None:
            assert life.begins_s <= life.crash_s <= (life.back_s or life.crash_s)
        else:
            assert life.back_s is None


CHOICES: list[Callable[[Scenario], bool]] = [
    lambda scenario: scenario.pace is Pace.ADAPTIVE,
    lambda scenario: scenario.pace is Pace.TFMCC,
    lambda scenario: scenario.restart_s is not None,
    lambda scenario: bool(scenario.messages),
    lambda scenario: bool(scenario.messages) and scenario.buffer_bytes < 2000,
    lambda scenario: scenario.buffer_bytes == LARGE_BUFFER_BYTES,
    lambda scenario: 0 in scenario.sizes,
    lambda scenario: len(scenario.sizes) == 20,
    lambda scenario: scenario.config.first_object > 65_000,
    lambda scenario: scenario.config.coding.segment_bytes == 1400,  # low_latency's
    lambda scenario: scenario.config.backoff == 0,
    lambda scenario: scenario.config.backoff == 6,
    lambda scenario: scenario.config.coding.parity == 0,
    lambda scenario: scenario.config.auto_parity > 0,
    lambda scenario: scenario.config.coding.block == 1,
    lambda scenario: scenario.config.shortest_grtt_s < 0.001,
    *(
        lambda scenario, fec_id=fec_id: scenario.config.coding.fec_id is fec_id
        for fec_id in FecId
    ),
]


@pytest.mark.parametrize("number", range(len(CHOICES)))
def test_senders_are_of_all_kinds(number: int) -> None:
    assert _share(CHOICES[number](scenario) for scenario in many()) > 0.02


def test_most_senders_have_a_fixed_rate() -> None:
    assert _share(scenario.pace is Pace.FIXED for scenario in many()) > 0.5


@pytest.mark.parametrize(
    ("common", "down", "up", "fair"),
    [
        (0.0, 0.3, 0.3, True),
        (0.0, 0.31, 0.0, False),
        (0.0, 0.0, 0.31, False),
        (0.3, 0.0, 0.0, True),
        (0.2, 0.1, 0.0, True),  # 28 %
        (0.2, 0.2, 0.0, False),  # 36 %
    ],
)
def test_up_to_30_percent_each_way_everything_is_promised(
    common: float, down: float, up: float, fair: bool
) -> None:
    one = places.life(down=Faults(loss=down), up=Faults(loss=up))
    group = places.scenario(one, sender_up=Faults(loss=common))
    assert group.fair(one) is fair
    assert not group.fair(replace(one, silent=True))


def test_steady_is_who_is_there_all_the_time() -> None:
    assert places.life().steady
    cut = Cut(0.1, 0.1, True, True)
    for changes in ({"begins_s": 0.1}, {"pause_s": 0.1}, {"cut": cut}, {"crash_s": 1}):
        assert not places.life(**changes).steady


BURSTS = Faults(loss=0.1, burst=3.0)


@pytest.mark.parametrize(
    ("changes", "prompt"),
    [
        ({}, True),
        ({"accept_after_s": 1.0}, True),
        ({"down": Faults(loss=0.3)}, True),
        ({"down": Faults(loss=0.3), "accept_after_s": 1.0}, False),
        ({"down": BURSTS}, False),
        ({"up": Faults(loss=0.2)}, False),
        ({"pause_s": 0.1}, False),
    ],
)
def test_who_is_steady_answers_in_time_unless_losses_and_delays_conspire(
    changes: dict[str, Any], prompt: bool
) -> None:
    one = places.life(**changes)
    assert places.scenario(one).prompt(one) is prompt
    assert not places.scenario(one, sender_up=BURSTS).prompt(one)
