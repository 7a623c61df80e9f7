"""``subscribe``: shows the messages of topics, and every one that is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.messages.common import MessagePlace
from groupwire.cli.options.messages.subscribing import SubscribeOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.messages.subscribed import Subscribed
from groupwire.cli.render.out import Out

if TYPE_CHECKING:
    from groupwire.aio import SubscribeConfig, Subscribing

__all__ = ["subscribe"]

PatternsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATTERN]...",
        help="Topics, as in MQTT: + is one level, # the rest. Without any all of them.",
        show_default=False,
    ),
]


@spread
def subscribe(
    options: SubscribeOptions,
    place: MessagePlace,
    reach: Reach,
    speech: Speech,
    patterns: PatternsArgument = None,
) -> int:
    """Show the messages of topics as they come, and every one that is lost.

    A subscriber that is there before a publisher has its first message. Who comes later
    begins with what is sent then, or with the last value of each topic.
    """
    out = speech.out(raw=options.raw)
    where = place.read()
    plan = _Plan(
        where, tuple(patterns or ("#",)), options, options.config(where, reach)
    )
    return signals.run(_subscribe(plan, out), out)


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    patterns: tuple[str, ...]
    options: SubscribeOptions
    config: SubscribeConfig


async def _subscribe(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    shown = Subscribed(out, plan.options.count)
    subscribing = aio.subscribe(plan.where.group, *plan.patterns, config=plan.config)
    with signals.ending(lambda: shown.begun, lambda: shown.end(subscribing)):
        async with subscribing:
            shown.joined(subscribing)
            await _listen(subscribing, plan, shown, out)
    return ExitCode.DONE


async def _listen(
    subscribing: Subscribing, plan: _Plan, shown: Subscribed, out: Out
) -> None:
    changes = asyncio.create_task(_tell_changes(subscribing, out))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.options.seconds):
                async for event in subscribing.everything():
                    if shown.show(event):
                        return
    finally:
        changes.cancel()


async def _tell_changes(subscribing: Subscribing, out: Out) -> None:
    from groupwire.cli.render.links import show_change

    async for event in subscribing.links():
        show_change(out, event)
