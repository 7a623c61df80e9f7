"""Who was refused for want of room, and when to look again."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Room"]

_SHORTEST_LOOK_S = 0.001


class Room:
    """Remembers the latest refusal until what was refused would fit."""

    def __init__(self) -> None:
        self._fits: Callable[[], bool] | None = None
        self.deadline: float | None = None

    def refused(self, fits: Callable[[], bool], now: float, span_s: float) -> None:
        """Note a refusal; things are held for ``span_s``, so look several times."""
        self._fits = fits
        self.deadline = now + max(span_s / 8, _SHORTEST_LOOK_S)

    def freed(self, now: float, span_s: float) -> bool:
        """Return whether what was refused would fit now; True only once."""
        if self._fits is None or self.deadline is None:
            return False
        if self._fits():
            self._fits = self.deadline = None
            return True
        if self.deadline <= now:
            self.refused(self._fits, now, span_s)
        return False
