"""Messages of one delivery that wait for their frame: an append for each."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from groupwire.errors import MessageTooLarge, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.frames import MAX_MESSAGE_BYTES, encode_frame, messages_in
from groupwire.messages.publish.lanes.values import LastValues
from groupwire.messages.topics import checked_topic

__all__ = [
    "EACH_BYTES",
    "FULL_BYTES",
    "Dropped",
    "News",
    "Queue",
    "bytes_of",
    "check_size",
    "checked_payloads",
]

EACH_BYTES = 16
"""What a message counts beside its bytes."""
FULL_BYTES = 60 << 10
"""With so much a frame is closed, and handed on: it is a whole row of segments."""
_MOST_TOPICS = 4096
_MOST_RUNS = 1024


class News(NamedTuple):
    """What was dropped since this was last asked for."""

    messages: int
    first: int
    """The lowest sequence of those that nobody will have."""


class Dropped:
    """Counts messages, and knows the latest ones by their sequences."""

    def __init__(self) -> None:
        self.messages = 0
        """All together."""
        self._news: News | None = None
        self._runs: deque[tuple[int, int]] = deque(maxlen=_MOST_RUNS)

    def __contains__(self, sequence: int) -> bool:
        """Return whether a message was dropped, as far back as that is known."""
        return any(first <= sequence < after for first, after in self._runs)

    def note(self, first: int, after: int, *, oldest: int | None = None) -> None:
        """Count messages from a sequence to before another one.

        They may stand for others from the ``oldest`` on.
        """
        self.messages += after - first
        oldest = first if oldest is None else oldest
        news = self._news or News(0, oldest)
        self._news = News(news.messages + after - first, min(news.first, oldest))
        if self._runs and self._runs[-1][1] == first:
            first, _ = self._runs.pop()
        self._runs.append((first, after))

    def take(self) -> News | None:
        """Return what is news, once."""
        news, self._news = self._news, None
        return news


class Queue:
    """Frames that wait for room, and the messages of the next one.

    ``queued_bytes`` count what was taken and has not been handed on.
    """

    def __init__(
        self,
        delivery: Delivery,
        limit_bytes: int,
        values: LastValues,
        *,
        drop_oldest: bool = False,
    ) -> None:
        self.sequence = 0
        """Of the next message."""
        self.queued_bytes = 0
        self.payload_bytes = 0
        self.frames: deque[bytes] = deque()
        self.ends: deque[int] = deque()
        """Of each of them the sequence behind its last message."""
        self.cut = 0
        """How much of the first of them has been handed on."""
        self.dropped = Dropped()
        self.skipped = 0
        """Sequences that the next message leaves out."""
        self.since: float | None = None
        """When the oldest message that is in no frame was taken."""
        self._delivery = delivery
        self.limit = limit_bytes
        self._values = values
        self._topic: str | None = None
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._fresh_bytes = 0
        """Taken since the owner was told to hand frames on."""
        self._topics: dict[str, bytes] = {}
        self.drop_oldest = drop_oldest

    @property
    def room_bytes(self) -> int:
        """How much is taken now; one message of any size by an empty queue."""
        if not self.queued_bytes:
            return max(self.limit, MAX_MESSAGE_BYTES + EACH_BYTES)
        return max(0, self.limit - self.queued_bytes)

    @property
    def waiting(self) -> bool:
        """Whether messages are in no frame yet."""
        return bool(self._batch)

    def add(self, topic: str, payload: bytes, now: float) -> bool:
        """Append a message; True if it is time for the owner to hand frames on."""
        size = len(payload)
        cost = size + EACH_BYTES
        queued = self.queued_bytes + cost
        if queued > self.limit and self.queued_bytes:
            check_size(size)
            if not self.drop_oldest:
                raise QueueFull(cost, self.limit - self.queued_bytes)
            checked_topic(topic)
            self._make_room(cost)
        if topic != self._topic or self._batch_bytes + cost > FULL_BYTES:
            self._begin(topic, size)
        if self.since is None:
            self.since = now
        self._batch.append(payload)
        self._batch_bytes += cost
        self.queued_bytes += cost  # closing a frame has changed it
        self.sequence += 1
        self._fresh_bytes += cost
        if self._fresh_bytes < FULL_BYTES:
            return False
        self._fresh_bytes = 0
        return True

    def skip(self, messages: int) -> None:
        """Leave out sequences: subscribers see a gap before the next message."""
        self.close()
        self._topic = None
        self.skipped += messages

    def _make_room(self, cost: int) -> None:
        """Drop the oldest messages, but what is handed on in part."""
        limit, first = self.limit - cost, 1 if self.cut else 0
        while self.queued_bytes > limit and len(self.frames) > first:
            frame, after = self.frames[first], self.ends[first]
            del self.frames[first], self.ends[first]
            self.queued_bytes -= len(frame)
            self.dropped.note(after - messages_in(frame), after)
        excess = self.queued_bytes - limit
        count = size = 0
        while size < excess and count < len(self._batch):
            size += len(self._batch[count]) + EACH_BYTES
            count += 1
        if count:
            before = self.sequence - len(self._batch)
            del self._batch[:count]
            self._batch_bytes -= size
            self.queued_bytes -= size
            self.dropped.note(before, before + count)

    def _begin(self, topic: str, size: int) -> None:
        check_size(size)
        if topic not in self._topics:
            raw = checked_topic(topic)
            if len(self._topics) >= _MOST_TOPICS:
                self._topics.clear()
            self._topics[topic] = raw
        self.close()
        self.sequence += self.skipped
        self.skipped = 0
        self._topic = topic

    def close(self) -> None:
        """Make a frame of the messages that wait."""
        batch, topic = self._batch, self._topic
        if not batch or topic is None:
            return
        count, raw = len(batch), self._topics.get(topic) or topic.encode()
        first = self.sequence - count
        frame = encode_frame(self._delivery, raw, first, batch)
        self._values.note(topic, self._delivery, self.sequence - 1, batch[-1])
        self.payload_bytes += self._batch_bytes - count * EACH_BYTES
        # From here on the queue counts what the frame takes.
        self.queued_bytes += len(frame) - self._batch_bytes
        self.frames.append(frame)
        self.ends.append(self.sequence)
        self._batch = []
        self._batch_bytes = 0
        self.since = None


def check_size(size: int) -> None:
    """Raise MessageTooLarge for more than a message can have."""
    if size > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(size, MAX_MESSAGE_BYTES, fix="send a file instead")


def bytes_of(payload: bytes | bytearray | memoryview) -> bytes:
    """Return a payload that nobody changes any more; UsageError for no bytes."""
    try:
        return bytes(memoryview(payload))
    except TypeError:
        fix = "encode it first" if isinstance(payload, str) else "use bytes"
        what = type(payload).__name__
        raise UsageError(f"data is a {what}, not bytes", fix=fix) from None


def checked_payloads(payloads: Sequence[bytes | bytearray | memoryview]) -> list[bytes]:
    """Return payloads that nobody changes any more; UsageError for one or none."""
    if isinstance(payloads, bytes | bytearray | memoryview | str):
        raise UsageError(
            "payloads is one message, not several", fix="put it into a list, or send it"
        )
    whole = [bytes_of(payload) for payload in payloads]
    if not whole:
        raise UsageError("payloads is empty: there is no message", fix="give one")
    return whole
