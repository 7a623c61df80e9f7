"""Asks subscribers who has a message, and waits for what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TypeAlias

from groupwire.aio.ends.running import Running
from groupwire.aio.messages.audience import Audience, checked_wanted
from groupwire.aio.messages.message import Published, Receipt, Wanted
from groupwire.errors import ClosedError, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import PublishEvent, ReceiptEnded
from groupwire.messages.members import Member
from groupwire.messages.publish.publisher import Publisher

__all__ = ["Receipts"]

_AtWork: TypeAlias = "Callable[[], tuple[Publisher, Running[PublishEvent]]]"


class Receipts:
    """The receipts that are waited for; ``at_work`` raises once that is in vain."""

    def __init__(self, audience: Audience, at_work: _AtWork) -> None:
        self._audience = audience
        self._at_work = at_work
        self._tickets: dict[int, asyncio.Future[Receipt]] = {}

    def ended(self, event: ReceiptEnded) -> None:
        """Take in what has become of one."""
        waiting = self._tickets.pop(event.ticket, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(Receipt(event.received, event.missing))

    def close(self) -> None:
        """Tell who still waits that nothing more is heard."""
        for waiting in self._tickets.values():
            if not waiting.done():
                waiting.set_exception(ClosedError("this publisher"))

    async def of(
        self,
        published: Published,
        by: Wanted,
        *,
        timeout: float | None,
        appear: float,
    ) -> Receipt:
        """Wait until those who are wanted have it: ``Published.received`` says how."""
        wanted = checked_wanted(by)
        if published.delivery is Delivery.BESTEFFORT:
            raise UsageError(
                "nobody acknowledges besteffort", fix="send it reliable or latest"
            )
        if published.sequence < 0:
            names = wanted if isinstance(wanted, frozenset) else self._audience.names
            return Receipt(frozenset(), frozenset(names))
        now = asyncio.get_running_loop().time
        ends = None if timeout is None else now() + timeout
        asked: dict[Member, None] = {}
        tickets: list[asyncio.Task[Receipt]] = []
        begun = now() + appear
        try:
            while True:
                new = self._not_asked(published, wanted, asked)
                if new:
                    asked.update(dict.fromkeys(new))
                    asking = self._ask(published, new, ends)
                    tickets.append(asyncio.create_task(asking))
                until = self._appears_until(wanted, asked, begun, ends)
                if until is None or until <= now():
                    break
                await self._audience.change(until)
            receipts = await asyncio.gather(*tickets)
        finally:
            for ticket in tickets:
                ticket.cancel()
        return _summed(receipts, wanted)

    async def of_one(self, published: Published, member: Member) -> bool:
        """Wait for what one says who is here, whoever else has its name."""
        receipt = await self._ask(published, [member], None)
        return bool(receipt.received)

    def _not_asked(
        self,
        published: Published,
        wanted: int | frozenset[str] | None,
        asked: Collection[Member],
    ) -> list[Member]:
        """Return who is here, is wanted, and was not asked so far.

        Who came after the message has nothing to say of it.
        """
        core, _ = self._at_work()
        sequence, delivery = published.sequence, published.delivery
        names = wanted if isinstance(wanted, frozenset) else None
        return [
            member
            for member in self._audience.here
            if member not in asked
            and (names is None or member.name in names)
            and not core.came_later(member, sequence, delivery)
        ]

    def _appears_until(
        self,
        wanted: int | frozenset[str] | None,
        asked: Collection[Member],
        begun: float,
        ends: float | None,
    ) -> float | None:
        """Return until when others may appear; None once nobody has to.

        A name may be that of more than one, and of so many some may have come later:
        nobody knows before all have had time to say so.
        """
        if self._audience.closed:
            return None
        if isinstance(wanted, int) and len(asked) >= wanted:
            return None
        if wanted is None or self._have_appeared(wanted, asked):
            soon = self.acquainted_in()
            if not soon:
                return None
            begun = asyncio.get_running_loop().time() + soon
        return begun if ends is None else min(begun, ends)

    def _have_appeared(
        self, wanted: int | frozenset[str], asked: Collection[Member]
    ) -> bool:
        """Return whether all who are wanted are here, or were and have left."""
        if isinstance(wanted, int):
            return len({*self._audience.here, *asked}) >= wanted
        return self._audience.has_seen(wanted)

    def acquainted_in(self) -> float:
        """Return for how long those who were here before may still say so."""
        core, running = self._at_work()
        return core.acquainted_in(now=running.driver.time())

    async def _ask(
        self, published: Published, these: Collection[Member], ends: float | None
    ) -> Receipt:
        """Ask these, who are here, and wait for what they say."""
        core, running = self._at_work()
        loop = running.driver.loop
        ticket = core.want_received(
            these,
            now=running.driver.time(),
            sequence=published.sequence,
            delivery=published.delivery,
        )
        waiting: asyncio.Future[Receipt] = loop.create_future()
        self._tickets[ticket] = waiting
        running.driver.pump()
        late = None
        if ends is not None:
            late = loop.call_at(ends, self._end_ticket, ticket)
        try:
            return await waiting
        finally:
            if not waiting.done() or waiting.cancelled():
                self._end_ticket(ticket)  # nobody waits for it any more
            self._tickets.pop(ticket, None)
            if late is not None:
                late.cancel()

    def _end_ticket(self, ticket: int) -> None:
        with suppress(ClosedError):
            core, running = self._at_work()
            core.end_ticket(ticket, now=running.driver.time())
            running.driver.pump()


def _summed(
    receipts: Collection[Receipt], wanted: int | frozenset[str] | None
) -> Receipt:
    """Return what several receipts say together; who never came is missing."""
    told = [*(r.received for r in receipts), *(r.missing for r in receipts)]
    missing = frozenset[str]().union(*(r.missing for r in receipts))
    received = frozenset[str]().union(*(r.received for r in receipts)) - missing
    if isinstance(wanted, frozenset):
        known = {name.partition(" ")[0] for names in told for name in names}
        missing |= wanted - known
    unknown = wanted - len(received | missing) if isinstance(wanted, int) else 0
    return Receipt(received, missing, max(0, unknown))
