"""Random waiting that keeps a thousand receivers from asking at once (RFC 5401)."""

from __future__ import annotations

import math
from random import Random

__all__ = ["random_backoff"]


def random_backoff(longest_s: float, members: int, rng: Random) -> float:
    """Return a truncated exponential waiting time from 0 to ``longest_s``.

    RFC 5401 §3.2.1: most draws are late, the few early ones silence the others.
    """
    rate = math.log(members) + 1
    return longest_s / rate * math.log(rng.random() * math.expm1(rate) + 1)
