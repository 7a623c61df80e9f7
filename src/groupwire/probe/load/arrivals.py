"""When datagrams arrive: jitter, the longest silence, the peak of ten milliseconds."""

from __future__ import annotations

import math

__all__ = ["Arrivals", "Jitter"]

_PEAK_S = 0.01


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


class Arrivals:
    """Takes the times at which so many octets came."""

    __slots__ = ("_in_peak", "_peak_from", "first", "last", "peak_bytes", "silence_s")

    def __init__(self) -> None:
        self.first = self.last = math.nan
        self.silence_s = 0.0
        self.peak_bytes = 0
        """The most in any of the ten milliseconds that follow each other."""
        self._peak_from = -math.inf
        self._in_peak = 0

    def take(self, at: float, size_bytes: int) -> None:
        """Count what arrived at this moment; earlier than the last is now."""
        if math.isnan(self.first):
            self.first = self.last = at
        self.silence_s = max(self.silence_s, at - self.last)
        self.last = max(self.last, at)
        if at - self._peak_from >= _PEAK_S:
            self._peak_from, self._in_peak = at, 0
        self._in_peak += size_bytes
        self.peak_bytes = max(self.peak_bytes, self._in_peak)

    @property
    def seconds(self) -> float:
        """From the first to the last; 0 before there are two."""
        return 0.0 if math.isnan(self.first) else self.last - self.first

    @property
    def peak_bits_per_s(self) -> float:
        """The rate of the fullest ten milliseconds."""
        return self.peak_bytes * 8 / _PEAK_S
