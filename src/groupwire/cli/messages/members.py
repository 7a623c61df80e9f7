"""``members``: who publishes and who subscribes in a group."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.messages.common import MessagePlace
from groupwire.cli.options.messages.looking import LookingOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.messages.looked import Looked
from groupwire.cli.render.out import Out

if TYPE_CHECKING:
    from groupwire.aio import Onlooking, PeerConfig
    from groupwire.gather import Expectation

__all__ = ["members"]


@spread
def members(
    options: LookingOptions, place: MessagePlace, reach: Reach, speech: Speech
) -> int:
    """Show who publishes and who subscribes in a group.

    It asks the group, and all who are there answer; nobody is told who has asked.
    With --follow it goes on and shows who comes, and who has left or fallen silent.
    """
    out = speech.out()
    where = place.read()
    plan = _Plan(where, options, options.expected, options.config(where, reach))
    return signals.run(_members(plan, out), out)


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    options: LookingOptions
    expected: Expectation | None
    config: PeerConfig


async def _members(plan: _Plan, out: Out) -> int:
    from groupwire import aio

    shown = Looked(out, plan.expected, follow=plan.options.follow)
    onlooking = aio.members(plan.where.group, config=plan.config)
    with signals.ending(lambda: shown.begun, lambda: shown.end(onlooking)):
        async with onlooking:
            shown.joined(onlooking)
            try:
                await _look(onlooking, plan, shown, out)
            finally:
                shown.look(onlooking)
    return ExitCode.DONE if shown.complete else ExitCode.MISSING


async def _look(onlooking: Onlooking, plan: _Plan, shown: Looked, out: Out) -> None:
    from groupwire.cli.render.links import show_change
    from groupwire.net import MembershipLost, MembershipRenewed

    with suppress(TimeoutError):
        async with asyncio.timeout(plan.options.for_s):
            async for event in onlooking:
                if isinstance(event, MembershipLost | MembershipRenewed):
                    show_change(out, event)
                    continue
                shown.show(event, onlooking)
                if plan.expected is not None and shown.complete:
                    return
