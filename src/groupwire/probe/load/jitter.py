"""How uneven the way is, from times of leaving and of arrival."""

from __future__ import annotations

__all__ = ["Jitter"]

_GAIN = 16


class Jitter:
    """The smoothed variation of the time on the way (RFC 3550 section 6.4.1)."""

    __slots__ = ("_last", "known")

    def __init__(self) -> None:
        self.known: float | None = None
        """In seconds; None before there are two."""
        self._last: float | None = None

    @property
    def seconds(self) -> float:
        """The same, 0 before there are two."""
        return self.known or 0.0

    def take(self, transit_s: float) -> None:
        """Take arrival minus departure; the clocks need not agree."""
        if self._last is not None:
            before = self.known or 0.0
            self.known = before + (abs(transit_s - self._last) - before) / _GAIN
        self._last = transit_s
