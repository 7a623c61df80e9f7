"""Probes (NORM_CMD(CC)): when they are sent, and round trips from what comes back."""

from __future__ import annotations

from groupwire.norm.numbers import unwrap
from groupwire.norm.send.grtt import LONGEST_S
from groupwire.norm.wire.feedback import FeedbackHead

__all__ = ["Prober"]

_WRAP_S = 1 << 32
_EARLY_S = 0.001
"""Of clocks that differ in speed: so much before it was sent, an echo may arrive."""


class Prober:
    """Counts probes and reads the times that receivers send back.

    RFC 5740 §5.5.2.1: at the control's interval while there is something to send, else
    at twice the interval each time, up to ``idle_s``.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle = idle_s
        self._interval = 0.0
        self._base: float | None = None
        self.sequence = 0
        self.deadline: float | None = None

    def start(self, now: float) -> None:
        """Probe at once; only the first call counts."""
        if self._base is None:
            self._base = now - 1.0
            self.deadline = now

    def stamp(self, now: float) -> tuple[int, int]:
        """Return the time as a probe tells it: seconds and microseconds, never 0."""
        micros = round((now - (self._base or 0.0)) * 1e6)
        seconds, rest = divmod(micros, 1_000_000)
        return seconds % _WRAP_S, rest

    def sent(self, now: float, interval_s: float, *, busy: bool) -> None:
        """Count a probe and plan the next one."""
        self.sequence = (self.sequence + 1) & 0xFFFF
        if busy:
            self._interval = interval_s
        else:
            self._interval = min(max(2 * self._interval, interval_s), self._idle)
        self.deadline = now + self._interval

    def stop(self) -> None:
        """Probe no more until there is a hurry."""
        self.deadline = None

    def hurry(self, now: float, interval_s: float) -> None:
        """Probe soon, because data begins to flow after a pause."""
        if self._base is None:
            return
        if self.deadline is None or self.deadline > now + interval_s:
            self.deadline = now + interval_s
            self._interval = interval_s

    def stir(self, now: float, longest_s: float) -> None:
        """Probe at ``longest_s`` from now at the latest: a little data flows."""
        if self._base is not None and (
            self.deadline is None or self.deadline > now + longest_s
        ):
            self.deadline = now + longest_s

    def round_trip(self, echo: FeedbackHead, now: float) -> float | None:
        """Return the round trip in seconds; None where no probe was heard.

        None, too, for times that have not come yet or are too long ago to be true:
        what is forged or replayed can claim only what a slow network might.
        """
        if not (echo.echo_s or echo.echo_us) or echo.echo_us >= 1_000_000:
            return None
        seconds, micros = self.stamp(now)
        whole = unwrap(seconds - echo.echo_s, 0, 32)
        trip = whole + (micros - echo.echo_us) / 1e6
        return max(0.0, trip) if -_EARLY_S <= trip <= LONGEST_S else None
