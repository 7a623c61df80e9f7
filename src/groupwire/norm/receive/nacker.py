"""When to ask for repair: random back-off, suppression, hold-off (RFC 5740 §5.3).

This is the feedback part alone, without what it asks for: a hundred thousand of them
fit into a simulation.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from random import Random

from groupwire.norm.backoff import random_backoff
from groupwire.norm.repair.state import Need, RepairState

__all__ = ["NackPhase", "Nacker"]


class NackPhase(Enum):
    """Where a receiver is in its cycle of asking."""

    IDLE = auto()
    WAITING = auto()
    """Drawn by lot; who hears others ask for the same stays silent."""
    HOLDING = auto()
    """Has asked or was silenced, and gives the sender time to answer."""


class Nacker:
    """The cycle of one receiver towards one sender."""

    __slots__ = ("_heard", "_least", "_rng", "deadline", "phase")

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.phase = NackPhase.IDLE
        self.deadline: float | None = None
        self._least = 0.0
        self._heard: RepairState | None = None

    def start(self, now: float, grtt_s: float, backoff: int, members: int) -> None:
        """Begin a cycle: something is lacking."""
        self.phase = NackPhase.WAITING
        self._heard = None
        wait = 0.0
        if backoff:
            wait = random_backoff(backoff * grtt_s, members, self._rng)
        self.deadline = now + wait

    @property
    def heard(self) -> RepairState:
        """What others have asked for in this cycle."""
        if self._heard is None:
            self._heard = RepairState()
        return self._heard

    def silenced(self, needs: Iterable[Need]) -> bool:
        """Return whether others have asked for all of this (RFC 5401 §3.2.2)."""
        return self._heard is not None and self._heard.covers(needs)

    def hold(
        self, now: float, grtt_s: float, backoff: int, *, in_vain: int = 0
    ) -> None:
        """Ask no more for as long as the sender may need to answer.

        That is twice as long after each cycle ``in_vain`` but the first, up to 64 times
        or a second: whoever is not heard need not be loud.
        """
        hold = (backoff + 2) * grtt_s
        longer = hold * 2 ** min(max(0, in_vain - 1), 6)
        self._least = now + hold
        self.phase = NackPhase.HOLDING
        self.deadline = now + max(hold, min(longer, 1.0))

    def waken(self, now: float) -> None:
        """Hold no longer than the sender needs, because it shows signs of life."""
        if self.phase is NackPhase.HOLDING and self.deadline is not None:
            self.deadline = min(self.deadline, max(now, self._least))

    def quicken(self, now: float, ratio: float) -> None:
        """Shorten what is left of a wait, because the group's round trip has fallen.

        A sender may begin with seconds and know better at its first probe.
        """
        if self.deadline is not None:
            self.deadline = now + max(0.0, self.deadline - now) * ratio

    def rest(self) -> None:
        """End the cycle."""
        self.phase = NackPhase.IDLE
        self.deadline = None
