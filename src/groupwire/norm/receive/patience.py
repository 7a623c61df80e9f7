"""When to give up asking a sender that is there and does not answer."""

from __future__ import annotations

__all__ = ["Patience"]


class Patience:
    """Ends when ``most`` questions, over a long time, have brought nothing new."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.asked = 0
        """Questions since something came."""
        self._since = 0.0

    def answered(self) -> None:
        """Note that something came."""
        self.asked = 0

    def over(self, now: float, silence_s: float) -> bool:
        """Count a question; True if it is useless.

        ``silence_s`` is how long the sender may be silent: so many of them have to pass
        as there are questions.
        """
        if not self.asked:
            self._since = now
        self.asked += 1
        return self.asked > self._most and now - self._since >= self._most * silence_s
