"""Who has how much of what was sent, by NORM's watermarks (docs/messages.md §5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from groupwire.gather.awake import AwakeClock
from groupwire.messages.events import CaughtUp, Lagging
from groupwire.messages.members import Member

__all__ = ["Mark", "Reader", "Readers"]


@dataclass(slots=True)
class Reader:
    """A subscriber, and up to where it has acknowledged."""

    member: Member
    acked: int
    since: float
    """From when on it may be waited for, in seconds awake."""
    first: int = 0
    """The sequence of the first message that was sent while it was known to be here."""
    intact_from: int = 0
    """The sequence from which on it has lost nothing, though it lagged before."""
    lagging: bool = False
    others: list[Member] = field(default_factory=list[Member])
    """Who else speaks with this node id: itself from another address, or a stranger."""


@dataclass(slots=True)
class Mark:
    """A watermark that readers are asked to acknowledge."""

    place: int
    asked_at: float
    sent_bytes: int
    """Of the stream, when all up to there has been sent."""
    sent_at: float | None = None
    """Since when everything up to there has been sent, in seconds awake."""


class Readers:
    """Subscribers of one delivery; places are counts of segments or objects.

    Who has not acknowledged what was sent for ``patience_s`` lags: it is waited for no
    more until it does.
    """

    def __init__(self, patience_s: float, place_bytes: int) -> None:
        self.mark: Mark | None = None
        self.events: list[Lagging | CaughtUp] = []
        self.lagging = 0
        """How many lag."""
        self._patience_s = patience_s
        self._clock = AwakeClock()
        self._place_bytes = place_bytes
        self._readers: dict[int, Reader] = {}
        self._floor: int | None = None
        self._told: Callable[[int], None] = lambda _: None

    def __iter__(self) -> Iterator[Reader]:
        return iter(self._readers.values())

    def __len__(self) -> int:
        return len(self._readers)

    def watch(self, told: Callable[[int], None]) -> None:
        """Have each node told that has acknowledged more, lags or has gone."""
        self._told = told

    def get(self, node: int) -> Reader | None:
        """Return who has a node id."""
        return self._readers.get(node)

    def of(self, node: int) -> Reader:
        """Return who has a node id; KeyError where nobody has."""
        return self._readers[node]

    def join(self, member: Member, place: int, now: float, *, first: int = 0) -> None:
        """Wait for a subscriber from a place on, that of a message's sequence."""
        reader = self._readers.get(member.node)
        if reader is not None:
            reader.others.append(member)
            return
        self._readers[member.node] = Reader(member, place, self._clock.at(now), first)
        self._changed(member.node)

    def leave(self, member: Member) -> None:
        """Wait for a subscriber no more, unless it is heard from elsewhere."""
        reader = self._readers.get(member.node)
        if reader is None:
            return
        if member in reader.others:
            reader.others.remove(member)
        elif reader.member != member:
            return
        elif reader.others:
            reader.member = reader.others.pop(0)
        else:
            del self._readers[member.node]
            self.lagging -= reader.lagging
            self._changed(member.node)

    def floor(self, place: int) -> int:
        """Return the place that all who are waited for have; ``place`` for nobody."""
        if self._floor is None:
            waited = [r.acked for r in self._readers.values() if not r.lagging]
            self._floor = min(waited, default=-1)
        return place if self._floor < 0 else min(place, self._floor)

    def lacking(self, place: int, *, lagging: bool) -> tuple[int, ...]:
        """Return the nodes of those who have not acknowledged a place."""
        return tuple(
            node
            for node, reader in self._readers.items()
            if reader.acked < place and (lagging or not reader.lagging)
        )

    def acknowledge(
        self, node: int, *, kept: int = 0, freed: int = 0, sequence: int = 0
    ) -> bool:
        """Take in that a node has the mark's place; True if that is news.

        Who lags has caught up if what it still lacks is ``kept``, from a place on. Of
        what was given up before, up to ``freed``, it may have lost something: then only
        messages from ``sequence``, the next one, on are known to be there.
        """
        reader, mark = self._readers.get(node), self.mark
        if reader is None or mark is None or reader.acked >= mark.place:
            return False
        before, reader.acked = reader.acked, mark.place
        if reader.lagging and reader.acked >= kept:
            reader.lagging = False
            if before < max(kept, freed):
                reader.intact_from = sequence
            self.lagging -= 1
            self.events.append(CaughtUp(reader.member))
        self._changed(node)
        return True

    def _changed(self, node: int) -> None:
        self._floor = None
        self._told(node)

    def sent(self, now: float) -> None:
        """Note that everything up to the mark has been sent."""
        if self.mark is not None and self.mark.sent_at is None:
            self.mark.sent_at = self._clock.at(now)

    def expire(self, place: int, now: float) -> None:
        """Wait no more for who has not acknowledged for too long."""
        mark, awake = self.mark, self._clock.at(now)
        if mark is None or mark.sent_at is None:
            return
        for reader in self._readers.values():
            waited = awake - max(mark.sent_at, reader.since)
            if reader.lagging or reader.acked >= mark.place:
                continue
            if waited >= self._patience_s:
                reader.lagging = True
                self.lagging += 1
                self._changed(reader.member.node)
                behind = (place - reader.acked) * self._place_bytes
                self.events.append(Lagging(reader.member, behind))

    @property
    def deadline(self) -> float | None:
        """When the first who is waited for lags."""
        mark = self.mark
        if mark is None or mark.sent_at is None:
            return None
        late = [
            max(mark.sent_at, reader.since)
            for reader in self._readers.values()
            if not reader.lagging and reader.acked < mark.place
        ]
        if not late:
            return None
        return self._clock.when(min(late) + self._patience_s)
