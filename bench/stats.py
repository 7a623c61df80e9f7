"""Medians, spread and ratios; all that is said about a sample is said here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

__all__ = ["Samples", "Summary", "summarise"]


@dataclass(frozen=True, slots=True)
class Summary:
    """The median of ``count`` values and what lies round it.

    ``low`` and ``high`` are the 10th and 90th percentile, with fewer than ten values
    the smallest and the largest.
    """

    median: float
    low: float
    high: float
    count: int


class Samples:
    """What each variant measured in each round; rounds are what ratios pair."""

    def __init__(self) -> None:
        self._rounds: dict[str, list[list[float]]] = {}

    def add(self, variant: str, values: Iterable[float]) -> None:
        """Note what ``variant`` measured in one round."""
        self._rounds.setdefault(variant, []).append(list(values))

    def add_rounds(self, variant: str, rounds: Iterable[Iterable[float]]) -> None:
        """Note several rounds at once."""
        for values in rounds:
            self.add(variant, values)

    def variants(self) -> tuple[str, ...]:
        return tuple(self._rounds)

    def all(self, variant: str) -> list[float]:
        return [value for values in self._rounds[variant] for value in values]

    def of(self, variant: str) -> Summary:
        return summarise(self.all(variant))

    def ratio(self, variant: str, beside: str) -> Summary:
        """Compare round by round, so that a slow moment of the machine hits both."""
        pairs = zip(self._rounds[variant], self._rounds[beside], strict=True)
        return summarise(
            [median(own) / median(other) for own, other in pairs if own and other]
        )

    def difference(self, variant: str, beside: str) -> Summary:
        """Subtract round by round."""
        pairs = zip(self._rounds[variant], self._rounds[beside], strict=True)
        return summarise([median(own) - median(other) for own, other in pairs])


def summarise(values: Sequence[float]) -> Summary:
    """Return median and spread of ``values``."""
    if len(values) < 10:
        return Summary(median(values), min(values), max(values), len(values))
    tenths = quantiles(values, n=10, method="inclusive")
    return Summary(median(values), tenths[0], tenths[-1], len(values))
