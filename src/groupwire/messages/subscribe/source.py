"""One publisher, as a subscriber follows it: its streams in order, its gaps told."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from groupwire.errors import DecodeError
from groupwire.messages.delivery import DELIVERIES, Delivery
from groupwire.messages.events import Batch, Gap, MemberLeft, SubscribeEvent
from groupwire.messages.frames import Frame, FrameReader
from groupwire.messages.members import Member
from groupwire.norm import Receiver
from groupwire.norm.receive.events import (
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    SenderKey,
    StreamGap,
    StreamReceived,
)
from groupwire.norm.receive.sink import MemorySink

__all__ = ["EACH_BYTES", "Run", "Source", "Totals"]

Totals = tuple[int, int, int, int]
EACH_BYTES = 64
"""What a message takes beside its bytes, of the queue."""
_MOST_TOPICS = 65_536
"""Of one publisher, whose newest sequences are known."""

_MOST_SEEN = 4096
"""Topics, while last values are waited for: of more, no publisher keeps any others."""


class Run:
    """One NORM sender of a publisher: a delivery, and what is expected next of it."""

    def __init__(
        self,
        key: SenderKey,
        source: Source,
        delivery: Delivery,
        norm: Receiver,
        first: int | None,
    ) -> None:
        self.key = key
        self.source = source
        self.delivery = delivery
        self.norm = norm
        self.expected = first
        """Sequence of the next message; None until the first one is there."""
        self.lost_stream = False
        """Whether NORM will hand over nothing more of it."""
        self.rejoin_at = 0.0
        """When it may be joined anew."""
        self.due: float | None = None
        self.begins = False
        """Whether what is heard first may lie before what is expected."""
        self._reader = FrameReader(source.wants)

    def begin(self, sequence: int) -> None:
        """Note which message is the first that was heard; it is wanted."""
        self.begins = False
        if self.expected is None:
            return
        if sequence < self.expected:
            index = DELIVERIES.index(self.delivery)
            self.expected = self.source.first[index] = sequence
        self.source.lacks_before(self.delivery, self.expected)

    def take(self, events: Sequence[ReceiverEvent]) -> None:
        """Take in what NORM hands over."""
        for event in events:
            if isinstance(event, StreamReceived):
                self._read(event.data, event.message_at)
            elif isinstance(event, StreamGap):
                self._gap()
            elif isinstance(event, ObjectReceived):
                self._take_object(event)
            elif isinstance(event, ObjectLost):
                self._lose()

    def _gap(self) -> None:
        """Go on behind what is lost; the next message tells how much that was."""
        self._reader.gap()

    def _read(self, data: bytes | memoryview, message_at: int | None) -> None:
        try:
            frames = self._reader.feed(data, message_at)
        except DecodeError as error:
            self.source.drop(error.reason)
            return
        for frame in frames:
            self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        """Hand a frame of a stream on, behind the gap before it."""
        first, expected = frame.sequence, self.expected
        after = first + frame.messages
        if expected is None:
            expected = first
        if after <= expected:
            return  # it was there before, or lies before the beginning
        self.expected = after
        if first > expected:
            self.source.gap(self.delivery, first - expected)
            self.source.lacks_before(self.delivery, first)
        if frame.topic is None:
            self.source.skipped += frame.messages
            return
        payloads, size = frame.payloads, frame.size_bytes
        if first < expected:
            payloads = payloads[expected - first :]
            first, size = expected, sum(map(len, payloads))
        self.source.batch(self.delivery, frame.topic, first, payloads, size)

    def _take_object(self, event: ObjectReceived) -> None:
        sink = event.sink
        data = sink.data if isinstance(sink, MemorySink) else b""
        reader = FrameReader(self.source.wants)
        try:
            frames = reader.feed(data, 0)
        except DecodeError as error:
            self.source.drop(error.reason)
            return
        for frame in frames:
            if frame.last_value:
                self.source.last_value(frame)
            elif self.expected is None or frame.sequence >= self.expected:
                self.source.latest(frame)

    def _lose(self) -> None:
        if self.delivery is not Delivery.LATEST:
            self.lost_stream = True
            self._reader.gap()

    def tail(self, sent: int, *, exact: bool) -> None:
        """Tell what is lacking at the end, of as many as were sent."""
        expected = self.expected
        if self.delivery is Delivery.LATEST or expected is None or sent <= expected:
            return
        self.expected = sent
        self.source.gap(self.delivery, sent - expected, exact=exact)
        self.source.lacks_before(self.delivery, sent)


class Source:
    """A publisher: its runs, and what its program hears of it."""

    def __init__(
        self,
        member: Member,
        sent: Sequence[int],
        first: Sequence[int | None],
        patterns: Callable[[str], bool],
        drop: Callable[[str], None],
    ) -> None:
        self.member = member
        self.sent = list(sent)
        """How many messages it has said to have sent, by delivery."""
        self.first = list(first)
        """From where on its messages are wanted, by delivery."""
        self.whole_from = [0] * len(DELIVERIES)
        """From which message on nothing is lacking, by delivery."""
        self.news = False
        """Whether its publisher is to be told at once what is lacking: of what is
        acknowledged."""
        self.resumed = False
        """Whether it was followed before, or at another address."""
        self.wants = patterns
        self.drop = drop
        self.runs: dict[Delivery, Run] = {}
        self.events: list[SubscribeEvent] = []
        self.left: MemberLeft | None = None
        """That it has gone, told when all of it is told."""
        self.end_at: float | None = None
        self.heard = False
        """Whether NORM of it was heard lately."""
        self.heard_at = 0.0
        """When NORM of it was heard last, of one that is foreign."""
        self.silent_since: float | None = None
        """Since when it is not here, without having said so."""
        self.values_until: float | None = None
        """Until when last values are waited for."""
        self.messages = self.payload_bytes = self.skipped = self.lost = 0
        self.untaken = 0
        """Handed on, and dropped by a program that is slow."""
        self.values_came = False
        self.ask_values: list[float] = []
        """When to ask for last values."""
        self._newest: OrderedDict[str, int] = OrderedDict()
        """Sequences of ``latest``, by topic."""
        self._seen: set[str] = set()
        """Topics of which something came while last values are waited for."""

    @property
    def totals(self) -> Totals:
        """Messages, their bytes, those skipped and those lost."""
        return self.messages, self.payload_bytes, self.skipped, self.lost

    @property
    def missed(self) -> int:
        """What its program has not had of it: lost, or dropped there."""
        return self.lost + self.untaken

    @property
    def lacks(self) -> tuple[int, ...]:
        """What its publisher is told: how many messages, and from where on none."""
        return self.missed, *self.whole_from

    def lacks_before(self, delivery: Delivery, sequence: int) -> None:
        """Note that what is before a message is lacking; but nothing behind it."""
        index = DELIVERIES.index(delivery)
        if sequence > self.whole_from[index]:
            self.whole_from[index] = sequence
            self.news = self.news or delivery is not Delivery.BESTEFFORT

    @property
    def why_missed(self) -> str:
        """The reasons, as its publisher is told."""
        reasons = {"gap": self.lost, "queue-full": self.untaken}
        return " ".join(reason for reason, count in reasons.items() if count)

    def hear_of(self, sent: Sequence[int]) -> None:
        """Note how much it says that it has sent."""
        self.sent = [max(pair) for pair in zip(self.sent, sent, strict=True)]

    def batch(
        self,
        delivery: Delivery,
        topic: str,
        sequence: int,
        payloads: Sequence[bytes],
        size: int,
        *,
        last_value: bool = False,
    ) -> None:
        """Hand messages on, of so many bytes together."""
        count = len(payloads)
        self.messages += count
        self.payload_bytes += size
        if self.values_until is not None and not last_value:
            self._see(topic)
        self.events.append(
            Batch(
                self.member,
                delivery,
                topic,
                sequence,
                payloads,
                size + count * EACH_BYTES,
                last_value,
            )
        )

    def gap(self, delivery: Delivery, lost: int, *, exact: bool = True) -> None:
        """Tell a loss, here and to the publisher."""
        self.lost += lost
        self.events.append(Gap(self.member, delivery, lost, exact))

    def latest(self, frame: Frame) -> None:
        """Hand on what is newer than what was handed on before."""
        topic = frame.topic
        if topic is None:
            self.skipped += frame.messages
            return
        newest = self._newest.pop(topic, -1)
        self._newest[topic] = max(newest, frame.sequence)
        if len(self._newest) > _MOST_TOPICS:
            self._newest.popitem(last=False)
        if frame.sequence > newest:
            payloads, size = frame.payloads, frame.size_bytes
            self.batch(Delivery.LATEST, topic, frame.sequence, payloads, size)

    def last_value(self, frame: Frame) -> None:
        """Hand on what a topic had last, where nothing newer came."""
        topic = frame.topic
        self.values_came = True
        if topic is None or self.values_until is None or topic in self._seen:
            return
        first = self.first[DELIVERIES.index(frame.delivery)]
        if first is not None and frame.sequence >= first:
            return  # it comes, or came, by itself
        self._see(topic)
        self.batch(
            frame.delivery,
            topic,
            frame.sequence,
            frame.payloads,
            frame.size_bytes,
            last_value=True,
        )

    def expire_values(self, now: float) -> None:
        """Wait for last values no more when it is time."""
        if self.values_until is not None and now >= self.values_until:
            self._want_no_values()

    def _see(self, topic: str) -> None:
        """Note that a topic needs no last value any more."""
        self._seen.add(topic)
        if len(self._seen) > _MOST_SEEN:
            self._want_no_values()

    def _want_no_values(self) -> None:
        self.values_until = None
        self._seen.clear()

    @property
    def expected(self) -> tuple[int | None, ...]:
        """What is wanted next, by delivery."""
        runs = [self.runs.get(delivery) for delivery in DELIVERIES]
        pairs = zip(runs, self.first, strict=True)
        return tuple(first if r is None else r.expected for r, first in pairs)

    def end(self, *, exact: bool, had: Sequence[int | None] | None = None) -> None:
        """Tell what is lacking, and that it has gone where that is known.

        Of one that has moved the rest may have been ``had`` from elsewhere.
        """
        for index, delivery in enumerate(DELIVERIES):
            run = self.runs.get(delivery)
            if run is None:
                self._tail_unheard(index, had, exact=exact)
                continue
            if had is not None and run.expected is not None:
                run.expected = max(run.expected, had[index] or 0)
            run.tail(self.sent[index], exact=exact)
        if self.left is not None:
            self.events.append(self.left)
            self.left = None

    def _tail_unheard(
        self, index: int, had: Sequence[int | None] | None, *, exact: bool
    ) -> None:
        """Tell what is lacking of a stream of which nothing was heard."""
        first, delivery = self.first[index], DELIVERIES[index]
        if first is None or delivery is Delivery.LATEST:
            return
        first = max(first, (had[index] if had is not None else 0) or 0)
        if self.sent[index] > first:
            self.first[index] = self.sent[index]
            self.gap(delivery, self.sent[index] - first, exact=exact)

    def poll_events(self) -> Iterator[SubscribeEvent]:
        """Iterate over what has happened; each only once."""
        events, self.events = self.events, []
        return iter(events)
