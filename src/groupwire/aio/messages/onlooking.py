"""Who is in a group, seen by one who neither publishes nor subscribes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from groupwire.aio.config import PeerConfig
from groupwire.aio.ends.opening import Ends, open_hearing
from groupwire.aio.inbox import Inbox
from groupwire.aio.messages.session import Session, new_dice
from groupwire.messages.events import PresenceEvent
from groupwire.messages.members import Member, Standing
from groupwire.messages.subscribe.onlooker import Onlooker
from groupwire.net import MembershipEvent
from groupwire.values import Group

__all__ = ["Onlooking"]

_MOST_EVENTS = 10_000


class Onlooking(Session[PresenceEvent]):
    """The members of a group; made by :func:`groupwire.aio.members`.

    It joins, asks who is here, and listens; nobody is told of it. ``members`` is who is
    known to be here: all who answer, mostly within 50 ms, with many members within
    seconds. Iterating gives each who comes (MemberJoined: also who was here before),
    goes (MemberLeft, with the reason), or has begun anew (PublisherRestarted), and
    memberships of this machine that were lost and renewed, until it is closed::

        async with aio.members("239.255.42.99:10002") as watching:
            await asyncio.sleep(1)
            print(watching.members)
            async for event in watching:
                print(event)
    """

    _what = "onlooker"

    def __init__(self, group: Group, config: PeerConfig) -> None:
        super().__init__(group, config.name)
        self.config = config
        self._onlooker: Onlooker | None = None
        self._events: Inbox[PresenceEvent | MembershipEvent] = Inbox(_MOST_EVENTS)

    def standing(self, member: Member) -> Standing | None:
        """Return since when a member is here and what it has sent, as it said last.

        None where it is not here. UsageError before it is open.
        """
        if self._onlooker is None:
            raise self._too_early()
        return self._onlooker.standing(member)

    async def close(self) -> None:
        """Leave; ends the iteration. Any number of times."""
        await self._leave_group()

    def __aiter__(self) -> Self:
        """Iterate over who comes and goes, until this is closed."""
        return self

    async def __anext__(self) -> PresenceEvent | MembershipEvent:
        event = await self.next_event()
        if event is None:
            raise StopAsyncIteration
        return event

    async def next_event(self) -> PresenceEvent | MembershipEvent | None:
        """Return what the iteration gives next; None once closed and empty."""
        if self._core is None:
            raise self._too_early()
        return await self._events.take()

    def _join(self) -> Ends:
        return open_hearing(self.group, self.config)

    def _make(self, ends: Ends) -> Onlooker:  # noqa: ARG002 - it sends little
        self._onlooker = Onlooker(self.name, new_dice())
        return self._onlooker

    def _end(self) -> None:
        self._events.close()

    def _hear(self, events: Sequence[PresenceEvent]) -> None:
        self._put(events)

    def _tell(self, events: Sequence[MembershipEvent]) -> None:
        self._put(events)

    def _put(self, events: Sequence[PresenceEvent | MembershipEvent]) -> None:
        for event in events:
            if not self._events.put(event):
                self._lost_events += 1
