"""Runs of senders that a receiver follows no more."""

from __future__ import annotations

from collections import OrderedDict

from groupwire.norm.receive.events import SenderKey

__all__ = ["Bygone"]


class Bygone:
    """Remembers the latest runs, so that nothing of them is ever delivered twice."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._runs: OrderedDict[SenderKey, int | None] = OrderedDict()

    def add(self, key: SenderKey, resume: int | None) -> None:
        """Remember a run, and the first object still wanted of it; None for none."""
        self._runs[key] = resume
        self._runs.move_to_end(key)
        while len(self._runs) > self._most:
            self._runs.popitem(last=False)

    def over(self, key: SenderKey) -> bool:
        """Return whether nothing is wanted of a run any more."""
        return key in self._runs and self._runs[key] is None

    def resume(self, key: SenderKey) -> int | None:
        """Return the first object wanted of a run; None where all are."""
        return self._runs.get(key)
