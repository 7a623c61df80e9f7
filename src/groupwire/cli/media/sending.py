"""``pipe --format ts|rtp``: a transport stream from standard input to a group."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.media.piping import MediaOptions, PipeOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.stopping import to_its_end
from groupwire.cli.render.media.sent import Sent
from groupwire.cli.render.out import Out
from groupwire.errors import UsageError

if TYPE_CHECKING:
    from groupwire.aio.media import MediaProgress

__all__ = ["send"]

_INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True)
class _Plan:
    where: Where
    form: str
    media: MediaOptions
    reach: Reach
    seconds: float | None


def send(
    options: PipeOptions,
    media: MediaOptions,
    where: Where,
    reach: Reach,
    speech: Speech,
) -> int:
    """Send to the end of standard input."""
    out = speech.out()
    if media.stall is not None:
        raise UsageError("--stall is for who receives", fix="leave it out")
    plan = _Plan(where, str(options.format), media, reach, options.seconds)
    return signals.run(_send(plan, out), out)


async def _send(plan: _Plan, out: Out) -> int:
    shown = Sent(out, str(plan.where.group), plan.media.announce)

    async def sending(stop: asyncio.Event) -> None:
        timer = None
        if plan.seconds is not None:
            timer = asyncio.get_running_loop().call_later(plan.seconds, stop.set)
        try:
            async for progress in _playing(plan, stop):
                if not shown.begun:
                    await _write_sdp(plan.media.sdp, progress)
                shown.take(progress)
        finally:
            if timer is not None:
                timer.cancel()

    with signals.ending(lambda: shown.begun, shown.end):
        await to_its_end(sending)
    return ExitCode.DONE if shown.sent else ExitCode.MISSING


def _playing(plan: _Plan, stop: asyncio.Event) -> AsyncGenerator[MediaProgress, None]:
    from groupwire import aio
    from groupwire.aio.media import send_media

    media, reach = plan.media, plan.reach
    named = {} if media.announce is None else {"name": media.announce}
    return send_media(
        _stdin(),
        plan.where.group,
        form=plan.form,
        announce=media.announce is not None,
        rate=media.ts_rate,
        interval=_INTERVAL_S,
        stop=stop,
        config=aio.PeerConfig(
            interface=plan.where.interface, ttl=reach.ttl, dscp=reach.dscp
        ),
        **named,
    )


async def _write_sdp(path: str | None, progress: MediaProgress) -> None:
    if path is not None:
        await asyncio.to_thread(Path(path).write_bytes, progress.sdp)


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise UsageError("there is no standard input to read", fix="give a pipe")
    return sys.stdin.buffer
