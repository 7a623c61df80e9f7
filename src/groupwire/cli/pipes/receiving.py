"""``pipe``: any bytes from a group to standard output."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.pipes.raw import RawOptions
from groupwire.cli.pipes.writing import Writing, writing
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.descriptors import widen
from groupwire.cli.render.out import Out
from groupwire.cli.render.pipes.received import Received

if TYPE_CHECKING:
    from groupwire.aio.pipes import PipeConfig, PipeReceiving

__all__ = ["receive"]

_STDOUT = 1
_STOPPED = "stopped"
_END_S = 0.3
"""How long the end may be behind the last byte."""


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    config: PipeConfig
    seconds: float | None


def receive(
    raw: RawOptions, seconds: float | None, where: Where, reach: Reach, speech: Speech
) -> int:
    """Write what one sender sends, to its end."""
    out = speech.out(raw=True)
    plan = _Plan(where, raw.config(where, reach, sends=False), seconds)
    return signals.run(_receive(plan, out), out)


async def _receive(plan: _Plan, out: Out) -> int:
    from groupwire.aio.pipes import pipe_from

    shown = Received(out)
    receiving = pipe_from(plan.where.group, config=plan.config)
    with signals.ending(lambda: shown.begun, shown.end):
        async with receiving:
            shown.joined(receiving)
            tasks = [
                asyncio.create_task(_show(receiving, shown)),
                asyncio.create_task(_changes(receiving, out)),
                asyncio.create_task(_progress(shown, out)),
            ]
            try:
                async with asyncio.timeout(plan.seconds):
                    await _pipe(receiving, shown)
            except TimeoutError:
                shown.timed_out = True
            finally:
                await asyncio.sleep(0)  # what was told last is shown
                for task in tasks:
                    task.cancel()
    return ExitCode.DONE if shown.complete else ExitCode.MISSING


async def _pipe(receiving: PipeReceiving, shown: Received) -> None:
    """Write all, and tell the sender that it is written, or why not."""
    from groupwire.messages.piping.audience import DONE
    from groupwire.messages.piping.events import Outcome

    why = _STOPPED
    if receiving.config.live is None:  # else nothing is to wait there
        widen(_STDOUT)
    sink = writing(receiving.config.live, shown)
    try:
        await _write(receiving, shown, sink)
        outcome = receiving.intake.outcome
        why = DONE if outcome is Outcome.COMPLETE else str(outcome)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise
    except asyncio.CancelledError:
        if await _was_the_end(receiving, sink):
            why = DONE
        raise
    finally:
        receiving.enough(why)


async def _was_the_end(receiving: PipeReceiving, sink: Writing) -> bool:
    """Return whether nothing more has come than was written: only the end, perhaps.

    Who reads an archive knows where it ends, and goes before we do.
    """
    from groupwire.messages.piping.events import Outcome

    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(_END_S):
            await sink.finish()
            if not await receiving.read():
                return receiving.intake.outcome is Outcome.COMPLETE
    return False


async def _write(receiving: PipeReceiving, shown: Received, sink: Writing) -> None:
    clock = asyncio.get_running_loop().time
    while chunks := await receiving.read():
        shown.took(clock())
        await sink.write(chunks, receiving.intake.place)
    await sink.finish()
    shown.took(clock())


async def _show(receiving: PipeReceiving, shown: Received) -> None:
    async for event in receiving.events():
        shown.show(event)


async def _changes(receiving: PipeReceiving, out: Out) -> None:
    from groupwire.cli.render.links import show_change

    async for event in receiving.links():
        show_change(out, event)


async def _progress(shown: Received, out: Out) -> None:
    while True:
        await asyncio.sleep(out.rhythm_s)
        shown.progress()
