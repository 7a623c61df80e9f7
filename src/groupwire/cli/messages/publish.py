"""``publish``: sends messages under a topic, and stays until subscribers have them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.messages.audience import Audience, Patience
from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.messages.common import MessagePlace
from groupwire.cli.options.messages.publishing import (
    MessageArgument,
    PublishOptions,
    TopicArgument,
)
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.plumbing.stdin import stdin_descriptor, stdin_is_terminal
from groupwire.cli.render.messages.published import Published
from groupwire.cli.render.out import Out
from groupwire.errors import AddressError, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.frames import MAX_MESSAGE_BYTES
from groupwire.messages.topics import checked_topic
from groupwire.values import DEFAULT_MESSAGE_GROUP, Group
from groupwire.values.notation import split_bare

if TYPE_CHECKING:
    from groupwire.aio import PublishConfig, Publishing
    from groupwire.aio.messages import Published as Sent
    from groupwire.aio.messages.message import Receipt

__all__ = ["publish"]

_STDIN = "-"
_TOO_LARGE = "send a file instead: groupwire push"


@spread
def publish(
    options: PublishOptions,
    place: MessagePlace,
    reach: Reach,
    speech: Speech,
    topic: TopicArgument,
    message: MessageArgument = None,
) -> int:
    """Publish messages under a topic, and stay until subscribers have them.

    A subscriber that is there already has the first message too; what is lost on the
    way is repaired. It ends when all who are expected, or all who are there, have
    acknowledged everything, and names those that have not: then the exit code is 1,
    as it is when nobody is there.
    """
    out = speech.out()
    where = place.read()
    if not where.named:
        _refuse_slip(topic)
    checked_topic(topic)
    plan = _Plan(
        where,
        topic,
        _source(message, options),
        options.lines,
        Patience(options.expected, options.start_with, options.wait),
        options.config(where, reach),
    )
    return signals.run(_publish(plan, out), out)


def _refuse_slip(topic: str) -> None:
    """Refuse a group where the topic belongs: who means it has said -g."""
    try:
        parts = split_bare(topic)
        port = parts.port_number() if parts.port else DEFAULT_MESSAGE_GROUP.port
        group = Group(parts.ip, port, parts.source, parts.interface)
    except AddressError:
        return
    raise UsageError(
        f"{topic} reads as a group, and the topic comes first",
        fix=f"groupwire publish TOPIC MESSAGE -g {group}",
    )


def _source(message: str | None, options: PublishOptions) -> bytes | None:
    """Return the message, None for standard input; UsageError where there is none."""
    if options.lines:
        if message is not None or options.null_message:
            raise UsageError(
                "-l takes messages from standard input",
                fix="leave MESSAGE and --null-message out",
            )
        stdin_descriptor()
        return None
    if options.null_message:
        if message is not None:
            raise UsageError(
                "--null-message is a message itself", fix="leave MESSAGE out"
            )
        return b""
    if message is None and stdin_is_terminal():
        raise UsageError(
            "there is no message",
            fix="give it behind the topic, by a pipe, or with -l line by line",
        )
    if message == _STDIN:
        stdin_descriptor()
    return None if message in {None, _STDIN} else os.fsencode(message or "")


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    topic: str
    message: bytes | None
    """None: from standard input."""
    lines: bool
    patience: Patience
    config: PublishConfig

    async def payloads(self) -> AsyncIterator[Sequence[bytes]]:
        """Iterate over what is to be published, as it comes."""
        if self.lines:
            from groupwire.cli.plumbing.lines import read_lines

            async for lines in read_lines(MAX_MESSAGE_BYTES):
                yield lines
        elif self.message is None:
            from groupwire.cli.plumbing.stdin import read_message

            yield [await read_message(MAX_MESSAGE_BYTES, fix=_TOO_LARGE)]
        else:
            yield [self.message]


async def _publish(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    shown = Published(out, plan.topic, plan.patience.expected)
    publishing = aio.publish(plan.where.group, config=plan.config)
    with signals.ending(lambda: shown.begun, lambda: shown.end(publishing)):
        async with publishing:
            shown.start(publishing)
            audience = Audience(plan.patience)
            telling = asyncio.create_task(_tell(publishing, shown, audience))
            await _send(publishing, plan, shown, audience)
        # What was told while it closed is told before the end.
        await telling
    return ExitCode.DONE if shown.complete else ExitCode.MISSING


async def _send(
    publishing: Publishing, plan: _Plan, shown: Published, audience: Audience
) -> None:
    """Send all, and wait until it is known who has it."""
    await audience.before()
    last = None
    async for payloads in plan.payloads():
        last = await publishing.send_many(plan.topic, payloads)
        shown.sent(payloads)
    if last is None:
        shown.nothing()
    elif plan.config.delivery is Delivery.BESTEFFORT:
        await audience.after()
        shown.there(audience.seen)
    else:
        await _prove(last, plan, shown, audience)


async def _prove(last: Sent, plan: _Plan, shown: Published, audience: Audience) -> None:
    """Ask whoever comes at once: who wants no more than this soon leaves."""
    tickets: list[asyncio.Task[Receipt]] = []

    async def ask() -> None:
        async for _ in audience.changes():
            tickets.append(asyncio.create_task(last.received()))  # noqa: PERF401

    asking = asyncio.create_task(ask())
    try:
        await audience.after()
        asking.cancel()
        expected = plan.patience.expected
        names = None if expected is None else expected.names or None
        receipts = [
            await last.received(names, appear=0),
            *await asyncio.gather(*tickets),
        ]
    finally:
        for task in (asking, *tickets):
            task.cancel()
    received = frozenset[str]().union(*(receipt.received for receipt in receipts))
    shown.received(received, receipts[0].missing - received)


async def _tell(publishing: Publishing, shown: Published, audience: Audience) -> None:
    async for event in publishing.events():
        shown.show(event)
        audience.hear(event)
