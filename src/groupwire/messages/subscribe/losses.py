"""Tells publishers what is lacking of theirs, a few times (docs §5.4)."""

from __future__ import annotations

from collections.abc import Iterator

from groupwire.messages.subscribe.source import Source

__all__ = ["Losses"]

_AFTER_S = (0.0, 0.2, 0.4)
_APART_S = 0.05
"""Between two words to one publisher, where what is lacking changes quickly."""


class _Told:
    __slots__ = ("lacks", "next_at", "said_at", "times")

    def __init__(self) -> None:
        self.lacks: tuple[int, ...] = ()
        self.times = 0
        self.next_at = 0.0
        self.said_at: float | None = None


class Losses:
    """Remembers what each publisher has been told."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        """When to tell somebody again."""
        self._told: dict[Source, _Told] = {}

    def hurry(self) -> None:
        """Look soon whether there is something to be told."""
        if self.deadline is None:
            self.deadline = 0.0

    def due(self, sources: Iterator[Source], now: float) -> Iterator[Source]:
        """Iterate over those whose publishers are to be told now."""
        deadlines: list[float] = []
        before, self._told = self._told, {}
        for source in sources:
            lacks = source.lacks
            if not any(lacks):
                continue
            told = self._told[source] = before.get(source) or _Told()
            if told.lacks != lacks and source.news:
                # At once: what lies behind it is acknowledged soon.
                apart = now if told.said_at is None else told.said_at + _APART_S
                told.times, told.next_at = 0, max(now, apart)
            elif told.lacks != lacks and told.times in {0, len(_AFTER_S)}:
                told.times, told.next_at = 0, max(now, told.next_at)
            if told.times < len(_AFTER_S) and told.next_at <= now:
                told.times += 1
                told.said_at = now
                told.lacks = lacks
                told.next_at = now + _AFTER_S[min(told.times, len(_AFTER_S) - 1)]
                yield source
            if told.times < len(_AFTER_S) or told.lacks != lacks:
                deadlines.append(told.next_at)
        self.deadline = min(deadlines, default=None)
