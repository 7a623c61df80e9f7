"""What a full queue has dropped in favour of newer messages (docs/messages.md §5.5)."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

__all__ = ["Dropped", "News"]

_MOST_RUNS = 1024


class News(NamedTuple):
    """What was dropped since this was last asked for."""

    messages: int
    first: int
    """The lowest sequence of those that nobody will have."""


class Dropped:
    """Counts messages, and knows the latest ones by their sequences."""

    def __init__(self) -> None:
        self.messages = 0
        """All together."""
        self._news: News | None = None
        self._runs: deque[tuple[int, int]] = deque(maxlen=_MOST_RUNS)

    def __contains__(self, sequence: int) -> bool:
        """Return whether a message was dropped, as far back as that is known."""
        return any(first <= sequence < after for first, after in self._runs)

    def note(self, first: int, after: int, *, oldest: int | None = None) -> None:
        """Count messages from a sequence to before another one.

        They may stand for others from the ``oldest`` on.
        """
        self.messages += after - first
        oldest = first if oldest is None else oldest
        news = self._news or News(0, oldest)
        self._news = News(news.messages + after - first, min(news.first, oldest))
        if self._runs and self._runs[-1][1] == first:
            first, _ = self._runs.pop()
        self._runs.append((first, after))

    def take(self) -> News | None:
        """Return what is news, once."""
        news, self._news = self._news, None
        return news
