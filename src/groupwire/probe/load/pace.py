"""How many datagrams are due, and when the next is."""

from __future__ import annotations

__all__ = ["Pace"]

_CATCH_UP_S = 0.01
"""What was missed longer ago is not made up for: it would be a burst nobody wanted."""


class Pace:
    """Datagrams of one size at a rate in bits of payload per second.

    Times are seconds from the beginning.
    """

    def __init__(self, bits_per_s: float, size_bytes: int) -> None:
        self._distance = size_bytes * 8 / bits_per_s
        self._next = 0.0
        self.late = 0
        """Datagrams that were not sent because this machine could not keep up."""

    @property
    def due_s(self) -> float:
        """When the next one is to leave."""
        return self._next

    @property
    def distance_s(self) -> float:
        """From one to the next."""
        return self._distance

    def take(self, elapsed_s: float, most: int) -> int:
        """Return how many are to leave now, at most so many."""
        behind = elapsed_s - self._next
        if behind < 0:
            return 0
        slack = max(_CATCH_UP_S, self._distance)
        if behind > slack:
            missed = int((behind - slack) / self._distance)
            self.late += missed
            self._next += missed * self._distance
        due = min(int((elapsed_s - self._next) / self._distance) + 1, most)
        self._next += due * self._distance
        return due
