"""``subscribe``: shows the messages of topics, and every one that is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.messages.common import MessagePlace
from groupwire.cli.options.messages.subscribing import (
    PatternsArgument,
    SubscribeOptions,
)
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.sink import check_stdout
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.messages.subscribed import Subscribed
from groupwire.cli.render.out import Out

if TYPE_CHECKING:
    from groupwire.aio import SubscribeConfig, Subscribing

__all__ = ["subscribe"]

_LINGER_S = 0.3
"""For so long who has enough stays: a publisher may ask soon whether it has it."""


@spread
def subscribe(
    options: SubscribeOptions,
    place: MessagePlace,
    reach: Reach,
    speech: Speech,
    patterns: PatternsArgument = None,
) -> int:
    """Show the messages of topics as they come, and every one that is lost.

    Each is a line: the topic, a space, the message. A subscriber that is there before
    a publisher has its first message. Who comes later begins with what is sent then,
    with the last value of each topic, or with all that is kept. While nobody reads
    what it writes, publishers wait.
    """
    out = speech.out(raw=options.raw)
    check_stdout("messages")
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

    shown = Subscribed(out, plan.options.count, topics=not plan.options.no_topic)
    subscribing = aio.subscribe(plan.where.group, *plan.patterns, config=plan.config)
    with signals.ending(lambda: shown.begun, lambda: shown.end(subscribing)):
        async with subscribing:
            shown.joined(subscribing)
            await _listen(subscribing, plan, shown, out)
    return ExitCode.DONE if shown.silent_s is None else ExitCode.MISSING


async def _listen(
    subscribing: Subscribing, plan: _Plan, shown: Subscribed, out: Out
) -> None:
    changes = asyncio.create_task(_tell_changes(subscribing, out))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.options.seconds):
                await _take_until_silent(subscribing, plan, shown, out)
    finally:
        changes.cancel()


async def _take_until_silent(
    subscribing: Subscribing, plan: _Plan, shown: Subscribed, out: Out
) -> None:
    try:
        async with asyncio.timeout(plan.options.timeout) as silence:
            await _take(subscribing, plan, shown, out, silence)
    except TimeoutError:
        shown.silent_s = plan.options.timeout


async def _take(
    subscribing: Subscribing,
    plan: _Plan,
    shown: Subscribed,
    out: Out,
    silence: asyncio.Timeout,
) -> None:
    """Show what comes: written when nothing else waits, or when it is much.

    Only as fast as it is read: nothing more is taken meanwhile, and publishers wait.
    """
    counted, until = shown.messages, silence.when()
    async for event in subscribing.everything():
        if shown.show(event):
            shown.flush()
            silence.reschedule(None)
            await asyncio.sleep(_LINGER_S)
            return
        if subscribing.waiting and not shown.full:
            continue
        silence.reschedule(None)
        shown.flush()
        await out.drained()
        if subscribing.waiting:
            await asyncio.sleep(0)  # others have their turn
        if shown.messages > counted:
            counted, until = shown.messages, _later(plan.options.timeout)
        silence.reschedule(until)


def _later(within_s: float | None) -> float | None:
    return None if within_s is None else asyncio.get_running_loop().time() + within_s


async def _tell_changes(subscribing: Subscribing, out: Out) -> None:
    from groupwire.cli.render.links import show_change

    async for event in subscribing.links():
        show_change(out, event)
