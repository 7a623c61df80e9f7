"""NORM senders that nobody has introduced: asked for who they are (docs §4.1)."""

from __future__ import annotations

from groupwire.values import Origin

__all__ = ["RunKey", "Unknown"]

RunKey = tuple[Origin, int, int]
"""Address, node and instance of a NORM sender."""
_MOST = 64
_ASK_AFTER_S = (0.05, 0.2, 0.35)
"""Since it was heard first: mostly it speaks by itself before."""
_FOREIGN_AFTER_S = 0.5


class _Asked:
    __slots__ = ("since", "times")

    def __init__(self, since: float) -> None:
        self.since = since
        self.times = 0

    @property
    def due(self) -> float:
        """When to ask again, or to ask no more."""
        waits = (*_ASK_AFTER_S, _FOREIGN_AFTER_S)
        return self.since + waits[self.times]


class Unknown:
    """Senders under question; who does not answer is foreign."""

    def __init__(self) -> None:
        self._asked: dict[RunKey, _Asked] = {}

    def hear(self, key: RunKey, now: float) -> bool:
        """Note that a stranger was heard; False where too many are under question."""
        if key not in self._asked:
            if len(self._asked) >= _MOST:
                return False
            self._asked[key] = _Asked(now)
        return True

    def forget(self, key: RunKey) -> None:
        """Ask no more, because it is known."""
        self._asked.pop(key, None)

    def due(self, now: float) -> tuple[list[RunKey], list[RunKey]]:
        """Return who is to be asked now, and who is foreign."""
        ask: list[RunKey] = []
        foreign: list[RunKey] = []
        for key, asked in list(self._asked.items()):
            if asked.due > now:
                continue
            if asked.times == len(_ASK_AFTER_S):
                del self._asked[key]
                foreign.append(key)
            else:
                asked.times += 1
                ask.append(key)
        return ask, foreign

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        return min((asked.due for asked in self._asked.values()), default=None)
