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
    "nothing_open",
]

EACH_BYTES = 16
"""What a message counts beside its bytes."""
FULL_BYTES = 60 << 10
"""With so much a frame is closed, and handed on: it is a whole row of segments."""
_EACH_EFFORT_BYTES, _FRAME_EFFORT_BYTES = 128, 1024
"""What messages and frames count beside their bytes where it is their time that
counts: another topic costs as much as some messages of the same one."""
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
    """Frames that wait for room, and the messages of the next one: the open frame.

    Most messages only join the open frame: :meth:`join` is all that they cost.
    """

    def __init__(
        self,
        delivery: Delivery,
        limit_bytes: int,
        values: LastValues,
        *,
        drop_oldest: bool = False,
    ) -> None:
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
        """When the oldest message was taken that may leave and has not: the owner says
        that nothing is left of them."""
        self.effort_bytes = 0
        """What frames have cost so far, in bytes that would have cost as much."""
        self.drop_oldest = drop_oldest
        self._limit = limit_bytes
        self._delivery = delivery
        self._values = values
        self._framed_bytes = 0
        """Of frames that are not handed on."""
        self._closed_bytes = 0
        """Of all messages that have had a frame, as they were counted before."""
        self._told_bytes = 0
        """How many had been taken when the owner was last told to hand frames on."""
        self._topic: str | None = None
        self._batch: list[bytes] = []
        self._first = 0
        """The sequence of the first of these."""
        self._granted = self._left = -1
        """Bytes that the open frame may have before something has to be decided, and
        how many of them are left; -1: there is none."""
        self._topics: dict[str, bytes] = {}

    @property
    def sequence(self) -> int:
        """Of the next message."""
        return self._first + len(self._batch)

    @property
    def queued_bytes(self) -> int:
        """What was taken and has not been handed on."""
        return self._framed_bytes + self._granted - self._left

    @property
    def limit(self) -> int:
        """How much may be queued."""
        return self._limit

    @limit.setter
    def limit(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        if self._batch:
            self._grant(self._granted - self._left)

    @property
    def room_bytes(self) -> int:
        """How much is taken now; one message of any size by an empty queue."""
        queued = self.queued_bytes
        if not queued:
            return max(self._limit, MAX_MESSAGE_BYTES + EACH_BYTES)
        return max(0, self._limit - queued)

    @property
    def waiting(self) -> bool:
        """Whether messages are in no frame yet."""
        return bool(self._batch)

    def join(self, topic: str, payload: bytes) -> int:
        """Append a message to the open frame and return its sequence.

        -1: it was not taken, as something has to be decided; :meth:`add` does that.
        """
        left = self._left - len(payload) - EACH_BYTES
        if left < 0 or topic != self._topic:
            return -1
        self._left = left
        batch = self._batch
        batch.append(payload)
        return self._first + len(batch) - 1

    def add(self, topic: str, payload: bytes, now: float) -> bool:
        """Append a message; True if it is time for the owner to hand frames on."""
        size = len(payload)
        cost = size + EACH_BYTES
        queued = self.queued_bytes
        if queued and queued + cost > self._limit:
            check_size(size)
            if not self.drop_oldest:
                raise QueueFull(cost, self._limit - queued)
            checked_topic(topic)
            self._make_room(cost)
        taken = self._granted - self._left
        if topic != self._topic or taken + cost > FULL_BYTES:
            self._begin(topic, size)
            taken = 0
        if self.since is None:
            self.since = now
        self._batch.append(payload)
        self._grant(taken + cost)
        if taken + cost >= FULL_BYTES:
            self.close()
        untold = self._closed_bytes + self._granted - self._left - self._told_bytes
        if untold < FULL_BYTES:
            return False
        self._told_bytes = self._closed_bytes
        return True

    def skip(self, messages: int) -> None:
        """Leave out sequences: subscribers see a gap before the next message."""
        self.close()
        self._topic = None
        self.skipped += messages

    def hand_on(self, size: int) -> None:
        """Count so much of the first frame as handed on; it is gone with all of it."""
        self._framed_bytes -= size
        self.cut += size
        if self.cut >= len(self.frames[0]):
            self.frames.popleft()
            self.ends.popleft()
            self.cut = 0

    def _grant(self, taken: int) -> None:
        """Let the open frame grow as far as nothing has to be decided."""
        room = self._limit - self._framed_bytes
        self._granted = max(taken, min(FULL_BYTES, room))
        self._left = self._granted - taken

    def _make_room(self, cost: int) -> None:
        """Drop the oldest messages, but what is handed on in part."""
        limit, first = self._limit - cost, 1 if self.cut else 0
        while self.queued_bytes > limit and len(self.frames) > first:
            frame, after = self.frames[first], self.ends[first]
            del self.frames[first], self.ends[first]
            self._framed_bytes -= len(frame)
            self.dropped.note(after - messages_in(frame), after)
        excess = self.queued_bytes - limit
        count = size = 0
        while size < excess and count < len(self._batch):
            size += len(self._batch[count]) + EACH_BYTES
            count += 1
        if count:
            before, taken = self._first, self._granted - self._left
            del self._batch[:count]
            self._first += count
            self._closed_bytes += size
            self._grant(taken - size)
            self.dropped.note(before, before + count)

    def _begin(self, topic: str, size: int) -> None:
        check_size(size)
        if topic not in self._topics:
            raw = checked_topic(topic)
            if len(self._topics) >= _MOST_TOPICS:
                self._topics.clear()
            self._topics[topic] = raw
        self.close()
        self._first += self.skipped
        self.skipped = 0
        self._topic = topic

    def close(self) -> None:
        """Make a frame of the messages that wait."""
        batch, topic = self._batch, self._topic
        if not batch or topic is None:
            return
        count, raw = len(batch), self._topics.get(topic) or topic.encode()
        frame = encode_frame(self._delivery, raw, self._first, batch)
        taken = self._granted - self._left
        self._granted = self._left = -1
        self._first += count
        self._values.note(topic, self._delivery, self._first - 1, batch[-1])
        self.payload_bytes += taken - count * EACH_BYTES
        self._closed_bytes += taken
        self.effort_bytes += taken + _EACH_EFFORT_BYTES * count + _FRAME_EFFORT_BYTES
        # From here on the queue counts what the frame takes.
        self._framed_bytes += len(frame)
        self.frames.append(frame)
        self.ends.append(self._first)
        self._batch = []


def nothing_open(*_: object) -> int:
    """Stand for :meth:`Queue.join` where messages share no frame: -1."""
    return -1


def check_size(size: int) -> None:
    """Raise MessageTooLarge for more than a message can have."""
    if size > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(size, MAX_MESSAGE_BYTES, fix="send a file instead")


def bytes_of(payload: bytes | bytearray | memoryview) -> bytes:
    """Return a payload that nobody changes any more; UsageError for no bytes."""
    if type(payload) is bytes:
        return payload
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
