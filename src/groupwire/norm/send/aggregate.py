"""NACKs gathered into one answer (RFC 5740 §5.4.1): when to repair."""

from __future__ import annotations

from enum import Enum, auto

from groupwire.norm.repair.state import RepairState

__all__ = ["Aggregation", "Phase"]

_MOST_BLOCKS = 4096
"""That are counted: as many as a state of repair needs holds."""


class Phase(Enum):
    """Where a sender is in its repair cycle."""

    IDLE = auto()
    GATHERING = auto()
    """NACKs are added up."""
    HOLDING = auto()
    """Repairs have begun; of new NACKs only what lies ahead counts."""


class Aggregation:
    """Counts what receivers ask for from the first NACK of a cycle on."""

    def __init__(self) -> None:
        self.phase = Phase.IDLE
        self.deadline: float | None = None
        self.asked = RepairState()
        self.counts: dict[tuple[int, int], int] = {}
        """The most symbols that one receiver asked for, by object and block."""
        self.explicit: dict[tuple[int, int], int] = {}
        """Symbols that fresh parity will not replace."""

    def open(self, now: float, gather_s: float) -> None:
        """Begin a cycle with the first NACK."""
        if self.phase is Phase.IDLE:
            self.phase = Phase.GATHERING
            self.deadline = now + gather_s

    def hold(self, now: float, hold_s: float) -> None:
        """Begin to repair."""
        self.phase = Phase.HOLDING
        self.deadline = now + hold_s
        self.asked = RepairState()
        self.counts = {}
        self.explicit = {}

    def rest(self) -> None:
        """End the cycle."""
        self.phase = Phase.IDLE
        self.deadline = None

    def add_symbols(self, number: int, block: int, count: int, explicit: int) -> None:
        """Add what one receiver lacks of a block."""
        key = number, block
        if key not in self.counts and len(self.counts) >= _MOST_BLOCKS:
            return
        self.counts[key] = max(count, self.counts.get(key, 0))
        if explicit:
            self.explicit[key] = self.explicit.get(key, 0) | explicit
