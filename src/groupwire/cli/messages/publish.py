"""``publish``: sends messages under a topic, and stays until subscribers have them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.messages.common import MessagePlace
from groupwire.cli.options.messages.publishing import PublishOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.messages.published import Published
from groupwire.cli.render.out import Out
from groupwire.errors import UsageError
from groupwire.messages.frames import MAX_MESSAGE_BYTES
from groupwire.messages.topics import checked_topic

if TYPE_CHECKING:
    from groupwire.aio import PublishConfig, Publishing
    from groupwire.gather import Expectation

__all__ = ["publish"]

_STDIN = "-"

TopicArgument = Annotated[
    str, typer.Argument(metavar="TOPIC", help="Levels divided by /, as in MQTT.")
]
MessageArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[MESSAGE]",
        help="What to publish; - is standard input. Without it an empty message.",
        show_default=False,
    ),
]


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

    Whoever subscribes already has them all; what is lost on the way is repaired. It
    ends when all subscribers that are there have acknowledged, and names those that
    have not.
    """
    out = speech.out()
    if options.lines and message is not None:
        raise UsageError(
            "-l takes messages from standard input", fix="leave MESSAGE out"
        )
    checked_topic(topic)
    where = place.read()
    plan = _Plan(
        where,
        topic,
        message,
        options,
        options.expected,
        options.config(where, reach),
    )
    return signals.run(_publish(plan, out), out)


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    topic: str
    message: str | None
    options: PublishOptions
    expected: Expectation | None
    config: PublishConfig

    async def payloads(self) -> AsyncIterator[Sequence[bytes]]:
        """Iterate over what is to be published, as it comes."""
        if self.options.lines:
            from groupwire.cli.plumbing.lines import read_lines

            async for lines in read_lines(MAX_MESSAGE_BYTES):
                yield lines
        elif self.message == _STDIN:
            from groupwire.cli.plumbing.stdin import read_message

            yield [await read_message(MAX_MESSAGE_BYTES)]
        else:
            yield [os.fsencode(self.message or "")]

    def there(self, names: Sequence[str]) -> bool:
        """Return whether all who are expected are among these."""
        if self.expected is None:
            return False
        if self.expected.names:
            return set(self.expected.names) <= set(names)
        return len(names) >= self.expected.count


async def _publish(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    shown = Published(out, plan.topic)
    publishing = aio.publish(plan.where.group, config=plan.config)
    with signals.ending(lambda: shown.begun, lambda: shown.end(publishing)):
        async with publishing:
            shown.start(publishing)
            there = asyncio.Event()
            telling = asyncio.create_task(_tell(publishing, plan, shown, there))
            try:
                await _send(publishing, plan, shown, there)
            finally:
                telling.cancel()
    return ExitCode.DONE if shown.complete else ExitCode.MISSING


async def _send(
    publishing: Publishing, plan: _Plan, shown: Published, there: asyncio.Event
) -> None:
    """Send all, before or after subscribers appear: who is expected comes first."""
    until = asyncio.get_running_loop().time() + plan.options.wait_s
    if plan.expected is not None:
        await _appear(there, until)
    last = None
    async for payloads in plan.payloads():
        last = await publishing.send_many(plan.topic, payloads)
        shown.sent(payloads)
    if plan.expected is None:
        await _appear(there, until)
    received = missing = frozenset[str]()
    if last is not None:
        received, missing = await last.received()
    expected = plan.expected
    if expected is not None:
        missing |= set(expected.names) - received
    shown.received(received, missing, 0 if expected is None else expected.count)


async def _appear(there: asyncio.Event, until: float) -> None:
    """Wait until all who are expected are there, or for as long as they have."""
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await there.wait()


def _names(publishing: Publishing) -> list[str]:
    from groupwire.messages.members import Role

    members = publishing.members
    return [member.name for member in members if member.role is Role.SUBSCRIBER]


async def _tell(
    publishing: Publishing, plan: _Plan, shown: Published, there: asyncio.Event
) -> None:
    async for event in publishing.events():
        shown.show(event)
        if plan.there(_names(publishing)):
            there.set()
