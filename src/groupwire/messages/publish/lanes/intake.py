"""Where messages are taken in: into a queue each delivery, or refused for want of room.

A full queue refuses while somebody is there for whom it has to wait; where nobody is,
or the program wants it so, the oldest messages make room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from groupwire.errors import UsageError
from groupwire.messages.delivery import DELIVERIES, Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import MessagesDropped, RoomFreed
from groupwire.messages.frames import MAX_MESSAGE_BYTES
from groupwire.messages.publish.lanes.batch import (
    EACH_BYTES,
    Queue,
    check_size,
    nothing_open,
)
from groupwire.messages.publish.lanes.latest import LatestLane
from groupwire.messages.rules import PublishRules

__all__ = ["Intake"]

_NO_LIMIT = 1 << 62
AnyQueue = Queue | LatestLane


class Intake:
    """The queues of all deliveries; ``events`` tell what they dropped, and of room.

    ``pump`` hands on what a queue has ready, and ``waits`` says whether anybody is
    there for whom a full one has to wait.
    """

    def __init__(
        self,
        rules: PublishRules,
        queues: Mapping[Delivery, AnyQueue],
        *,
        pump: Callable[[Delivery, float], None],
        waits: Callable[[float], bool],
    ) -> None:
        self.events: list[MessagesDropped | RoomFreed] = []
        self._rules = rules
        self._queues = queues
        self._all = tuple(queues.values())
        self._pump = pump
        self._waits = waits
        self._joins = {which: _join_of(queue) for which, queue in queues.items()}
        self.join = self._joins[rules.delivery]
        """Takes a topic and bytes for the usual delivery, and returns the sequence; -1
        where that is not all there is to do: then ``send``."""
        self._refused: dict[Delivery, int] = {}
        """How much room was lacking where a queue was full."""
        self._drops = rules.drop_oldest
        """Whether messages may have made room for others."""

    def send(self, topic: str, payload: bytes, which: Delivery, now: float) -> int:
        """Queue a message and return its sequence. Raises QueueFull."""
        sequence = self._joins[which](topic, payload)
        return sequence if sequence >= 0 else self._add(topic, payload, which, now)

    def send_many(
        self, topic: str, payloads: Sequence[bytes], which: Delivery, now: float
    ) -> int:
        """Queue all of these or none; return the sequence of the first.

        Raises QueueFull, MessageTooLarge, and UsageError for more than ever fits.
        """
        check_size(max(map(len, payloads), default=0))
        queue = self._queues[which]
        size = sum(map(len, payloads)) + EACH_BYTES * len(payloads)
        if size > max(queue.limit, MAX_MESSAGE_BYTES + EACH_BYTES):
            raise UsageError(
                f"{size} bytes at once do not fit into a queue of {queue.limit}",
                fix="send them in parts, or give the publisher a larger queue",
            )
        if size > queue.room_bytes and not self._makes_room(now):
            self._refused[which] = size
            raise QueueFull(size, queue.room_bytes)
        self._send_all(topic, payloads, which, now)
        return queue.sequence - len(payloads)

    def skip(self, messages: int, which: Delivery) -> None:
        """Leave out sequences: subscribers see a gap before the next message."""
        queue = self._queues[which]
        if isinstance(queue, Queue):
            queue.skip(messages)

    def shut(self) -> None:
        """Let no message join others any more; the owner refuses all others."""
        for queue in self._queues.values():
            if isinstance(queue, Queue):
                queue.close()

    def take_dropped(self) -> Iterator[tuple[Delivery, int]]:
        """Iterate once over what has made room: the first sequence of each delivery.

        That becomes an event.
        """
        for delivery, queue in self._queues.items() if self._drops else ():
            if (news := queue.dropped.take()) is not None:
                self.events.append(MessagesDropped(delivery, news.messages))
                yield delivery, news.first

    def tell_room(self) -> None:
        """Make it an event where there is room again for what was refused."""
        if not self._refused:
            return
        for delivery, size in list(self._refused.items()):
            queue = self._queues[delivery]
            half = queue.queued_bytes <= self._rules.queue_bytes // 2
            if not queue.queued_bytes or (half and size <= queue.room_bytes):
                del self._refused[delivery]
                self.events.append(RoomFreed(delivery))

    # What is in them.

    def room_bytes(self, which: Delivery) -> int:
        """How much a queue takes now; a message counts its bytes and 16 more."""
        return self._queues[which].room_bytes

    def has_dropped(self, sequence: int, which: Delivery) -> bool:
        """Return whether a message has made room, as far back as that is known."""
        return sequence in self._queues[which].dropped

    @property
    def since(self) -> float | None:
        """Since when a message waits for others."""
        since = [queue.since for queue in self._queues.values()]
        return min((s for s in since if s is not None), default=None)

    @property
    def queued_bytes(self) -> int:
        """What was taken and has not been handed on."""
        return sum(queue.queued_bytes for queue in self._queues.values())

    @property
    def effort_bytes(self) -> int:
        """What frames have cost so far, in bytes that would have cost as much."""
        one, two, three = self._all
        return one.effort_bytes + two.effort_bytes + three.effort_bytes

    @property
    def payload_bytes(self) -> int:
        """Of the messages that were handed on."""
        return sum(queue.payload_bytes for queue in self._queues.values())

    @property
    def messages(self) -> int:
        """How many have a sequence."""
        return sum(queue.sequence for queue in self._queues.values())

    @property
    def dropped(self) -> int:
        """How many made room for others."""
        return sum(queue.dropped.messages for queue in self._queues.values())

    @property
    def sequences(self) -> tuple[int, ...]:
        """Of the next message of each delivery."""
        queues = [self._queues[delivery] for delivery in DELIVERIES]
        return tuple(queue.sequence + queue.skipped for queue in queues)

    # How it is done.

    def _add(self, topic: str, payload: bytes, which: Delivery, now: float) -> int:
        """Queue a message that does not simply join others."""
        queue = self._queues[which]
        try:
            if queue.add(topic, payload, now):
                self._pump(which, now)
        except QueueFull as full:
            if self._waits(now):
                self._refused[which] = full.size_bytes
                raise
            self._push_in(queue, topic, payload, now)
            self._pump(which, now)
        return queue.sequence - 1

    def _send_all(
        self, topic: str, payloads: Sequence[bytes], which: Delivery, now: float
    ) -> None:
        """Queue messages that fit together: none of them is refused for the others."""
        queue, join = self._queues[which], self._joins[which]
        if not self._makes_room(now):
            queue.limit = _NO_LIMIT
        try:
            for payload in payloads:
                if join(topic, payload) < 0:
                    self._add(topic, payload, which, now)
        finally:
            queue.limit = self._rules.queue_bytes

    def _makes_room(self, now: float) -> bool:
        return self._rules.drop_oldest or not self._waits(now)

    def _push_in(self, queue: AnyQueue, topic: str, payload: bytes, now: float) -> None:
        """Queue a message though there is no room: the oldest make some."""
        self._drops = queue.drop_oldest = True
        try:
            queue.add(topic, payload, now)
        finally:
            queue.drop_oldest = self._rules.drop_oldest


def _join_of(queue: AnyQueue) -> Callable[[str, bytes], int]:
    return queue.join if isinstance(queue, Queue) else nothing_open
