"""How often a session is announced (RFC 2974 §3.1)."""

from __future__ import annotations

from random import Random

__all__ = ["LEAST_S", "LIMIT_BPS", "RFC_LEAST_S", "Repetition", "interval_s"]

LIMIT_BPS = 4000
"""What all announcements of a group may take together."""
RFC_LEAST_S = 300.0
"""What RFC 2974 §3.1 has as the shortest interval."""
LEAST_S = 5.0
"""What is used: nobody waits for five minutes until a list is there, and VLC and
ffmpeg repeat as often. With more of them it becomes rarer, by the same limit."""


def interval_s(count: int, size_bytes: int, *, least_s: float = LEAST_S) -> float:
    """Return the base interval of one among ``count`` announcements."""
    return max(least_s, 8 * count * size_bytes / LIMIT_BPS)


class Repetition:
    """When the next announcement is due; reconsidered when that time has come.

    ``count`` is how many sessions are announced in the group, our own included.
    """

    def __init__(self, size_bytes: int, rng: Random, least_s: float = LEAST_S) -> None:
        self._size, self._least_s = size_bytes, least_s
        self._rng = rng
        self._sent: float | None = None
        self._part = 0.0

    def next_s(self, count: int, *, now: float) -> float:
        """Return when the next is due, as it is known by now; the first at once."""
        if self._sent is None:
            return now
        return (
            self._sent
            + interval_s(count, self._size, least_s=self._least_s) * self._part
        )

    def sent(self, *, now: float) -> None:
        """Know that one has been sent."""
        self._sent = now
        # Between 2/3 and 4/3 of the interval.
        self._part = 1 + self._rng.uniform(-1 / 3, 1 / 3)
