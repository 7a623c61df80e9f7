"""A hundred thousand receivers that all miss the same: the feedback part alone."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from random import Random

from groupwire.norm.receive.nacker import Nacker
from groupwire.norm.repair.state import Need, RepairState

__all__ = ["Crowd"]


class Crowd:
    """Receivers at one distance from each other, each with its own waiting time.

    ``silenced_after_s`` is how long a NACK takes until all others know of it: the way
    through the network when NACKs are multicast, a whole round trip when they go to
    the sender, who tells the group.
    """

    def __init__(self, size: int, rng: Random) -> None:
        self._size = size
        self._rng = rng

    def nacks(
        self, *, grtt_s: float, backoff: int, members: int, silenced_after_s: float
    ) -> int:
        """Return how many of them ask when all miss the same packet at once."""
        need = Need(0, 0, False, 0, 0, 1)
        needs = RepairState()
        needs.add(need)
        waiting: list[tuple[float, int, Nacker]] = []
        for number in range(self._size):
            nacker = Nacker(self._rng)
            nacker.start(0.0, grtt_s, backoff, members)
            waiting.append((nacker.deadline or 0.0, number, nacker))
        heapify(waiting)
        known_at: list[float] = []
        asked = 0
        while waiting:
            now, _, nacker = heappop(waiting)
            if known_at and known_at[0] <= now:
                nacker.heard.add(need)
            if nacker.silenced(needs):
                break  # and so are all whose time comes later
            asked += 1
            heappush(known_at, now + silenced_after_s)
        return asked
