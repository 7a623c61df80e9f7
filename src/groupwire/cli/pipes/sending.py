"""``pipe``: any bytes from standard input to a group."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.pipes.raw import RawOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.descriptors import widen
from groupwire.cli.render.out import Out
from groupwire.cli.render.pipes.sent import Sent
from groupwire.errors import UsageError

if TYPE_CHECKING:
    from groupwire.aio.pipes import PipeConfig, PipeSending

__all__ = ["send"]


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    config: PipeConfig
    seconds: float | None


def send(
    raw: RawOptions, seconds: float | None, where: Where, reach: Reach, speech: Speech
) -> int:
    """Send standard input to its end, to all who read."""
    out = speech.out()
    _check_input()
    plan = _Plan(where, raw.config(where, reach, sends=True), seconds)
    return signals.run(_send(plan, out), out)


def _check_input() -> None:
    """Refuse a closed standard input, before anybody is told of a pipe."""
    try:
        os.fstat(sys.stdin.fileno())
    except (AttributeError, OSError, ValueError):
        raise UsageError(
            "there is no standard input to read", fix="give a pipe or a file"
        ) from None


async def _send(plan: _Plan, out: Out) -> int:
    from groupwire.aio.pipes import pipe_to

    shown = Sent(out)
    sending = pipe_to(plan.where.group, config=plan.config)
    with signals.ending(lambda: shown.begun, shown.end):
        async with sending:
            shown.start(sending)
            telling = [_show(sending, shown), _progress(sending, shown, out)]
            tasks = [asyncio.create_task(one) for one in telling]
            try:
                await _pipe(sending, plan, shown)
            finally:
                for task in tasks:
                    task.cancel()
    return ExitCode.DONE if sending.report.complete else ExitCode.MISSING


async def _pipe(sending: PipeSending, plan: _Plan, shown: Sent) -> None:
    if not await sending.begin():
        shown.nobody = True
        return
    shown.began(sending)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.seconds):
                await _write(sending)
    except BrokenPipeError:
        shown.deserted = True
        return
    await sending.finish()


async def _write(sending: PipeSending) -> None:
    from groupwire.aio.delivery.streams import pieces_of

    if sending.config.live is None:  # else nothing is to wait there
        widen(sys.stdin.fileno())
    pieces = pieces_of(sys.stdin.buffer)
    # A file is read in a thread: the next piece while this one leaves.
    ahead = asyncio.ensure_future(pieces.next())
    try:
        while piece := await ahead:
            ahead = asyncio.ensure_future(pieces.next())
            await sending.write(piece)
    finally:
        ahead.cancel()


async def _show(sending: PipeSending, shown: Sent) -> None:
    async for event in sending.events():
        shown.show(event)


async def _progress(sending: PipeSending, shown: Sent, out: Out) -> None:
    while True:
        await asyncio.sleep(out.rhythm_s)
        shown.progress(sending.report)
