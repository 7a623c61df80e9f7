"""How many of a crowd ask when all of it misses the same packet (RFC 5401)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log
from random import Random
from statistics import fmean

from groupwire.testing import Crowd

__all__ = ["WAYS", "Asked", "Way", "expected", "measure"]

_GRTT_S = 0.1
_SEED = "feedback"


@dataclass(frozen=True, slots=True)
class Way:
    """How NACKs travel, and how long receivers wait at random before they ask."""

    label: str
    backoff: int
    """K: up to so many round trips."""
    silenced_grtt: float
    """After how many round trips all others know of a NACK."""


@dataclass(frozen=True, slots=True)
class Asked:
    """NACKs for one packet, over ``runs`` crowds."""

    mean: float
    percentile_99: int
    expected: float
    runs: int


WAYS = (
    Way("multicast NACKs, K = 4", 4, 0.5),
    Way("unicast NACKs and the sender's echo, K = 8", 8, 1.0),
)


def measure(way: Way, receivers: int, runs: int) -> Asked:
    """Let so many crowds miss a packet."""
    counts = sorted(_asked(way, receivers, run) for run in range(runs))
    return Asked(
        fmean(counts),
        counts[ceil(0.99 * runs) - 1],
        expected(way, receivers),
        runs,
    )


def _asked(way: Way, receivers: int, run: int) -> int:
    crowd = Crowd(receivers, Random(f"{_SEED}/{way.label}/{receivers}/{run}"))
    return crowd.nacks(
        grtt_s=_GRTT_S,
        backoff=way.backoff,
        members=receivers,
        silenced_after_s=way.silenced_grtt * _GRTT_S,
    )


def expected(way: Way, receivers: int) -> float:
    """Return the NACKs that the analysis behind RFC 5401 expects."""
    return exp(1.2 * (log(receivers) + 1) * way.silenced_grtt / way.backoff)
