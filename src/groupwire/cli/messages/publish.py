"""``publish``: sends messages under a topic, and stays until subscribers have them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
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
from groupwire.errors import AddressError, ClosedError, UsageError
from groupwire.gather import Expectation
from groupwire.messages.delivery import Delivery
from groupwire.messages.frames import MAX_MESSAGE_BYTES
from groupwire.messages.topics import checked_topic
from groupwire.values import DEFAULT_MESSAGE_GROUP, Group
from groupwire.values.notation import split_bare

if TYPE_CHECKING:
    from groupwire.aio import PublishConfig, Publishing
    from groupwire.aio.messages import Published as Sent

__all__ = ["publish"]

_STDIN = "-"
_TOO_LARGE = "send a file instead: groupwire push"
_EXPECTED_S = 5.0
"""How long who is expected has to appear."""
_LAST_S = 1.0
"""Where it is interrupted, so long subscribers have for what they lack."""


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
        _Waiting(options.expected, options.start_with, options.wait),
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
class _Waiting:
    """Who has to appear, and how long that may take."""

    expected: Expectation | None
    start_with: int | None
    wait_s: float | None

    @property
    def within_s(self) -> float:
        """How long that may take, from the beginning."""
        return _EXPECTED_S if self.wait_s is None else self.wait_s

    @property
    def who(self) -> int | frozenset[str] | None:
        """Who is expected, as the library has it."""
        if self.expected is None:
            return None
        return frozenset(self.expected.names) or self.expected.count

    async def begin(self, publishing: Publishing) -> None:
        """Wait for who has to be there before the first message, as long as it may."""
        first = self.who if self.start_with is None else self.start_with
        if first is None and self.wait_s is not None:
            await asyncio.sleep(self.wait_s)
        elif first:
            await publishing.wait_for(first, timeout=self.within_s)


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    topic: str
    message: bytes | None
    """None: from standard input."""
    lines: bool
    waiting: _Waiting
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

    shown = Published(out, plan.topic, plan.waiting.expected)
    publishing = aio.publish(plan.where.group, config=plan.config)
    with signals.ending(lambda: shown.begun, lambda: shown.end(publishing)):
        async with publishing:
            shown.start(publishing)
            telling = asyncio.create_task(_tell(publishing, shown))
            await _send(publishing, plan, shown)
        # What was told while it closed is told before the end.
        await telling
    return ExitCode.DONE if shown.complete else ExitCode.MISSING


async def _tell(publishing: Publishing, shown: Published) -> None:
    async for event in publishing.events():
        shown.show(event)


async def _send(publishing: Publishing, plan: _Plan, shown: Published) -> None:
    """Send all, and wait until it is known who has it, or broken off, who has what."""
    until = asyncio.get_running_loop().time() + plan.waiting.within_s
    last = None
    try:
        await plan.waiting.begin(publishing)
        async for payloads in plan.payloads():
            last = await publishing.send_many(plan.topic, payloads)
            shown.sent(payloads)
        await _prove(publishing, last, plan, shown, until)
    except (Exception, asyncio.CancelledError) as why:
        shown.broken_off(interrupted=isinstance(why, asyncio.CancelledError))
        with suppress(ClosedError):
            await _prove_so_far(publishing, last, plan, shown)
        raise


async def _prove(
    publishing: Publishing,
    last: Sent | None,
    plan: _Plan,
    shown: Published,
    until: float,
) -> None:
    """Find out who has it; who is expected has until then to appear."""
    appear = max(0.0, until - asyncio.get_running_loop().time())
    who = plan.waiting.who
    besteffort = plan.config.delivery is Delivery.BESTEFFORT
    if last is None:
        shown.nothing(acknowledged=not besteffort)
    elif besteffort:
        await publishing.wait_for(who, timeout=None if who is None else appear)
        shown.there()
    else:
        await _ask(last, who, shown, appear=appear)


async def _prove_so_far(
    publishing: Publishing, last: Sent | None, plan: _Plan, shown: Published
) -> None:
    """Find out who has what was sent, and wait no longer for the others."""
    if last is None:
        return
    if plan.config.delivery is Delivery.BESTEFFORT:
        shown.there()
        return
    await _ask(last, plan.waiting.who, shown, appear=0.0, timeout=_LAST_S)
    if not shown.complete:
        await publishing.abandon()


async def _ask(
    last: Sent,
    who: int | frozenset[str] | None,
    shown: Published,
    *,
    appear: float,
    timeout: float | None = None,
) -> None:
    """Ask who is expected, and at once whoever else is there: some leave soon."""
    expected, others = await asyncio.gather(
        last.received(who, appear=appear, timeout=timeout),
        last.received(timeout=timeout),
    )
    received = expected.received | others.received
    shown.received(received, expected.missing - received)
