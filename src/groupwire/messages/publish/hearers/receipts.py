"""What tickets stand for in the lanes: who is asked, and for what (docs §5.6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import ReceiptEnded, ReceivedBy
from groupwire.messages.members import Member
from groupwire.messages.publish.hearers.tickets import Tickets
from groupwire.messages.publish.lanes.lane import StreamLane
from groupwire.messages.publish.lanes.latest import LatestLane

__all__ = ["Receipts"]

Lane = StreamLane | LatestLane


class Receipts:
    """Opens tickets for what is in the lanes that are acknowledged.

    The last ticket, for all that was ever sent, is its owner's own: of that one only
    ``missing`` is told.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.events: list[ReceivedBy | ReceiptEnded] = []
        self.missing: frozenset[str] = frozenset()
        """Who has not acknowledged everything when the last ticket ended."""
        self._lanes = lanes
        self._tickets = Tickets(tuple(lane.readers for lane in lanes))
        self._last: int | None = None
        self._last_ended = False

    def __bool__(self) -> bool:
        """Whether anything is waited for."""
        return bool(self._tickets)

    def want(self, by: Collection[str | Member] | None) -> int:
        """Open a ticket for all that was sent so far."""
        return self._tickets.open(self._sequences, by)

    def want_for(
        self,
        lane: Lane,
        sequence: int,
        by: Collection[str | Member] | None,
        *,
        dropped: bool,
    ) -> int:
        """Open a ticket for one message, which was perhaps ``dropped``."""
        lanes = self._lanes
        return self._tickets.open(
            self._sequences,
            by,
            message=(lanes.index(lane), sequence) if lane in lanes else None,
            dropped=dropped,
            later={r.member.node for r in lane.readers if r.first > sequence},
        )

    def want_last(self, now: float) -> bool:
        """Open the last ticket, once; return whether it is over."""
        if self._last is None:
            self._last = self.want(None)
            self.turn(now)
        return self._last_ended

    def end_all(self, now: float) -> None:
        """Wait for nobody any more: who has not answered is missing, at the end too."""
        if self._last is None:
            self._last = self.want(None)
        self._tickets.give_up()
        self.turn(now)

    def end(self, ticket: int) -> None:
        """Wait for nobody any more for the sake of one ticket."""
        self._tickets.end(ticket)

    def lose(self, delivery: Delivery, first: int) -> None:
        """Note that messages from a sequence on will never be written."""
        for number, lane in enumerate(self._lanes):
            if lane.delivery is delivery:
                self._tickets.lose(number, first)

    def turn(self, now: float) -> None:
        """Ask for what can be asked for now, and see who has what."""
        tickets = self._tickets
        for number, lane in enumerate(self._lanes):
            if tickets.due(number, lane.handed):
                tickets.settle(number, lane.handed, lane.want(now))
        tickets.turn()
        for event in tickets.events:
            if event.ticket != self._last:
                self.events.append(event)
            elif isinstance(event, ReceiptEnded):
                self.missing |= event.missing
                self._last_ended = True
        tickets.events.clear()

    @property
    def _sequences(self) -> tuple[int, ...]:
        return tuple(lane.sequence for lane in self._lanes)
