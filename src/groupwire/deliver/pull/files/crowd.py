"""Objects that wait because nothing more can be opened at the moment."""

from __future__ import annotations

from groupwire.norm.receive.events import SenderKey

__all__ = ["Crowd"]

_AGAIN_S = 0.2
"""It is tried again after so long, or as soon as a file of ours is closed."""


class Crowd:
    """Whose objects they are, and when they are looked at again."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self._waiting: dict[SenderKey, None] = {}

    def add(self, key: SenderKey) -> None:
        """Have objects of a sender looked at again."""
        self._waiting[key] = None

    def arm(self, now: float) -> None:
        """Say when, if any wait."""
        if self._waiting and self.deadline is None:
            self.deadline = now + _AGAIN_S

    def take(self) -> list[SenderKey]:
        """Return all that wait, for something has been closed."""
        waiting = list(self._waiting)
        self._waiting.clear()
        self.deadline = None
        return waiting

    def due(self, now: float) -> list[SenderKey]:
        """Return them if it is time."""
        due = self.deadline is not None and self.deadline <= now
        return self.take() if due else []
