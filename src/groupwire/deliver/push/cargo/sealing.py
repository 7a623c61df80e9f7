"""Seals that wait to be sent, many in one object (docs/delivery.md §4.3)."""

from __future__ import annotations

from groupwire.deliver.seals import Seal

__all__ = ["Sealing"]

_BATCH = 64
_WAIT_S = 0.2
_LARGEST = 1024
"""Seals of one object, where they have to be said again."""


class Sealing:
    """Gathers seals until there are enough, or the first has waited long enough."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self._waiting: list[Seal] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, seal: Seal, *, now: float) -> None:
        """Let a seal wait for others; one that voids something does not wait."""
        self._waiting.append(seal)
        due = now if seal.sha256 is None else now + _WAIT_S
        self.deadline = due if self.deadline is None else min(due, self.deadline)

    def take(self, *, now: float, last: bool) -> tuple[Seal, ...]:
        """Return what is to be sent now; ``last`` where nothing more is to come soon.

        They still wait until :meth:`sent` says that there was room for them.
        """
        due = self.deadline is not None and self.deadline <= now
        if self._waiting and (last or due or len(self._waiting) >= _BATCH):
            return tuple(self._waiting[:_LARGEST])
        return ()

    def sent(self, count: int) -> None:
        """Forget the first seals: they are on their way."""
        del self._waiting[:count]
        if not self._waiting:
            self.deadline = None
