"""Who waits for whom to have what: tickets (docs/messages.md §5.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import inf

from groupwire.messages.events import ReceiptEnded, ReceivedBy
from groupwire.messages.publish.readers import Readers

__all__ = ["Tickets"]


@dataclass(slots=True)
class _Ticket:
    number: int
    sequence: int
    """Of the stream; its place is known once all before this is written."""
    places: list[float]
    """By delivery; infinite where it is not known."""
    waiting: dict[int, str]
    """Nodes and names of those who have not acknowledged."""
    missing: set[str]
    received: set[str]


class Tickets:
    """Compares what is waited for with what readers have."""

    def __init__(self, readers: tuple[Readers, ...]) -> None:
        self.events: list[ReceivedBy | ReceiptEnded] = []
        self._readers = readers
        self._open: dict[int, _Ticket] = {}
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._open)

    def open(self, sequence: int, place: int, by: Collection[str] | None) -> int:
        """Wait until these have the messages of the stream before a sequence.

        And a place of what is newest. ``by`` None is all who are here.
        """
        here = {r.member.node: r.member.name for r in self._readers[0]}
        wanted = {n: name for n, name in here.items() if by is None or name in by}
        missing = set(by or ()) - set(wanted.values())
        self._count += 1
        places = [inf, float(place)]
        ticket = _Ticket(self._count, sequence, places, wanted, missing, set())
        self._open[self._count] = ticket
        return self._count

    def due(self, handed: int) -> bool:
        """Return whether a ticket's place can be known, as so much is written."""
        return any(
            ticket.places[0] == inf and ticket.sequence <= handed
            for ticket in self._open.values()
        )

    def settle(self, handed: int, place: int) -> None:
        """Note the place up to where messages before a sequence are written."""
        for ticket in self._open.values():
            if ticket.places[0] == inf and ticket.sequence <= handed:
                ticket.places[0] = place

    def turn(self) -> None:
        """See who has what now."""
        for ticket in list(self._open.values()):
            names = set(self._news(ticket))
            if names:
                ticket.received |= names
                self.events.append(ReceivedBy(ticket.number, frozenset(names)))
            if not ticket.waiting:
                del self._open[ticket.number]
                received = frozenset(ticket.received)
                missing = frozenset(ticket.missing) - received
                self.events.append(ReceiptEnded(ticket.number, received, missing))

    def _news(self, ticket: _Ticket) -> Iterator[str]:
        for node, name in list(ticket.waiting.items()):
            states = [readers.get(node) for readers in self._readers]
            if any(s is None or s.member.name != name for s in states):
                ticket.missing.add(ticket.waiting.pop(node))
                continue
            pairs = zip(states, ticket.places, strict=True)
            lacking = [s for s, place in pairs if s is not None and s.acked < place]
            if not lacking:
                yield ticket.waiting.pop(node)
            elif any(s.lagging for s in lacking):
                ticket.missing.add(ticket.waiting.pop(node))
