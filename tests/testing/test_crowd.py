"""Many receivers that all miss the same packet."""

from __future__ import annotations

import math
from random import Random

import pytest

from groupwire.testing import Crowd


def _nacks(size: int, seed: int, *, backoff: int = 4, silenced: float = 0.5) -> int:
    crowd = Crowd(size, Random(seed))
    return crowd.nacks(
        grtt_s=1.0, backoff=backoff, members=size, silenced_after_s=silenced
    )


def test_nobody_asks_nothing_and_one_asks_once() -> None:
    nobody = Crowd(0, Random(1))
    assert not nobody.nacks(grtt_s=1.0, backoff=4, members=10, silenced_after_s=0.5)
    assert {_nacks(1, seed) for seed in range(20)} == {1}


def test_who_is_heard_at_once_silences_all_others() -> None:
    assert {_nacks(500, seed, silenced=0.0) for seed in range(5)} == {1}


def test_who_is_heard_too_late_silences_nobody() -> None:
    assert _nacks(500, 1, silenced=4.1) == 500


def test_without_backoff_all_ask_at_once() -> None:
    assert _nacks(50, 1, backoff=0) == 50


@pytest.mark.parametrize("silenced", [0.5, 1.0])
@pytest.mark.parametrize("size", [10, 1000])
def test_few_ask_as_rfc_5401_expects(size: int, silenced: float) -> None:
    # RFC 5401 §3.2.2: N = exp(1.2 * L / (2 * T / GRTT)) where it takes half a GRTT
    # until others hear it.
    expected = math.exp(1.2 * (math.log(size) + 1) * silenced / 4)
    runs = 1000 if size == 10 else 20
    mean = sum(_nacks(size, seed, silenced=silenced) for seed in range(runs)) / runs
    assert mean == pytest.approx(expected, rel=0.35)


def test_the_same_dice_give_the_same() -> None:
    assert [_nacks(100, seed) for seed in range(9)] == [
        _nacks(100, seed) for seed in range(9)
    ]
