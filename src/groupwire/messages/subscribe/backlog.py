"""What a subscriber's program has not taken yet: a queue of events, in order.

Of a topic that is delivered as ``latest`` only the newest message waits: who is slow
gets that one, where the first of them stood.
"""

from __future__ import annotations

from collections import deque

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch, NotTaken, SubscribeEvent
from groupwire.messages.members import Member

__all__ = ["Backlog"]

_MOST_OTHERS = 10_000
"""Events that are no messages: strangers may come and go as often as they like."""

_Key = tuple[int, str]
_Place = tuple[int, Delivery]


class _Dropped:
    """Messages of one publisher that were dropped here, one behind the other."""

    __slots__ = ("delivery", "messages", "publisher")

    def __init__(self, publisher: Member, delivery: Delivery) -> None:
        self.publisher = publisher
        self.delivery = delivery
        self.messages = 0


class Backlog:
    """Holds events until the program takes them.

    ``put`` returns how many bytes are waited for no more: they go back to the core by
    ``taken``, as do those of each batch that is popped. With ``limit_bytes`` the oldest
    batches make room for newer ones, or the newest are dropped; one is always taken.
    """

    def __init__(
        self, limit_bytes: int | None = None, *, drop_oldest: bool = False
    ) -> None:
        self.superseded = 0
        """Messages that were never taken, as a newer one of their topic came."""
        self.dropped = 0
        """Messages for which there was no room."""
        self.lost_events = 0
        """Events for which there was no room."""
        self._limit = limit_bytes
        self._drop_oldest = drop_oldest
        self._events: deque[SubscribeEvent | _Key | _Dropped] = deque()
        self._latest: dict[_Key, Batch] = {}
        self._gone: dict[_Place, _Dropped] = {}
        """Where more that is dropped can be counted."""
        self._size = self._others = 0
        self._news: list[NotTaken] = []

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: SubscribeEvent) -> int:
        """Append an event; return the bytes of what it takes the place of."""
        if not isinstance(event, Batch):
            self._put_other(event)
            return 0
        latest = event.delivery is Delivery.LATEST
        if latest and (freed := self._supersede(event)):
            return freed
        freed = 0
        limit, size = self._limit, event.size_bytes
        if limit is not None and self._size and self._size + size > limit:
            if not self._drop_oldest:
                self._note(event)
                return size
            freed = self._make_room(limit - size)
        elif not self._drop_oldest:
            self._gone.pop((event.publisher.id, event.delivery), None)
        self._size += size
        if latest:
            key = event.publisher.id, event.topic
            self._latest[key] = event
            self._events.append(key)
        else:
            self._events.append(event)
        return freed

    def pop(self) -> SubscribeEvent:
        """Return the next event; IndexError where there is none."""
        event = self._events.popleft()
        if isinstance(event, tuple):
            event = self._latest.pop(event)
        elif isinstance(event, _Dropped):
            if self._gone.get(key := (event.publisher.id, event.delivery)) is event:
                del self._gone[key]
            return NotTaken(event.publisher, event.delivery, event.messages)
        if isinstance(event, Batch):
            self._size -= event.size_bytes
        else:
            self._others -= 1
        return event

    def poll_dropped(self) -> list[NotTaken]:
        """Return what was dropped, for its publishers; each only once."""
        news, self._news = self._news, []
        return news

    def _put_other(self, event: SubscribeEvent) -> None:
        if self._others >= _MOST_OTHERS:
            self.lost_events += 1
            return
        self._others += 1
        self._events.append(event)

    def _supersede(self, event: Batch) -> int:
        """Take the place of the one of its topic that waits; 0 where there is none."""
        key = event.publisher.id, event.topic
        before = self._latest.get(key)
        if before is None:
            return 0
        self._latest[key] = event
        self._size += event.size_bytes - before.size_bytes
        self.superseded += len(before.payloads)
        return before.size_bytes

    def _make_room(self, most: int) -> int:
        """Drop the oldest batches until no more bytes than these are left."""
        freed = index = 0
        events = self._events
        while self._size - freed > most and index < len(events):
            event = events[index]
            if isinstance(event, tuple):
                event = self._latest.pop(event)
            if not isinstance(event, Batch):
                index += 1
                continue
            freed += event.size_bytes
            if (dropped := self._note(event, index)) is not None:
                events[index] = dropped
                index += 1
            else:
                del events[index]
        self._size -= freed
        return freed

    def _note(self, batch: Batch, index: int | None = None) -> _Dropped | None:
        """Count what is dropped; return the place for it where it is a new one."""
        publisher, delivery, count = (
            batch.publisher,
            batch.delivery,
            len(batch.payloads),
        )
        self.dropped += count
        self._news.append(NotTaken(publisher, delivery, count))
        place = publisher.id, delivery
        dropped = self._gone.get(place)
        new = dropped is None
        if dropped is None:
            dropped = self._gone[place] = _Dropped(publisher, delivery)
            if index is None:
                self._events.append(dropped)
        dropped.messages += count
        return dropped if new and index is not None else None
