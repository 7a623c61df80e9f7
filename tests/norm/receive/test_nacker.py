"""When to ask for repair."""

from __future__ import annotations

from random import Random

import pytest

from groupwire.norm.receive.nacker import Nacker, NackPhase
from groupwire.norm.repair.state import Need, RepairState


def _state(*needs: Need) -> RepairState:
    state = RepairState()
    for need in needs:
        state.add(need)
    return state


def test_at_first_it_rests() -> None:
    nacker = Nacker(Random(1))
    assert nacker.phase is NackPhase.IDLE
    assert nacker.deadline is None


@pytest.mark.parametrize("seed", range(5))
def test_a_cycle_begins_with_a_wait_of_at_most_k_grtt(seed: int) -> None:
    nacker = Nacker(Random(seed))
    waits: list[float] = []
    for _ in range(200):
        nacker.start(10.0, 0.5, 4, 100)
        assert nacker.phase is NackPhase.WAITING
        assert nacker.deadline is not None
        waits.append(nacker.deadline - 10.0)
    assert min(waits) >= 0
    assert max(waits) <= 4 * 0.5
    # RFC 5401 §3.2.1: truncated exponential, most are late.
    assert sum(wait > 1.0 for wait in waits) > 150


def test_without_backoff_it_is_asked_at_once() -> None:
    nacker = Nacker(Random(1))
    nacker.start(10.0, 0.5, 0, 100)
    assert nacker.deadline == 10.0


def test_it_is_silenced_only_if_others_have_asked_for_all_of_it() -> None:
    nacker = Nacker(Random(1))
    nacker.start(0.0, 0.5, 4, 100)
    mine = _state(Need(0, 0, False, 0, 0, 0b1010), Need(1, 2))
    assert not nacker.silenced(mine)
    nacker.heard.add(Need(0, 0, False, 0, 0, 0b1110))
    assert not nacker.silenced(mine)
    nacker.heard.add(Need(1, 3))
    assert nacker.silenced(mine)


def test_what_was_heard_in_an_earlier_cycle_silences_nobody() -> None:
    nacker = Nacker(Random(1))
    nacker.start(0.0, 0.5, 4, 100)
    nacker.heard.add(Need(0, 0))
    nacker.start(9.0, 0.5, 4, 100)
    assert not nacker.silenced(_state(Need(0, 0)))


def test_afterwards_it_holds_for_k_plus_two_grtt_and_rests() -> None:
    # RFC 5740 §5.3: T_rcvrHoldoff = (K_sender + 2) * GRTT_sender.
    nacker = Nacker(Random(1))
    nacker.start(0.0, 0.5, 4, 100)
    nacker.hold(2.0, 0.5, 4)
    assert (nacker.phase, nacker.deadline) == (NackPhase.HOLDING, 2.0 + 6 * 0.5)
    nacker.rest()
    assert (nacker.phase, nacker.deadline) == (NackPhase.IDLE, None)


def test_what_is_left_of_a_wait_shrinks_with_the_groups_round_trip() -> None:
    nacker = Nacker(Random(1))
    nacker.quicken(1.0, 0.1)
    assert nacker.deadline is None
    nacker.hold(2.0, 0.5, 4)  # until 5
    nacker.quicken(4.0, 0.1)
    assert nacker.deadline == pytest.approx(4.1)
    nacker.quicken(6.0, 0.1)
    assert nacker.deadline == 6.0


def test_whoever_asks_in_vain_asks_less_and_less_often() -> None:
    nacker, holds = Nacker(Random(1)), list[float]()
    for in_vain in (0, 1, 2, 3, 7, 8, 100):
        nacker.hold(0.0, 0.001, 4, in_vain=in_vain)
        assert nacker.deadline is not None
        holds.append(nacker.deadline)
    assert holds == pytest.approx([n * 0.006 for n in (1, 1, 2, 4, 64, 64, 64)])
    nacker.hold(0.0, 0.1, 4, in_vain=3)
    assert nacker.deadline == 1.0
    # But never more often than the sender can answer.
    nacker.hold(0.0, 0.5, 4, in_vain=3)
    assert nacker.deadline == 3.0


def test_who_is_woken_holds_no_longer_than_the_sender_needs() -> None:
    nacker = Nacker(Random(1))
    nacker.waken(1.0)
    assert nacker.deadline is None
    nacker.start(1.0, 0.01, 4, 100)
    before = nacker.deadline
    nacker.waken(1.0)
    assert nacker.deadline == before
    for woken_at, expected in ((2.02, 2.06), (2.5, 2.5)):
        nacker.hold(2.0, 0.01, 4, in_vain=9)
        nacker.waken(woken_at)
        assert nacker.deadline == pytest.approx(expected)
    nacker.hold(2.0, 0.01, 4)
    nacker.waken(2.01)
    assert nacker.deadline == pytest.approx(2.06)
