"""``receive``: joins a group, shows what arrives, and answers it."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import (
    GroupOption,
    InterfaceOption,
    JsonOption,
    QuietOption,
    VerboseOption,
    Where,
    tone,
)
from groupwire.cli.options.members import networks
from groupwire.cli.options.receiving import (
    AnswerOption,
    AnswerRateOption,
    AnswerToOption,
    CountOption,
    DurationOption,
    NameOption,
    NoAnswerOption,
    OutputOption,
    RawOption,
)
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.sink import Sink
from groupwire.cli.render.arrivals import Arrivals
from groupwire.cli.render.out import Out
from groupwire.gather import checked_name

if TYPE_CHECKING:
    from groupwire.aio import Message, Peer

__all__ = ["receive"]


def receive(  # noqa: PLR0913, PLR0917 - one parameter for each option
    answer: AnswerOption = "ack",
    no_answer: NoAnswerOption = False,
    name: NameOption = None,
    answer_to: AnswerToOption = None,
    answer_rate: AnswerRateOption = 1000,
    count: CountOption = None,
    seconds: DurationOption = None,
    raw: RawOption = False,
    output: OutputOption = None,
    group: GroupOption = None,
    interface: InterfaceOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Join a group, show what arrives, and answer it.

    Answers go by unicast to the sender, and only to senders on the own link, to the
    source named in the group, or to --answer-to networks. What is plainly a media
    or NORM stream is shown and not answered.
    """
    out = Out(tone(json=json, quiet=quiet, verbose=verbose), raw=raw)
    plan = _Plan(
        where=Where.read(group, interface),
        answer=None if no_answer else os.fsencode(answer),
        name=None if name is None else checked_name(name),
        answer_to=networks("--answer-to", answer_to),
        answer_rate=answer_rate,
        count=count,
        duration=seconds,
        output=output,
    )
    return signals.run(_receive(plan, out), out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    where: Where
    answer: bytes | None
    name: str | None
    answer_to: tuple[IPv4Network | IPv6Network, ...]
    answer_rate: int
    count: int | None
    duration: float | None
    output: str | None


async def _receive(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    arrivals = Arrivals(out, plan.where.group)
    config = aio.PeerConfig(
        name=plan.name,
        interface=plan.where.interface,
        answer_to=plan.answer_to,
        answer_rate=plan.answer_rate,
    )
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(plan.output)) if plan.output else None
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
            async with asyncio.timeout(handling.plan.duration):
                async for message in peer.listen():
                    handling.handle(message)
                    if handling.arrivals.messages == handling.plan.count:
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
