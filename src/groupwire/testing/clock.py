"""Virtual time: it jumps to whatever is due next, and nothing else passes."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

__all__ = ["Clock"]


class Clock:
    """Calls what is due, in the order of time; what is due together, as it was asked.

    ``now`` is in seconds and begins at 0.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._asked = 0

    def at(self, time_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call something later; a time that has passed is now."""
        self._asked += 1
        heappush(self._due, (time_s, self._asked, call, arguments))

    @property
    def next_due(self) -> float | None:
        """When something is due, None for never."""
        return self._due[0][0] if self._due else None

    def step(self) -> bool:
        """Jump to what is due next and do it; False if nothing will ever be due."""
        if not self._due:
            return False
        time_s, _, call, arguments = heappop(self._due)
        if time_s > self.now:
            self.now = time_s
        call(*arguments)
        return True

    def run(self, until: float, *, done: Callable[[], bool] | None = None) -> bool:
        """Do all that is due up to a time, or until ``done`` says so: then True.

        Afterwards it is ``until``, unless ``done`` ended it before.
        """
        while self._due and self._due[0][0] <= until:
            self.step()
            if done is not None and done():
                return True
        self.now = max(self.now, until)
        return False
