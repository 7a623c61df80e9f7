"""What is still current of each topic: objects that a newer message cancels (docs §3).

While NORM has enough to send, newer messages take the place of those that wait: a slow
network has the newest of each topic, and no queue of old ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from groupwire.errors import UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.frames import (
    MAX_MESSAGE_BYTES,
    MAX_SHARED_BYTES,
    encode_frame,
)
from groupwire.messages.publish.hearers.readers import Mark, Readers
from groupwire.messages.publish.lanes.batch import EACH_BYTES, Dropped, check_size
from groupwire.messages.publish.lanes.budget import Budget
from groupwire.messages.publish.lanes.values import LastValues, Value
from groupwire.messages.rules import PublishRules
from groupwire.messages.topics import checked_topic
from groupwire.norm import Sender
from groupwire.norm.send.events import (
    NodeAcknowledged,
    ObjectPurged,
    ObjectSent,
    RoomFreed,
    SenderEvent,
    WatermarkEnded,
)
from groupwire.norm.send.polls import AckStatus

__all__ = ["LatestLane"]

_MOST_VALUES, _VALUES_SHARE = 256, 4
"""Objects with last values that are kept for repair, and their share of the window: no
more of them, as they would push out what is current."""
_MOST_STALE = 256
"""Objects that are kept though nothing in them is current."""
_LAGGING_AGAIN_S = 1.0
"""How often who lags is asked."""
_EFFORT_BYTES = 320
"""What taking a message counts beside its bytes where it is its time that counts."""
_MOST_UNSENT = 2
"""Objects: enough that NORM never waits for us. What is on its way goes there, though
something newer waits: else a slow network would have beginnings only."""


class _Waiting(NamedTuple):
    raw: bytes
    payload: bytes
    sequence: int
    first: int
    """Of the messages of its topic since one was sent: this one stands for all."""


class LatestLane:
    """Sends the newest message of each topic; places are counts of objects."""

    def __init__(
        self,
        rules: PublishRules,
        values: LastValues,
        make: Callable[[Delivery], Sender],
    ) -> None:
        self.delivery = Delivery.LATEST
        self.readers = Readers(rules.patience_s, rules.segment_bytes)
        self.norm: Sender | None = None
        self.sequence = 0
        self.queued_bytes = self.payload_bytes = self.effort_bytes = 0
        self.superseded = 0
        """Messages that were never sent."""
        self.dropped = Dropped()
        self.skipped = 0
        """None ever: what is newer takes the place of what is not sent."""
        self.since: float | None = None
        self.limit = rules.queue_bytes
        self.drop_oldest = rules.drop_oldest
        self._values = values
        self._make = make
        self._waiting: dict[str, _Waiting] = {}
        self._objects: dict[str, int] = {}
        """The object with the newest message of each topic."""
        self._topics: dict[int, set[str]] = {}
        """What is still current in each object."""
        self._unsent: set[int] = set()
        self._stale: list[int] = []
        """Objects to be cancelled."""
        self._late: dict[str, Value] = {}
        """Last values that are to be sent."""
        self._values_next = True
        self._budget = Budget()
        """For last values."""
        self._kept_values: deque[tuple[int, int]] = deque()
        """Objects with last values, and their sizes."""
        self._kept_bytes = 0
        self._values_limit = rules.window_bytes // _VALUES_SHARE
        self._newest = -1
        self._marked = -1
        """The object up to which somebody is asked for: all are kept until then."""
        self._place = self._wanted = 0
        self._lagging_at = 0.0
        """When to ask who lags again."""

    @property
    def room_bytes(self) -> int:
        """How much is taken now; one message of any size by an empty queue."""
        if not self.queued_bytes:
            return max(self.limit, MAX_MESSAGE_BYTES + EACH_BYTES)
        return max(0, self.limit - self.queued_bytes)

    def add(self, topic: str, payload: bytes, now: float) -> bool:
        """Take a message, in the place of one of its topic that waits."""
        size = len(payload)
        check_size(size)
        before = self._waiting.get(topic)
        freed = 0 if before is None else len(before.payload) + EACH_BYTES
        queued = self.queued_bytes - freed + size + EACH_BYTES
        raw = checked_topic(topic) if before is None else before.raw
        if queued > self.limit and self.queued_bytes > freed:
            if not self.drop_oldest:
                raise QueueFull(size + EACH_BYTES, self.limit - self.queued_bytes)
            queued -= self._make_room(queued - self.limit, topic)
        first = self.sequence if before is None else before.first
        self.superseded += before is not None
        self._waiting[topic] = _Waiting(raw, payload, self.sequence, first)
        self.queued_bytes = queued
        self.effort_bytes += size + _EFFORT_BYTES
        self.sequence += 1
        if self.since is None:
            self.since = now
        return False

    def _make_room(self, excess: int, topic: str) -> int:
        """Drop what waits longest, of other topics; return how much that was."""
        freed, gone = 0, list[str]()
        for other, waiting in self._waiting.items():
            if freed >= excess:
                break
            if other != topic:
                freed += len(waiting.payload) + EACH_BYTES
                gone.append(other)
        for other in gone:
            waiting = self._waiting.pop(other)
            number = waiting.sequence
            self.dropped.note(number, number + 1, oldest=waiting.first)
        return freed

    def flush(self, now: float) -> bool:
        """Send what waits, as far as NORM has not enough to send already.

        Last values take turns with what is new, so that neither waits for ever. True if
        a turn is to follow.
        """
        if not self._waiting and not self._late:
            return False
        self.since = self._budget.deadline = None
        while len(self._unsent) < _MOST_UNSENT:
            may = self._may_send_late(now)
            if not may and not self._waiting:
                break
            late = may and (self._values_next or not self._waiting)
            if not (self._send_late(now) if late else self._send_new(now)):
                break
            self._values_next = not late
        return True

    def _may_send_late(self, now: float) -> bool:
        """Return whether last values wait, and may be sent now."""
        if not self._late:
            return False
        rate = 0.0 if self.norm is None else self.norm.rate_bytes_per_s
        return self._budget.allows(now, rate)

    def _send_new(self, now: float) -> bool:
        frames = (
            (topic, encode_frame(self.delivery, raw, sequence, [payload]))
            for topic, (raw, payload, sequence, _) in self._waiting.items()
        )
        topics, data = _shared(frames)
        if not self._send(data, topics, now):
            return False
        for topic in topics:
            self._forget_waiting(topic)
        return True

    def send_values(self, values: Iterable[Value], now: float) -> None:
        """Send the last values of topics, for who comes late."""
        self._late.update((value.topic, value) for value in values)
        self.flush(now)

    def _send_late(self, now: float) -> bool:
        frames = (
            (topic, encode_frame(of, topic.encode(), number, [data], last_value=True))
            for topic, of, number, data in self._late.values()
        )
        topics, data = _shared(frames)
        if not self._send(data, (), now):
            return False
        self._budget.spend(len(data))
        for topic in topics:
            del self._late[topic]
        return True

    def _forget_waiting(self, topic: str) -> None:
        _, payload, sequence, _ = self._waiting.pop(topic)
        self.queued_bytes -= len(payload) + EACH_BYTES
        self.payload_bytes += len(payload)
        self._values.note(topic, self.delivery, sequence, payload)

    def _send(self, data: bytes, topics: Iterable[str], now: float) -> bool:
        """Hand an object to NORM; False where it has no room for it.

        Without topics it holds last values, and some later ones cancel it.
        """
        norm = self.norm = self.norm or self._make(self.delivery)
        try:
            number = norm.send_object(data, now=now)
        except UsageError:
            return False
        self._place += 1
        self._newest = number
        self._unsent.add(number)
        for topic in topics:
            self._supersede(topic)
            self._objects[topic] = number
        if topics:
            self._topics[number] = set(topics)
        else:
            self._keep_values(number, len(data))
        self._drain()
        self._cancel(now)
        return True

    def _keep_values(self, number: int, size: int) -> None:
        """Note an object with last values, and that there are too many of them."""
        kept = self._kept_values
        kept.append((number, size))
        self._kept_bytes += size
        while len(kept) > 1 and (
            len(kept) > _MOST_VALUES or self._kept_bytes > self._values_limit
        ):
            gone, gone_bytes = kept.popleft()
            self._kept_bytes -= gone_bytes
            self._stale.append(gone)

    def _supersede(self, topic: str) -> None:
        """Note that the object before has one current topic less."""
        number = self._objects.pop(topic, None)
        if number is None:
            return
        current = self._topics[number]
        current.discard(topic)
        if not current and number not in self._unsent:
            self._stale.append(number)

    def _cancel(self, now: float) -> None:
        """Cancel objects in which nothing is current any more.

        But none that somebody is asked for: who has not got it would count as having
        something newer, which lies behind the watermark.
        """
        if not self._stale or self.norm is None:
            return
        kept = [number for number in self._stale if number <= self._marked]
        kept = sorted(kept)[-_MOST_STALE:]
        stale, self._stale = set(self._stale).difference(kept), kept
        for number in sorted(stale):
            self.norm.cancel(number, now=now)

    # Who has what.

    @property
    def deadline(self) -> float | None:
        """When somebody has been silent for too long, or last values may go on."""
        due = self.readers.deadline, self._budget.deadline
        return min((at for at in due if at is not None), default=None)

    @property
    def place(self) -> int:
        """How many objects there were."""
        return self._place

    @property
    def handed(self) -> int:
        """The sequence before which nothing waits, nor anything in its place."""
        longest = next(iter(self._waiting.values()), None)
        return self.sequence if longest is None else longest.first

    @property
    def kept_from(self) -> int:
        """The place from which on all that is current is kept: there is no other."""
        return 0

    def want(self, now: float) -> int:
        """Ask for acknowledgements of all that was sent; return the place."""
        self._wanted = self._place
        self._look(now)
        return self._place

    def end(self, now: float) -> None:
        """Send nothing more."""
        if self.norm is not None:
            self.norm.finish(now=now)

    def _look(self, now: float) -> None:
        if self.norm is None or not self.readers.gives_way(self._wanted, now):
            return
        again = now >= self._lagging_at
        nodes = self.readers.lacking(self._wanted, lagging=again)
        if nodes:
            if again:
                self._lagging_at = now + _LAGGING_AGAIN_S
            self._marked = self._newest
            self.readers.mark = Mark(self._place, now, 0)
            self.norm.watermark(nodes, now=now)

    def turn(self, now: float) -> None:
        """Take in what NORM says, and go on where there is room."""
        if self.norm is None:
            return
        moved = self._drain()
        self._cancel(now)
        moved = self._drain() or moved
        if self._marked >= 0 and self._marked not in self._unsent:
            self.readers.sent(now)
        self.readers.expire(self._place, now)
        if moved or self._budget.due(now):
            self.flush(now)
        self._look(now)

    def _drain(self) -> bool:
        moved = False
        events = () if self.norm is None else self.norm.poll_events()
        for event in events:
            moved = self._take(event) or moved
        return moved

    def _take(self, event: SenderEvent) -> bool:
        match event:
            case ObjectSent(number):
                self._unsent.discard(number)
                if self._topics.get(number) == set():
                    self._stale.append(number)
            case ObjectPurged(number):
                self._unsent.discard(number)
                for topic in self._topics.pop(number, ()):
                    del self._objects[topic]
            case NodeAcknowledged(node):
                return self.readers.acknowledge(node)
            case WatermarkEnded(status=status):
                # Pending: another one took its place, and that one is asked for now.
                if AckStatus.PENDING in status.values():
                    return False
                self.readers.mark = None
                self._marked = -1
            case RoomFreed():
                pass
            case _:
                return False
        return True


def _shared(frames: Iterable[tuple[str, bytes]]) -> tuple[list[str], bytes]:
    """Return the topics whose frames share the next object, and its bytes."""
    topics: list[str] = []
    parts: list[bytes] = []
    size = 0
    for topic, frame in frames:
        if topics and size + len(frame) > MAX_SHARED_BYTES:
            break
        topics.append(topic)
        parts.append(frame)
        size += len(frame)
    return topics, b"".join(parts)
