"""What to believe of a sender that contradicts itself."""

from __future__ import annotations

from groupwire.norm.wire.extensions import ObjectInfo

__all__ = ["Claims"]


class Claims:
    """Believes a contradiction when it is heard twice in a row."""

    def __init__(self) -> None:
        self._last: tuple[int, ObjectInfo] | None = None

    def agreed(self) -> None:
        """Note that the sender said the same as before."""
        self._last = None

    def doubts(self, number: int, fti: ObjectInfo) -> bool:
        """Take another FTI of an object in; False if it is to be believed."""
        claim = number, fti
        believed = claim == self._last
        self._last = None if believed else claim
        return not believed
