"""The group's round-trip time, from what receivers send back (RFC 5401 §3.7.1)."""

from __future__ import annotations

__all__ = ["LONGEST_S", "GroupRoundTrip"]

LONGEST_S = 15.0
"""No round trip is taken for longer, whatever a receiver says."""
_RISE = 8.0
"""RFC 5401 takes any longer round trip at once; here one report can lift the estimate
so many times at most, so that a single forged one does not stop a LAN for minutes."""
_DECAY = 0.5
"""A lower peak counts half in each round: slow enough for a group that answers by
lot, quick enough to get from a cautious beginning to a LAN's 0.1 ms in ten rounds."""


class GroupRoundTrip:
    """Rises at once to the longest round trip heard, falls slowly to the recent peak.

    ``shortest_s`` bounds it from below; so does the time that one packet takes at the
    sender's rate (RFC 5740 §5.5.1).
    """

    def __init__(self, initial_s: float, *, shortest_s: float) -> None:
        self._estimate = initial_s
        self._shortest = shortest_s
        self._peak = 0.0
        self.packet_s = 0.0
        """How long one packet takes at the rate in force."""
        self._most = _RISE * self.seconds
        """How far this round may lift the estimate."""

    @property
    def seconds(self) -> float:
        """The estimate."""
        return max(self._estimate, self._shortest, min(self.packet_s, LONGEST_S))

    def heard(self, rtt_s: float) -> None:
        """Take one receiver's round trip in."""
        rtt_s = min(max(rtt_s, self._shortest), self._most, LONGEST_S)
        self._peak = max(self._peak, rtt_s)
        self._estimate = max(self._estimate, rtt_s)

    def round_over(self) -> None:
        """Fall towards the peak of the round that is over; without one, stay."""
        if self._peak:
            self._estimate += _DECAY * (self._peak - self._estimate)
            self._peak = 0.0
        self._most = _RISE * self.seconds
