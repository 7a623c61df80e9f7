"""What to believe of a sender that seems to have sent thousands of objects unheard."""

from __future__ import annotations

__all__ = ["Leaps"]


class Leaps:
    """Believes a leap beyond all that is kept when it is heard twice in a row.

    One wrong bit of an object id would else be the loss of all that is under way.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._last: int | None = None

    def doubts(self, number: int, highest: int) -> bool:
        """Take an object's number in; False if it is to be believed."""
        if number - highest < self._most:
            self._last = None
            return False
        believed = self._last is not None and abs(number - self._last) < self._most
        self._last = None if believed else number
        return not believed
