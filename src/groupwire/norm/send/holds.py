"""What a sender keeps although it wants to go on, because it may be asked for."""

from __future__ import annotations

from collections.abc import Hashable

__all__ = ["Holds"]


class Holds:
    """Remembers when things were sent first, and when they last were sent or asked for.

    A thing is held for a span after it was touched, and at most ``most`` times that
    after it was sent first: who asks in vain for ever holds nothing up for ever.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._touched: dict[Hashable, tuple[float, float]] = {}
        """When first, when last."""

    def touch(self, thing: Hashable, now: float) -> None:
        """Hold something from now on."""
        first, _ = self._touched.get(thing, (now, now))
        self._touched[thing] = first, now

    def held(self, thing: Hashable, now: float, span_s: float) -> bool:
        """Return whether something is not to be given up yet."""
        first, last = self._touched.get(thing, (-1e9, -1e9))
        return now < last + span_s and now < first + self._most * span_s

    def forget(self, thing: Hashable) -> None:
        """Hold something no more, because it is gone."""
        self._touched.pop(thing, None)
