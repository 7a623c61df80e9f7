"""How much comes, when and how large: what every packet tells without being read."""

from __future__ import annotations

from collections import deque

__all__ = ["BURST_S", "MAX_IN_WINDOW", "Traffic"]

BURST_S = 0.01
"""The time in which a burst is counted."""
MAX_IN_WINDOW = 16_384
"""Arrivals kept to count a burst; a faster one is counted a little short."""
_GAIN = 16


class Traffic:
    """Packets and bytes of one source, with the marks that an interval resets."""

    __slots__ = (
        "_arrivals",
        "_gap",
        "_in_window",
        "bytes",
        "first",
        "jitter",
        "largest",
        "last",
        "packets",
        "peak",
        "peak_ever",
        "silence",
        "silence_ever",
        "smallest",
    )

    def __init__(self) -> None:
        self.packets = self.bytes = 0
        self.first = self.last = 0.0
        self.smallest, self.largest = 1 << 16, 0
        self.peak = self.peak_ever = 0
        self.silence = self.silence_ever = 0.0
        self.jitter: float | None = None
        self._gap: float | None = None
        self._arrivals: deque[tuple[float, int]] = deque()
        self._in_window = 0

    def take(self, count: int, size: int, step: int, at: float) -> None:
        """Count ``count`` packets of together ``size`` bytes, all but one of ``step``.

        ``at`` is when the first of them arrived; a clock may be set back.
        """
        if self.packets:
            self._arrive(at - self.last)
        else:
            self.first = at
        self.last = at
        self.packets += count
        self.bytes += size
        least = size - (count - 1) * step
        if least < self.smallest:
            self.smallest = least
        if step > self.largest:
            self.largest = step
        self._crowd(count, at)

    def silence_until(self, now: float) -> float:
        """Return the longest silence in the interval, the present one included."""
        return max(self.silence, now - self.last)

    def begin_interval(self) -> None:
        """Reset the marks of an interval."""
        self.peak_ever = max(self.peak, self.peak_ever)
        self.silence_ever = max(self.silence, self.silence_ever)
        self.peak, self.silence = 0, 0.0

    def _arrive(self, gap: float) -> None:
        """Note the time between two arrivals: the longest, and how it varies."""
        if gap < 0:
            self._arrivals.clear()
            self._in_window, self._gap = 0, None
            return
        if gap > self.silence:
            self.silence = gap
        mean = self._gap
        if mean is None:
            self._gap = gap
            return
        difference = gap - mean
        self._gap = mean + difference / _GAIN
        jitter = self.jitter or 0.0
        self.jitter = jitter + (abs(difference) - jitter) / _GAIN

    def _crowd(self, count: int, at: float) -> None:
        """Keep the arrivals of the last 10 ms, and the most that there were."""
        arrivals = self._arrivals
        arrivals.append((at, count))
        crowd = self._in_window + count
        limit = at - BURST_S
        while arrivals[0][0] <= limit or len(arrivals) > MAX_IN_WINDOW:
            crowd -= arrivals.popleft()[1]
        self._in_window = crowd
        if crowd > self.peak:
            self.peak = crowd
