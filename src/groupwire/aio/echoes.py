"""Which datagrams are our own, looped back by the system."""

from __future__ import annotations

from collections import deque
from math import inf

__all__ = ["OwnPorts"]

_ECHO_S = 1.0


class OwnPorts:
    """The local ports that a peer sends from, and has just sent from.

    A port that is forgotten counts for a second more: what was sent from it may still
    wait to be read. Later it may be somebody else's.
    """

    def __init__(self) -> None:
        self.until: dict[int, float] = {}
        """When each port stops to be ours; ``inf`` while we have it."""
        self._leaving: deque[int] = deque()

    def note(self, port: int) -> None:
        """Take what comes from this port for our own."""
        self.until[port] = inf

    def forget(self, port: int, *, now: float) -> None:
        """Do so no longer, a second from now."""
        if port not in self.until:
            return
        self.until[port] = now + _ECHO_S
        leaving = self._leaving
        leaving.append(port)
        while leaving and self.until.get(leaving[0], 0) <= now:
            self.until.pop(leaving.popleft(), None)
