"""Who waits for whom to have what: tickets (docs/messages.md §5.1).

Those that wait for one subscriber stand in a line, the oldest first. None of them is
done before those in front of it, so that only the ends of a line are looked at.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from groupwire.messages.events import ReceiptEnded, ReceivedBy
from groupwire.messages.members import Member
from groupwire.messages.publish.hearers.readers import Reader, Readers

__all__ = ["Tickets"]


@dataclass(slots=True, eq=False)
class _Ticket:
    number: int
    sequences: Sequence[int]
    """By delivery; a place is known once all before the sequence is written."""
    places: list[float]
    """By delivery; infinite where it is not known."""
    message: tuple[int, int] | None = None
    """The number of a delivery, and a sequence, where it stands for one message."""
    waiting: int = 0
    """How many have not acknowledged."""
    missing: set[str] = field(default_factory=set[str])
    received: set[str] = field(default_factory=set[str])
    news: set[str] = field(default_factory=set[str])


class _Line(NamedTuple):
    name: str
    """Of the subscriber; with its address behind it where two have one name."""
    states: tuple[Reader, ...]
    """What is known of one subscriber, by delivery."""
    tickets: deque[_Ticket]

    def has(self, ticket: _Ticket) -> bool:
        """Return whether the subscriber has all that a ticket stands for."""
        pairs = zip(self.states, ticket.places, strict=True)
        return all(state.acked >= place for state, place in pairs)

    def lost(self, ticket: _Ticket) -> bool:
        """Return whether the subscriber may lack the message that a ticket is for."""
        if ticket.message is None:
            return False
        number, sequence = ticket.message
        return self.states[number].intact_from > sequence

    def lags(self, ticket: _Ticket) -> bool:
        """Return whether it is waited for no more, and lacks some of that."""
        pairs = zip(self.states, ticket.places, strict=True)
        return any(state.lagging and state.acked < place for state, place in pairs)


class Tickets:
    """Compares what is waited for with what readers have."""

    def __init__(self, readers: tuple[Readers, ...]) -> None:
        self.events: list[ReceivedBy | ReceiptEnded] = []
        self._readers = readers
        self._open: dict[int, _Ticket] = {}
        self._count = 0
        self._unsettled = tuple(deque[_Ticket]() for _ in readers)
        self._lines: dict[int, _Line] = {}
        """By node."""
        self._stirred: dict[int, None] = {}
        """Nodes of which something is news."""
        self._touched: dict[int, _Ticket] = {}
        """Tickets of which something is to be told."""
        for each in readers:
            each.watch(self._stir)

    def __bool__(self) -> bool:
        return bool(self._open)

    def open(
        self,
        sequences: Sequence[int],
        by: Collection[str | Member] | None,
        *,
        message: tuple[int, int] | None = None,
        dropped: bool = False,
        later: Collection[int] = (),
    ) -> int:
        """Wait until these have all messages before the sequences, by delivery.

        ``by`` None is all who are here, a name all who have it. What was ``dropped``
        nobody will have, and nodes that came ``later`` are not asked: a name that
        nobody else has is missing. Of one ``message``, the number of its delivery and
        its sequence, those may know nothing that have lost something behind it: they
        are missing.
        """
        self._count += 1
        places = [inf] * len(sequences)
        ticket = _Ticket(self._count, sequences, places, message)
        self._open[ticket.number] = self._touched[ticket.number] = ticket
        for line in self._unsettled:
            line.append(ticket)
        names = {one for one in by or () if isinstance(one, str)}
        nodes = {one.node: str(one) for one in by or () if isinstance(one, Member)}
        members = [reader.member for reader in self._readers[0]]
        namesakes = Counter(member.name for member in members)
        asked = set[str | int]()
        for member in members:
            meant = by is None or member.name in names or member.node in nodes
            if not meant or member.node in later:
                continue
            asked |= {member.name, member.node}
            name = str(member) if namesakes[member.name] > 1 else member.name
            if dropped:
                ticket.missing.add(name)
            else:
                self._wait(ticket, member.node, name)
        ticket.missing |= names - asked
        ticket.missing |= {who for node, who in nodes.items() if node not in asked}
        return ticket.number

    def _wait(self, ticket: _Ticket, node: int, name: str) -> None:
        self._advance(node)
        line = self._lines.get(node)
        if line is None:
            states = tuple(readers.of(node) for readers in self._readers)
            line = self._lines[node] = _Line(name, states, deque())
        line.tickets.append(ticket)
        ticket.waiting += 1
        self._stirred[node] = None

    def due(self, delivery: int, handed: int) -> bool:
        """Return whether a ticket's place can be known, as so much is written."""
        waiting = self._unsettled[delivery]
        return bool(waiting) and waiting[0].sequences[delivery] <= handed

    def settle(self, delivery: int, handed: int, place: int) -> None:
        """Note the place up to where messages before a sequence are written."""
        while self.due(delivery, handed):
            self._unsettled[delivery].popleft().places[delivery] = place
        self._stirred.update(dict.fromkeys(self._lines))

    def lose(self, delivery: int, first: int) -> None:
        """Note that messages from a sequence on will never be written."""
        for line in self._lines.values():
            self._miss_last(
                line,
                lambda ticket: (
                    ticket.places[delivery] == inf
                    and ticket.sequences[delivery] > first
                ),
            )

    def give_up(self) -> None:
        """Wait for nobody any more: who has not answered is missing."""
        for line in self._lines.values():
            self._miss_last(line, lambda _: True)

    def end(self, number: int) -> None:
        """Wait for nobody any more for the sake of one ticket."""
        ticket = self._open.get(number)
        if ticket is None:
            return
        for line in self._lines.values():
            if ticket in line.tickets:
                line.tickets.remove(ticket)
                self._leave(ticket).missing.add(line.name)

    def turn(self) -> None:
        """See who has what now."""
        stirred, self._stirred = self._stirred, {}
        for node in stirred:
            self._advance(node)
        touched, self._touched = self._touched, {}
        for number in sorted(touched):
            self._tell(touched[number])

    def _stir(self, node: int) -> None:
        if node in self._lines:
            self._stirred[node] = None

    def _advance(self, node: int) -> None:
        """Take tickets out of a line that wait for its subscriber no more."""
        line = self._lines.get(node)
        if line is None:
            return
        now = [readers.get(node) for readers in self._readers]
        if any(a is not b for a, b in zip(now, line.states, strict=True)):
            self._miss_last(line, lambda _: True)  # it has left
        while line.tickets and line.has(line.tickets[0]):
            ticket = self._leave(line.tickets.popleft())
            whose = ticket.missing if line.lost(ticket) else ticket.news
            whose.add(line.name)
        self._miss_last(line, lambda ticket: line.lags(ticket) or line.lost(ticket))
        if not line.tickets:
            del self._lines[node]

    def _miss_last(self, line: _Line, gone: Callable[[_Ticket], bool]) -> None:
        """Give up the last tickets of a line, as far back as ``gone`` says."""
        while line.tickets and gone(line.tickets[-1]):
            self._leave(line.tickets.pop()).missing.add(line.name)

    def _leave(self, ticket: _Ticket) -> _Ticket:
        """Note that a ticket waits for one less."""
        ticket.waiting -= 1
        self._touched[ticket.number] = ticket
        return ticket

    def _tell(self, ticket: _Ticket) -> None:
        if ticket.news:
            ticket.received |= ticket.news
            self.events.append(ReceivedBy(ticket.number, frozenset(ticket.news)))
            ticket.news.clear()
        if not ticket.waiting:
            del self._open[ticket.number]
            # Of two with one name, the one who lacks it counts.
            missing = frozenset(ticket.missing)
            received = frozenset(ticket.received) - missing
            self.events.append(ReceiptEnded(ticket.number, received, missing))
