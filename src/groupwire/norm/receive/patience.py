"""When to give up asking a sender that is there and does not answer."""

from __future__ import annotations

__all__ = ["Patience"]


class Patience:
    """Ends when ``most`` questions, over a long time, have brought nothing new."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.asked = 0
        """Questions since something came."""
        self._forgiven = 0
        self._hoped = False
        self._since = 0.0

    def answered(self) -> None:
        """Note that something came."""
        self.asked = self._forgiven = 0
        self._hoped = False

    def hope(self) -> None:
        """Note a sign of life after silence: what was asked meanwhile, nobody heard.

        Once, half of the questions are left then, however many there were.
        """
        if self.asked and not self._hoped:
            self._hoped = True
            self.asked = min(self.asked, self._most // 2)
        self._forgiven = self.asked

    @property
    def in_vain(self) -> int:
        """Questions but the latest that somebody may have heard and left unanswered."""
        return max(0, self.asked - self._forgiven - 1)

    def over(self, now: float, silence_s: float) -> bool:
        """Count a question; True if it is useless.

        ``silence_s`` is how long the sender may be silent: so many of them have to pass
        as there are questions.
        """
        if not self.asked:
            self._since = now
        self.asked += 1
        return self.asked > self._most and now - self._since >= self._most * silence_s
