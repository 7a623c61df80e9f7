"""Runs of senders that a receiver follows no more."""

from __future__ import annotations

from collections import OrderedDict

from groupwire.norm.receive.events import SenderKey

__all__ = ["Bygone"]


class Bygone:
    """Remembers the latest runs, so that nothing of them is ever delivered twice.

    And of the latest how often they were heard, so that a sender that is heard again
    and again does not yield to strangers for ever.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._runs: OrderedDict[SenderKey, int | None] = OrderedDict()
        self._met: OrderedDict[SenderKey, int] = OrderedDict()

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

    def met(self, key: SenderKey, heard: int) -> None:
        """Remember how many datagrams of a run were heard."""
        self._met[key] = heard
        self._met.move_to_end(key)
        while len(self._met) > self._most:
            self._met.popitem(last=False)

    def heard(self, key: SenderKey) -> int:
        """Return how many datagrams of a run were heard before, 0 if it is new."""
        return self._met.get(key, 0)
