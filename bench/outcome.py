"""What a case has to tell: rows for the table, goals with what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .network import Network
from .stats import Summary

__all__ = ["Case", "Goal", "Outcome", "Row", "Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a case runs: on which wires, and whether it has to be quick."""

    network: Network
    quick: bool

    def pick(self, full: int, quick: int) -> int:
        """Return a count: ``full`` for the record, ``quick`` for a look."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a case's table; ``ours`` marks what is measured against the rest."""

    label: str
    value: Summary
    unit: str
    note: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise and what was measured; a missed one is told, never raised."""

    text: str
    limit: float
    measured: Summary
    unit: str = "x"
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.at_least:
            return self.measured.median >= self.limit
        return self.measured.median <= self.limit


@dataclass(slots=True)
class Outcome:
    """All that one case found; ``curves``, where there are some, make its chart."""

    rows: list[Row] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    curves: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A named measurement; ``about`` is its paragraph in the documentation."""

    name: str
    title: str
    about: str
    run: Callable[[Settings], Outcome]
    axis: str = ""
