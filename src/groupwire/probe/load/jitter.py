"""How uneven the way is, from times of leaving and of arrival."""

from __future__ import annotations

__all__ = ["Jitter"]


class Jitter:
    """The smoothed variation of the time on the way (RFC 3550 section 6.4.1)."""

    __slots__ = ("_last", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self._last: float | None = None

    def take(self, transit_s: float) -> None:
        """Take arrival minus departure; the clocks need not agree."""
        if self._last is not None:
            self.seconds += (abs(transit_s - self._last) - self.seconds) / 16
        self._last = transit_s
