"""How far another machine's clock is off, and how sure that is (RFC 5905 section 8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ClockOffset", "Exchange", "best_offset"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer; seconds since the epoch, each by its own clock."""

    asked: float
    heard: float
    """When the other machine had the question, by its clock."""
    answered: float
    """When the answer left there, by its clock."""
    back: float

    @property
    def round_trip_s(self) -> float:
        """On the way there and back, without the time that the other one took."""
        return (self.back - self.asked) - (self.answered - self.heard)


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The other clock shows this much more than ours, give or take ``error_s``."""

    offset_s: float
    error_s: float
    """Half a round trip: how unlike both ways may be at most."""


def best_offset(exchanges: Iterable[Exchange]) -> ClockOffset | None:
    """Return what the quickest exchange says, the surest; None without any."""
    quickest = min(exchanges, key=lambda each: each.round_trip_s, default=None)
    if quickest is None:
        return None
    there = quickest.heard - quickest.asked
    back = quickest.back - quickest.answered
    return ClockOffset((there - back) / 2, max(quickest.round_trip_s, 0.0) / 2)
