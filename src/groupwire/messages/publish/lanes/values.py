"""The last message of each topic, for who comes late (docs/messages.md §4.3)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

from groupwire.messages.delivery import Delivery
from groupwire.messages.topics import Patterns

__all__ = ["LastValues", "Value"]

_MOST_TOPICS = 1024
_MOST_BYTES = 16 << 20
_MOST_PATTERNS = 256
"""That are waited for at a time; with more, all topics are sent."""
_APART_S = 0.2
_SOON_S = 0.02
"""For so long others may ask, too."""


class Value(NamedTuple):
    """The last message of a topic."""

    topic: str
    delivery: Delivery
    sequence: int
    payload: bytes


class LastValues:
    """Keeps what was sent last, the oldest is forgotten first."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        """When those who asked are to be answered."""
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._bytes = 0
        self._wanted: dict[str, None] = {}
        self._sent_at = float("-inf")

    def note(
        self, topic: str, delivery: Delivery, sequence: int, payload: bytes
    ) -> None:
        """Keep a topic's last message."""
        before = self._values.pop(topic, None)
        if before is not None:
            self._bytes -= len(before.payload)
        self._values[topic] = Value(topic, delivery, sequence, payload)
        self._bytes += len(payload)
        while len(self._values) > _MOST_TOPICS or self._bytes > _MOST_BYTES:
            _, gone = self._values.popitem(last=False)
            self._bytes -= len(gone.payload)

    def want(self, patterns: tuple[str, ...], now: float) -> None:
        """Note what somebody wants to have."""
        self._wanted.update(dict.fromkeys(patterns))
        if len(self._wanted) > _MOST_PATTERNS:
            self._wanted = {"#": None, "$SYS/#": None}
        if self.deadline is None:
            self.deadline = max(now + _SOON_S, self._sent_at + _APART_S)

    def due(self, now: float) -> Iterator[Value]:
        """Iterate over what is to be sent now; each only once for all who asked."""
        if self.deadline is None or self.deadline > now:
            return
        patterns = Patterns(self._wanted)
        self._wanted.clear()
        self.deadline, self._sent_at = None, now
        for value in list(self._values.values()):
            if patterns.matches(value.topic):
                yield value
