"""Who has how much of what was sent, by NORM's watermarks (docs/messages.md §5)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from groupwire.gather.awake import AwakeClock
from groupwire.messages.events import CaughtUp, Lagging
from groupwire.messages.members import Member

__all__ = ["Mark", "Reader", "Readers"]

_STALE_S = 0.1
"""A watermark makes room for one that a ticket waits for after so long."""
_MOST_EMPTY = 64
"""Places that nobody is at any more, beside one for each who is counted."""


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
    """The sequence from which on it has lost nothing: it lagged before, or says so."""
    lagging: bool = False
    whole: bool = False
    """Whether it is waited for from the first place on."""
    silent: bool = True
    """Whether it has acknowledged nothing yet."""
    behind_since: float | None = None
    """Since when it has not acknowledged a watermark that made room for another one."""
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
    partial: bool = False
    """Whether somebody lacks it who was not here when it was asked for."""


class _Places:
    """Counts who is at which place, and knows the lowest one."""

    __slots__ = ("_all", "_counts", "_heap")

    def __init__(self) -> None:
        self._all = 0
        self._counts: dict[int, int] = {}
        """None is zero but behind the lowest: those go when they are the lowest, or
        where the lowest one stays for long and others go on, when they are many."""
        self._heap: list[int] = []
        """The places of these counts."""

    @property
    def lowest(self) -> int | None:
        """The lowest place where anybody is."""
        return self._heap[0] if self._heap else None

    def add(self, place: int) -> None:
        """Count one more at a place."""
        self._all += 1
        if place not in self._counts:
            self._counts[place] = 0
            heappush(self._heap, place)
        self._counts[place] += 1

    def remove(self, place: int) -> None:
        """Count one less at a place."""
        self._all -= 1
        self._counts[place] -= 1
        while self._heap and not self._counts[self._heap[0]]:
            del self._counts[heappop(self._heap)]
        if len(self._heap) > 2 * self._all + _MOST_EMPTY:
            self._counts = {at: count for at, count in self._counts.items() if count}
            self._heap = sorted(self._counts)


class Readers:
    """Subscribers of one delivery; places are counts of segments or objects.

    Who has not acknowledged what was sent for ``patience_s`` lags: it is waited for no
    more until it does. What is asked in every turn costs the same for a thousand
    readers as for one.
    """

    def __init__(self, patience_s: float, place_bytes: int) -> None:
        self.events: list[Lagging | CaughtUp] = []
        self.lagging = 0
        """How many lag."""
        self._patience_s = patience_s
        self._clock = AwakeClock()
        self._place_bytes = place_bytes
        self._readers: dict[int, Reader] = {}
        """In the order in which they came, which is that of ``since``."""
        self._mark: Mark | None = None
        self._behind: OrderedDict[int, Reader] = OrderedDict()
        """Who is waited for and has not acknowledged the mark, in the same order."""
        self._waited, self._late = _Places(), _Places()
        """Where those are who are waited for, and those who lag."""
        self._told: Callable[[int], None] = lambda _: None

    def __iter__(self) -> Iterator[Reader]:
        return iter(self._readers.values())

    def __len__(self) -> int:
        return len(self._readers)

    @property
    def mark(self) -> Mark | None:
        """What readers are asked to acknowledge now."""
        return self._mark

    @mark.setter
    def mark(self, mark: Mark | None) -> None:
        # Who is behind has no more time because something newer is asked for.
        for reader in self._behind.values():
            reader.behind_since = None if mark is None else self._since(reader)
        self._mark = mark
        if mark is None:
            self._behind.clear()
        if mark is None or not self.lack(mark.place):
            return
        for node, reader in self._readers.items():
            if reader.acked < mark.place and not reader.lagging:
                self._behind[node] = reader

    def gives_way(self, wanted: int, now: float) -> bool:
        """Return whether another watermark may be asked for, up to a place."""
        mark = self._mark
        if mark is None or mark.partial or not self.lack(mark.place):
            return True
        return wanted > mark.place and now - mark.asked_at > _STALE_S

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
        since = self._clock.at(now)
        self._enter(Reader(member, place, since, first, whole=not place))

    def _enter(self, reader: Reader) -> None:
        node = reader.member.node
        self._readers[node] = reader
        self._waited.add(reader.acked)
        if self._mark is not None and reader.acked < self._mark.place:
            self._behind[node] = reader
            self._mark.partial = True
        self._told(node)

    def was_here(self, member: Member, now: float) -> None:
        """Wait from the first message on for who turns out to have been here before.

        But not if it has acknowledged something behind the first place: nobody knows
        what it had until then.
        """
        reader = self._readers.get(member.node)
        if reader is None or reader.member != member:
            return
        if reader.whole:
            reader.first = 0
        elif reader.silent and not reader.lagging:
            del self._readers[member.node]
            self._behind.pop(member.node, None)
            self._waited.remove(reader.acked)
            reader.acked = reader.first = 0
            reader.whole = True
            reader.since, reader.behind_since = self._clock.at(now), None
            self._enter(reader)

    def lacks_before(self, member: Member, sequence: int) -> None:
        """Take in that a subscriber says to lack something before a message."""
        reader = self._readers.get(member.node)
        if reader is None or member not in {reader.member, *reader.others}:
            return
        reader.intact_from = max(reader.intact_from, sequence)

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
            self._behind.pop(member.node, None)
            self._places(reader).remove(reader.acked)
            self.lagging -= reader.lagging
            self._told(member.node)

    def floor(self, place: int) -> int:
        """Return the place that all who are waited for have; ``place`` for nobody."""
        lowest = self._waited.lowest
        return place if lowest is None else min(place, lowest)

    def lack(self, place: int) -> bool:
        """Return whether somebody who is waited for has not acknowledged a place."""
        lowest = self._waited.lowest
        return lowest is not None and lowest < place

    def lacking(self, place: int, *, lagging: bool) -> tuple[int, ...]:
        """Return the nodes of those who have not acknowledged a place."""
        late = self._late.lowest if lagging else None
        if not self.lack(place) and (late is None or late >= place):
            return ()
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
        reader, mark = self._readers.get(node), self._mark
        if reader is None or mark is None or reader.acked >= mark.place:
            return False
        before, reader.acked = reader.acked, mark.place
        reader.behind_since, reader.silent = None, False
        self._behind.pop(node, None)
        self._places(reader).remove(before)
        if reader.lagging and reader.acked >= kept:
            reader.lagging = False
            if before < max(kept, freed):
                reader.intact_from = sequence
            self.lagging -= 1
            self.events.append(CaughtUp(reader.member))
        self._places(reader).add(reader.acked)
        self._told(node)
        return True

    def _places(self, reader: Reader) -> _Places:
        return self._late if reader.lagging else self._waited

    def sent(self, now: float) -> None:
        """Note that everything up to the mark has been sent."""
        if self._mark is not None and self._mark.sent_at is None:
            self._mark.sent_at = self._clock.at(now)

    def expire(self, place: int, now: float) -> None:
        """Wait no more for who has not acknowledged for too long."""
        awake = self._clock.at(now)
        while (since := self._waited_since) is not None:
            if awake - since < self._patience_s:
                return
            node, reader = self._behind.popitem(last=False)
            self._waited.remove(reader.acked)
            self._late.add(reader.acked)
            reader.lagging, reader.behind_since = True, None
            self.lagging += 1
            self._told(node)
            behind = (place - reader.acked) * self._place_bytes
            self.events.append(Lagging(reader.member, behind))

    @property
    def _waited_since(self) -> float | None:
        """Since when the first who is behind is waited for, in seconds awake."""
        for reader in self._behind.values():
            return self._since(reader)
        return None

    def _since(self, reader: Reader) -> float | None:
        """Return since when one who is behind is waited for, in seconds awake."""
        sent_at = None if self._mark is None else self._mark.sent_at
        if reader.behind_since is not None or sent_at is None:
            return reader.behind_since
        return max(sent_at, reader.since)

    @property
    def deadline(self) -> float | None:
        """When the first who is waited for lags."""
        since = self._waited_since
        return None if since is None else self._clock.when(since + self._patience_s)
