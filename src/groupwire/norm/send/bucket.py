"""Pacing: a token bucket that may go into debt by one burst."""

from __future__ import annotations

import math

__all__ = ["TokenBucket"]

_ROUNDING_BYTES = 1.0
"""Beside what passes in the least time that the clock can tell apart: without them, no
time would be late enough for the last millionth of a byte."""
_LATE_S = 0.01
"""So late a busy machine may wake who waits, and the rate is kept on the average."""


class TokenBucket:
    """Lets ``rate`` bytes a second through, at most ``depth_s`` of them at once.

    A burst may be sent while there is any credit; what it overdraws is waited for, so
    that the mean is right for bursts of every size.
    """

    def __init__(self, rate_bytes_per_s: float, *, depth_s: float = 0.002) -> None:
        self.rate = rate_bytes_per_s
        self._depth = depth_s
        self.waited_for = False
        """Whether more is to be sent: then a wake-up that comes late loses nothing."""
        self._credit = 0.0
        self._at: float | None = None

    def ready(self, now: float) -> bool:
        """Return whether something may be sent now."""
        self._fill(now)
        rounding = _ROUNDING_BYTES + self.rate * math.ulp(now)
        return self._credit >= -rounding

    def spend(self, size_bytes: int) -> None:
        """Count what has been sent."""
        self._credit -= size_bytes

    def ready_at(self, now: float) -> float:
        """Return when something may be sent next."""
        return now if self.ready(now) else now - self._credit / self.rate

    def _fill(self, now: float) -> None:
        if self._at is not None:
            earned = (now - self._at) * self.rate
            depth = max(self._depth, _LATE_S) if self.waited_for else self._depth
            self._credit = min(depth * self.rate, self._credit + earned)
        self._at = now
