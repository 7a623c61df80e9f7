"""How a rate grows again after congestion: as CUBIC's window does (RFC 9438)."""

from __future__ import annotations

from groupwire.norm.rate.path import PACKET_BYTES

__all__ = ["DECREASE", "Growth"]

DECREASE = 0.8
"""What congestion leaves of the rate that the path sustained."""
_STEEPNESS = 0.4
_FRIENDLY = 1.5 * 3 * (1 - DECREASE) / (1 + DECREASE)
"""Packets per round trip that make the mean rate that of TCP (RFC 9438 §4.3), and half
as much again: a rate meets more losses in a full queue than a window that waits."""
_SHORTEST_S, _TRIPS, _PACKETS = 0.25, 100.0, 5000.0
"""So long, so many round trips or packets it takes at most until it is where congestion
was: CUBIC's time grows with the window, and a fast LAN's, at the round trip that is
reckoned with here, would be that of a path of thousands of packets."""
_LEAST = float(PACKET_BYTES)
"""No peak is lower than a packet a second: from nothing nothing grows."""
_SHORTEST_RTT_S = 0.02
"""A round of probes takes longer than a LAN's round trip; TCP's growth there would be
faster than what is heard of it."""


class Growth:
    """Quickly back to where congestion was, slowly past it, then quickly on.

    ``peak`` is the rate that met congestion; time counts only while there is enough
    to send.
    """

    def __init__(
        self, peak: float, rtt_s: float, least_rtt_s: float | None = None
    ) -> None:
        self.peak = peak = max(peak, _LEAST)
        self._per_window = PACKET_BYTES / max(rtt_s, _SHORTEST_RTT_S)
        self._window = peak / self._per_window
        way_s = rtt_s if least_rtt_s is None else least_rtt_s
        fall = self._window * (1 - DECREASE)
        usual_s = (fall / _STEEPNESS) ** (1 / 3)
        most_s = max(_SHORTEST_S, _TRIPS * way_s, _PACKETS * PACKET_BYTES / peak)
        self._flat_at = min(usual_s, most_s)
        self._steepness = fall / self._flat_at**3
        self._elapsed = 0.0
        self._linear = peak * DECREASE

    @property
    def learns(self) -> float:
        """Below this rate, losses are no sign of congestion."""
        return 0.97 * self.peak

    def after(self, seconds: float, rtt_s: float) -> float:
        """Let time pass, during which this is the round trip; return the rate."""
        self._elapsed += seconds
        rtt_s = max(rtt_s, _SHORTEST_RTT_S)
        self._linear += _FRIENDLY * PACKET_BYTES * seconds / (rtt_s * rtt_s)
        cubic = self._steepness * (self._elapsed - self._flat_at) ** 3 + self._window
        return float(max(cubic * self._per_window, self._linear))
