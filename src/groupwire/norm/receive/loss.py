"""What arrives and what does not, by the sender's sequence numbers."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

__all__ = ["LossMeter"]

_JUMP = 0x1000
"""A larger step is a new beginning, not that many losses."""
_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2)
"""Of the latest loss intervals, TFMCC's (RFC 4654 §5.2)."""


class LossMeter:
    """Counts packets and losses since the last report, and TFMCC's loss events.

    Losses within a round trip are one event; the length of the intervals between
    events, in packets, is weighted as RFC 4654 §5.2 says.
    """

    def __init__(self) -> None:
        self._next: int | None = None
        self._event_at = -1e9
        self._interval = 0
        self._intervals: deque[int] = deque(maxlen=len(_WEIGHTS))
        self._bytes = 0
        self._heard = 0
        self._lost = 0
        self._since: float | None = None

    def heard(
        self, sequences: Sequence[int], size_bytes: int, rtt_s: float, now: float
    ) -> None:
        """Take packets in that arrived together."""
        if self._since is None:
            self._since = now
        self._bytes += size_bytes
        first, count = sequences[0], len(sequences)
        expected = first if self._next is None else self._next
        gap = (first - expected) & 0xFFFF
        inside = ((sequences[-1] - first) & 0xFFFF) - count + 1
        if gap < _JUMP and 0 <= inside < _JUMP:
            self._note(gap + inside, count, rtt_s, now)
        elif gap >= 0x10000 - _JUMP:
            # Late or doubled: what was counted as lost has come after all.
            self._lost = max(0, self._lost - count)
            self._heard += count
            return
        self._next = (sequences[-1] + 1) & 0xFFFF

    def _note(self, lost: int, count: int, rtt_s: float, now: float) -> None:
        self._heard += count
        self._lost += lost
        self._interval += count
        if lost and now - self._event_at > rtt_s:
            self._event_at = now
            self._intervals.appendleft(self._interval)
            self._interval = 0

    @property
    def events(self) -> float:
        """The loss event rate of TFMCC, 0 as long as nothing was lost."""
        if not self._intervals:
            return 0.0
        with_open = [self._interval, *self._intervals]
        mean = max(_weighted(list(self._intervals)), _weighted(with_open))
        return min(1.0, 1.0 / max(mean, 1.0))

    def report(self, now: float) -> tuple[float, float]:
        """Return the rate in bytes per second and the loss since the last report."""
        since = self._since if self._since is not None else now
        span, total = now - since, self._heard + self._lost
        rate = self._bytes / span if span > 0 else 0.0
        loss = self._lost / total if total else 0.0
        self._bytes = self._heard = self._lost = 0
        self._since = now
        return rate, loss


def _weighted(intervals: list[int]) -> float:
    pairs = list(zip(intervals, _WEIGHTS, strict=False))
    return sum(i * w for i, w in pairs) / sum(w for _, w in pairs)
