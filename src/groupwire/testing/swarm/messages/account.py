"""What one life of a subscriber was handed, held against what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import (
    Batch,
    Gap,
    MemberJoined,
    MemberLeft,
    SubscribeEvent,
)
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.messages.topics import Patterns
from groupwire.testing.swarm.messages.truth import Life, Truth

__all__ = ["BEFORE_S", "Account", "Track"]

BEFORE_S = 1e-3
"""So much earlier than a publisher a subscriber was there before it for sure."""
_SOON_S = 0.2
"""What is sent so long after a publisher was met is told, whatever becomes of it."""


class Track:
    """One stream of a publisher, as it was told: messages, and gaps between them."""

    def __init__(self, life: Life, delivery: Delivery, patterns: Patterns) -> None:
        self.had = 0
        self.lost = 0
        self.untold = 0
        """Since when messages are wanted, those before the first one of which nothing
        was told."""
        self.since_s = life.began_s
        """From when on messages are wanted that were not heard."""
        self.after: int | None = None
        """The sequence behind the last message."""
        self.pending = 0
        """What was told to be lost behind it."""
        self._sent = life.sent[delivery]
        self._wants = patterns.matches

    def gap(self, lost: int) -> None:
        """Take a gap in."""
        self.lost += lost
        self.pending += lost

    def batch(self, batch: Batch) -> str:
        """Take messages in; return what is wrong with them."""
        first, after = batch.sequence, batch.sequence + len(batch.payloads)
        if after > len(self._sent):
            return f"{first}..{after - 1} were never sent"
        for number, payload in enumerate(batch.payloads, first):
            sent = self._sent[number]
            if (sent.topic, sent.payload) != (batch.topic, payload):
                return f"{number} is not the sent one"
        if not self._wants(batch.topic):
            return f"{batch.topic} is not wanted"
        wrong = self._move(first)
        self.after = after
        self.had += len(batch.payloads)
        return wrong

    def close(self, end: int) -> str:
        """Hold what was told against the end of the stream."""
        return self._move(end)

    def _move(self, to: int) -> str:
        """Go on to a sequence; what lies between is lost, or is not wanted."""
        pending, self.pending = self.pending, 0
        if self.after is None:
            wanted = sum(
                message.at >= self.since_s and self._wants(message.topic)
                for message in self._sent[:to]
            )
            self.untold = max(0, wanted - pending)
            self.after = to
            return "" if pending <= to else f"{pending} lost before {to}"
        if to < self.after:
            return f"{to} comes behind {self.after - 1}"
        wanted = sum(self._wants(m.topic) for m in self._sent[self.after : to])
        if not wanted <= pending <= to - self.after:
            lacking = f"{self.after}..{to - 1} are lacking, of which {wanted} wanted"
            return f"{lacking}, and {pending} told as lost"
        return ""


class Account:
    """Takes in what a subscriber hears; ``wrongs`` is what must never happen."""

    def __init__(
        self,
        who: str,
        truth: Truth,
        patterns: tuple[str, ...],
        clock: Callable[[], float],
    ) -> None:
        self.wrongs: list[str] = []
        self.messages = 0
        self.foreign = 0
        """Messages of publishers that have not told who they are."""
        self.newest: dict[tuple[int, str], int] = {}
        """Sequence of the newest of a topic, of ``latest``."""
        self.values: dict[tuple[int, str], tuple[Delivery, int]] = {}
        """Last values that came."""
        self.left: dict[int, LeaveReason] = {}
        """Publishers that have gone, and are not back."""
        self.met: dict[int, float] = {}
        """Publishers, and since when they are known."""
        self._clock = clock
        self._began_s = clock()
        self._who = who
        self._truth = truth
        self._patterns = Patterns(patterns)
        self._tracks: dict[tuple[int, Delivery], Track] = {}

    def wants(self, topic: str) -> bool:
        """Return whether a topic is wanted."""
        return self._patterns.matches(topic)

    def track(self, life: Life, delivery: Delivery) -> Track:
        """Return what was told of a stream."""
        key = life.id, delivery
        if key not in self._tracks:
            track = self._tracks[key] = Track(life, delivery, self._patterns)
            if self._began_s > life.began_s - BEFORE_S:
                track.since_s = self.met.get(life.id, self._clock()) + _SOON_S
        return self._tracks[key]

    def handle(self, event: SubscribeEvent) -> None:
        """Take in what has happened."""
        match event:
            case Batch():
                self._tell(event.publisher, self._batch(event))
            case Gap():
                self._tell(event.publisher, self._gap(event))
            case MemberJoined(member):
                self.met.setdefault(member.id, self._clock())
                self.left.pop(member.id, None)
            case MemberLeft(member, reason):
                self.left[member.id] = reason
            case _:
                pass

    def streams(self, life: Life) -> Iterator[tuple[Delivery, Track]]:
        """Iterate over what is told in order of a publisher."""
        for delivery in (Delivery.RELIABLE, Delivery.BESTEFFORT):
            yield delivery, self.track(life, delivery)

    def _tell(self, publisher: Member, wrong: str) -> None:
        if wrong:
            self.wrongs.append(f"{self._who}: of {publisher}: {wrong}")

    def _batch(self, batch: Batch) -> str:
        publisher, delivery = batch.publisher, batch.delivery
        self.messages += len(batch.payloads)
        if publisher.role is Role.FOREIGN:
            self.foreign += len(batch.payloads)
            return ""
        life = self._truth.lives.get(publisher.id)
        if life is None:
            return "there is no such publisher"
        if self.left.get(life.id) is LeaveReason.SAID:
            return f"{delivery} {batch.sequence} behind its farewell"
        if batch.last_value:
            return self._value(batch, life)
        if delivery is Delivery.LATEST:
            return self._latest(batch, life)
        wrong = self.track(life, delivery).batch(batch)
        return f"{delivery} {wrong}" if wrong else ""

    def _latest(self, batch: Batch, life: Life) -> str:
        number = batch.sequence
        if self._differs(batch, life):
            return f"latest {number} is not the sent one"
        key = life.id, batch.topic
        if number <= self.newest.get(key, -1):
            return f"latest {number} of {batch.topic} comes behind {self.newest[key]}"
        self.newest[key] = number
        return ""

    def _value(self, batch: Batch, life: Life) -> str:
        key = life.id, batch.topic
        if self._differs(batch, life):
            return f"last value {batch.sequence} is not the sent one"
        if key in self.values:
            return f"a second last value of {batch.topic}"
        self.values[key] = batch.delivery, batch.sequence
        return ""

    def _differs(self, batch: Batch, life: Life) -> bool:
        sent = life.sent[batch.delivery][batch.sequence :][:1]
        wanted = [(batch.topic, *batch.payloads)]
        return [(m.topic, m.payload) for m in sent] != wanted

    def _gap(self, gap: Gap) -> str:
        life = self._truth.lives.get(gap.publisher.id)
        if life is None:
            foreign = gap.publisher.role is Role.FOREIGN
            return "" if foreign else "a gap of nobody"
        if gap.delivery is Delivery.LATEST or gap.lost < 1:
            return f"a gap of {gap.lost} in {gap.delivery}"
        self.track(life, gap.delivery).gap(gap.lost)
        return ""
