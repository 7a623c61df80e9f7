import math
from random import Random

import pytest

from groupwire.norm.backoff import random_backoff


@pytest.mark.parametrize("members", [1, 10, 1000, 500_000_000])
@pytest.mark.parametrize("seed", range(5))
def test_nobody_waits_longer_than_told(members: int, seed: int) -> None:
    rng = Random(seed)
    waits = [random_backoff(0.4, members, rng) for _ in range(1000)]
    assert 0 <= min(waits) <= max(waits) <= 0.4


@pytest.mark.parametrize("part", [0.25, 0.5, 0.75])
def test_waits_are_spread_as_rfc_5401_says(part: float) -> None:
    """§3.2.1: P(wait < x*T) = (e^(L*x) - 1) / (e^L - 1) with L = ln(members) + 1."""
    rng, draws = Random(1), 20_000
    early = sum(random_backoff(1.0, 100, rng) < part for _ in range(draws))
    rate = math.log(100) + 1
    expected = math.expm1(rate * part) / math.expm1(rate)
    assert early / draws == pytest.approx(expected, abs=0.01)


def test_few_are_early_however_many_wait() -> None:
    """What half a round trip of four lets through: some, and not hundreds."""
    rng = Random(2)
    waits = [random_backoff(4.0, 1000, rng) for _ in range(1000)]
    first = min(waits)
    assert sum(wait < first + 0.5 for wait in waits) < 30
