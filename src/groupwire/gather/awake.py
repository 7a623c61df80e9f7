"""A clock that stands still while its owner does."""

from __future__ import annotations

__all__ = ["AwakeClock"]

_LONGEST_TURN_S = 2.0
"""Who waits for others has its turn each second. What is longer, it was stopped."""
_ROUNDING_S = 1e-6


class AwakeClock:
    """Counts the seconds in which its owner was awake.

    While it was stopped itself, it was not the others who were silent.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._last: float | None = None

    def at(self, now: float) -> float:
        """Return how long its owner has been awake."""
        gap = 0.0 if self._last is None else max(0.0, now - self._last)
        self.seconds += min(gap, _LONGEST_TURN_S)
        self._last = now
        return self.seconds

    def when(self, seconds: float) -> float:
        """Return when it will have been awake for so long, if nothing stops it."""
        # Sums of other order may differ in the last place.
        return (self._last or 0.0) + max(0.0, seconds - self.seconds) + _ROUNDING_S
