"""``receive``: joins a group, shows what arrives, and answers it."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Place, Speech, Where
from groupwire.cli.options.members import networks
from groupwire.cli.options.receiving import ReceiveOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.sink import Sink
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.arrivals import Arrivals
from groupwire.cli.render.out import Out
from groupwire.gather import checked_name

if TYPE_CHECKING:
    from groupwire.aio import Message, Peer

__all__ = ["receive"]


@spread
def receive(options: ReceiveOptions, place: Place, speech: Speech) -> int:
    """Join a group, show what arrives, and answer it.

    Answers go by unicast to the sender, and only to senders on the own link, to the
    source named in the group, or to --answer-to networks. What is plainly a media
    or NORM stream is shown and not answered.
    """
    out = speech.out(raw=options.raw)
    if options.name is not None:
        checked_name(options.name)
    plan = _Plan(place.read(), options, networks("--answer-to", options.answer_to))
    return signals.run(_receive(plan, out), out)


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    options: ReceiveOptions
    answer_to: tuple[IPv4Network | IPv6Network, ...]

    @property
    def answer(self) -> bytes | None:
        """What is answered, None for nothing."""
        options = self.options
        return None if options.no_answer else os.fsencode(options.answer)


async def _receive(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    arrivals = Arrivals(out, plan.where.group)
    config = aio.PeerConfig(
        name=plan.options.name,
        interface=plan.where.interface,
        answer_to=plan.answer_to,
        answer_rate=plan.options.answer_rate,
        answer_pings=not plan.options.no_answer,
    )
    output = plan.options.output
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(output)) if output else None
        stack.enter_context(signals.ending(lambda: arrivals.begun, arrivals.end))
        async with aio.open(plan.where.group, config=config) as peer:
            arrivals.joined(peer, plan.answer)
            try:
                await _listen(peer, _Handling(plan, out, arrivals, sink))
            finally:
                arrivals.leaving(peer.stats)
    return ExitCode.DONE


async def _listen(peer: Peer, handling: _Handling) -> None:
    changes = asyncio.create_task(_tell_changes(peer, handling.arrivals))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(handling.plan.options.seconds):
                async for message in peer.listen():
                    handling.handle(message)
                    if handling.arrivals.messages == handling.plan.options.count:
                        return
    finally:
        changes.cancel()


async def _tell_changes(peer: Peer, arrivals: Arrivals) -> None:
    async for event in peer.events():
        arrivals.changed(event)


@dataclass(frozen=True, slots=True)
class _Handling:
    """What is done with one message, in this order: keep it, answer it, show it."""

    plan: _Plan
    out: Out
    arrivals: Arrivals
    sink: Sink | None

    def handle(self, message: Message) -> None:
        # An answer says "I have it": it leaves when the bytes are where they belong.
        if self.sink is not None:
            self.sink.write(message.data)
        if self.out.raw:
            self.out.payload(message.data)
        self.arrivals.message(message, self._answer(message))

    def _answer(self, message: Message) -> str | None:
        """Answer it; return why not, if so."""
        if self.plan.answer is None:
            return "no-answer"
        refusal = message.answer(self.plan.answer)
        return None if refusal is None else str(refusal)
