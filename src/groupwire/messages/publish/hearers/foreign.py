"""Who receives and has not said that it is here (docs/messages.md §5.2)."""

from __future__ import annotations

from collections import OrderedDict

from groupwire.messages.members import Member
from groupwire.values import Origin

__all__ = ["Foreign"]

_MOST_FOREIGN = 64
"""One is enough to be considerate."""
_FORGET_AFTER_S = 60.0
"""Without feedback: who receives gives some now and then, and who forged it pays."""


class Foreign:
    """Knows who gives feedback, by address and node, and when it did so last."""

    def __init__(self) -> None:
        self._heard: OrderedDict[tuple[Origin, int], float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._heard)

    def hear(self, origin: Origin, node: int, now: float) -> None:
        """Take in that somebody gives feedback who is no member."""
        self._heard[origin, node] = now
        self._heard.move_to_end((origin, node))
        if len(self._heard) > _MOST_FOREIGN:
            self._heard.popitem(last=False)

    def discard(self, member: Member) -> None:
        """Note that one of them has said who it is."""
        self._heard.pop((member.origin, member.node), None)

    def expire(self, now: float) -> None:
        """Forget those that were not heard for long."""
        heard = self._heard
        while heard and next(iter(heard.values())) + _FORGET_AFTER_S <= now:
            heard.popitem(last=False)
