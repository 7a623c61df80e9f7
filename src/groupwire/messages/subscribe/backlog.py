"""What a subscriber's program has not taken yet: a queue of events, in order.

Of a topic that is delivered as ``latest`` only the newest message waits: who is slow
gets that one, where the first of them stood.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Aside, Batch, NotTaken, SubscribeEvent
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
        self._count = 0
        """Of the next place: what has the lowest one comes out first."""
        self._batches: deque[tuple[int, Batch | _Key]] = deque()
        self._others: deque[tuple[int, Aside]] = deque()
        self._holes: list[tuple[int, _Dropped]] = []
        """A heap: where something was dropped, others may have been before."""
        self._latest: dict[_Key, Batch] = {}
        self._gone: dict[_Place, _Dropped] = {}
        """Where more that is dropped can be counted."""
        self._size = 0
        self._news: list[NotTaken] = []

    def __len__(self) -> int:
        return len(self._batches) + len(self._others) + len(self._holes)

    def put(self, event: SubscribeEvent) -> int:
        """Append an event; return the bytes of what it takes the place of."""
        if not isinstance(event, Batch):
            self._put_other(event)
            return 0
        latest = event.delivery is Delivery.LATEST
        key = event.publisher.id, event.topic
        if latest and (before := self._latest.get(key)) is not None:
            return self._supersede(key, before, event)
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
            self._latest[key] = event
        self._batches.append((self._next(), key if latest else event))
        return freed

    def pop(self) -> SubscribeEvent:
        """Return the next event; IndexError where there is none."""
        if (self._others or self._holes) and (aside := self._pop_aside()) is not None:
            return aside
        _, event = self._batches.popleft()
        if isinstance(event, tuple):
            event = self._latest.pop(event)
        self._size -= event.size_bytes
        return event

    def poll_dropped(self) -> list[NotTaken]:
        """Return what was dropped, for its publishers; each only once."""
        news, self._news = self._news, []
        return news

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _pop_aside(self) -> Aside | None:
        """Return the next event if it is no message."""
        batch, other, hole = (
            queue[0][0] if queue else self._count + 1
            for queue in (self._batches, self._others, self._holes)
        )
        if batch < min(other, hole):
            return None
        if other < hole:
            return self._others.popleft()[1]
        _, dropped = heappop(self._holes)
        key = dropped.publisher.id, dropped.delivery
        if self._gone.get(key) is dropped:
            del self._gone[key]
        return NotTaken(dropped.publisher, dropped.delivery, dropped.messages)

    def _put_other(self, event: Aside) -> None:
        if len(self._others) >= _MOST_OTHERS:
            self.lost_events += 1
            return
        self._others.append((self._next(), event))

    def _supersede(self, key: _Key, before: Batch, event: Batch) -> int:
        """Take the place of the one of a topic that waits, as far as there is room."""
        freed = before.size_bytes
        size = self._size - freed + event.size_bytes
        full = self._limit is not None and size > self._limit and self._size > freed
        if full and not self._drop_oldest:
            self._note(event)
            return event.size_bytes
        self._latest[key] = event
        self._size = size
        self.superseded += len(before.payloads)
        if full and self._limit is not None:
            freed += self._make_room(self._limit, kept=key)
        return freed

    def _make_room(self, most: int, *, kept: _Key | None = None) -> int:
        """Drop the oldest batches until no more bytes than these are left."""
        before = self._size
        spared: tuple[int, _Key] | None = None
        while self._size > most and self._batches:
            number, event = self._batches.popleft()
            if isinstance(event, tuple):
                if event == kept:
                    spared = number, event
                    continue
                event = self._latest.pop(event)
            self._size -= event.size_bytes
            self._note(event, number)
        if spared is not None:
            self._batches.appendleft(spared)
        return before - self._size

    def _note(self, batch: Batch, number: int | None = None) -> None:
        """Count what is dropped, where it stood: behind all where it never did."""
        publisher, delivery = batch.publisher, batch.delivery
        count = len(batch.payloads)
        self.dropped += count
        self._news.append(NotTaken(publisher, delivery, count))
        place = publisher.id, delivery
        dropped = self._gone.get(place)
        if dropped is None and len(self._holes) >= len(self._batches) + _MOST_OTHERS:
            self.lost_events += 1  # of a publisher one is behind each batch at most
            return
        if dropped is None:
            dropped = self._gone[place] = _Dropped(publisher, delivery)
            number = self._next() if number is None else number
            heappush(self._holes, (number, dropped))
        dropped.messages += count
