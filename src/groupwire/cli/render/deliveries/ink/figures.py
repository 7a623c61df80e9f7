"""Amounts, rates, shares and times as people write them."""

from __future__ import annotations

from collections import deque

__all__ = [
    "Pace",
    "amount",
    "bit_rate",
    "lost_share",
    "percent",
    "remaining",
    "share",
]

_PREFIXES = ("", "k", "M", "G", "T", "P")


def amount(size_bytes: float) -> str:
    """Return ``0 bytes``, ``1 byte``, ``52.4 MB``."""
    if size_bytes < 1000:
        return "1 byte" if size_bytes == 1 else f"{size_bytes:.0f} bytes"
    return f"{_scaled(size_bytes)}B"


def bit_rate(bytes_per_s: float) -> str:
    """Return ``704 Mb/s``: bits, as ``--rate`` takes them."""
    return f"{_scaled(bytes_per_s * 8)}b/s"


def percent(part: float, whole: float) -> str:
    """Return a share without decimals; all only where it is all."""
    if whole <= 0 or part >= whole:
        return "100 %"
    return f"{min(99, int(100 * part / whole))} %"


def share(part: float, whole: float) -> str:
    """Return a share with the decimals it needs: ``0 %``, ``0.03 %``, ``12 %``."""
    if part <= 0 or whole <= 0:
        return "0 %"
    value = 100 * part / whole
    if value < 0.01:
        return "<0.01 %"
    decimals = 0 if value >= 9.95 else 1 if value >= 0.095 else 2
    return f"{_short(value, decimals)} %"


def lost_share(lost: int, files: int, size_bytes: int, segment_bytes: int) -> str:
    """Return how many of a member's segments had to be repaired.

    A file has a segment at least, however short it is.
    """
    return share(lost, max(files, -(-size_bytes // segment_bytes)))


def remaining(seconds: float) -> str:
    """Return ``9 s``, ``1:05``, ``2:03:00``."""
    left = max(0, round(seconds))
    if left < 60:
        return f"{left} s"
    minutes, left = divmod(left, 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes}:{left:02}"
    return f"{hours}:{minutes:02}:{left:02}"


class Pace:
    """How fast something grows, over the last seconds."""

    WINDOW_S = 5.0

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=256)

    def see(self, elapsed_s: float, count: int) -> None:
        """Take note of how far it is."""
        while self._seen and elapsed_s - self._seen[0][0] > self.WINDOW_S:
            self._seen.popleft()
        self._seen.append((elapsed_s, count))

    @property
    def per_s(self) -> float:
        """How much a second; 0 while that is not known."""
        if len(self._seen) < 2:
            return 0.0
        (then, before), (now, after) = self._seen[0], self._seen[-1]
        return (after - before) / (now - then) if now > then else 0.0


def _scaled(value: float) -> str:
    """Return three digits and the prefix of the unit."""
    step = 0
    # What would be rounded to 1000 is 1 of the next.
    while value >= 999.5 and step < len(_PREFIXES) - 1:
        value /= 1000
        step += 1
    decimals = 0 if value >= 99.95 or not step else 1 if value >= 9.995 else 2
    return f"{_short(value, decimals)} {_PREFIXES[step]}"


def _short(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
