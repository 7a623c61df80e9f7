"""What a subscriber's program has not taken yet: a queue of events, in order.

Of a topic that is delivered as ``latest`` only the newest message waits: who is slow
gets that one, where the first of them stood.
"""

from __future__ import annotations

from collections import deque

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch, SubscribeEvent

__all__ = ["Backlog"]

_Key = tuple[int, str]


class Backlog:
    """Holds events until the program takes them.

    ``put`` returns how many bytes are waited for no more: they go back to the core by
    ``taken``, as do those of each batch that is popped.
    """

    def __init__(self) -> None:
        self._events: deque[SubscribeEvent | _Key] = deque()
        self._latest: dict[_Key, Batch] = {}
        self.superseded = 0
        """Messages that were never taken, as a newer one of their topic came."""

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: SubscribeEvent) -> int:
        """Append an event; return the bytes of what it takes the place of."""
        if not isinstance(event, Batch) or event.delivery is not Delivery.LATEST:
            self._events.append(event)
            return 0
        key = event.publisher.id, event.topic
        before = self._latest.get(key)
        self._latest[key] = event
        if before is None:
            self._events.append(key)
            return 0
        self.superseded += len(before.payloads)
        return before.size_bytes

    def pop(self) -> SubscribeEvent:
        """Return the next event; IndexError where there is none."""
        event = self._events.popleft()
        if isinstance(event, tuple):
            return self._latest.pop(event)
        return event
