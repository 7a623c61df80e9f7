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
        self._answered: dict[tuple[int, int], tuple[int, float]] = {}
        """What was sent of blocks lately, and until when that may be on its way."""

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

    def answered(self, number: int, block: int, now: float) -> int:
        """Return the symbols of a block that may be on their way."""
        symbols, until = self._answered.get((number, block), (0, now))
        return symbols if now < until else 0

    def answer(
        self, number: int, block: int, symbols: int, now: float, trip_s: float
    ) -> None:
        """Note what is sent of a block, or replaced by what is sent."""
        if len(self._answered) >= _MOST_BLOCKS:
            self._answered = {k: v for k, v in self._answered.items() if now < v[1]}
        key = number, block
        before, until = self._answered.get(key, (0, now))
        if now >= until:
            before, until = 0, now + trip_s
        if key in self._answered or len(self._answered) < _MOST_BLOCKS:
            self._answered[key] = before | symbols, until

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
