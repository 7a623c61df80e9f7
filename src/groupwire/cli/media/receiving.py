"""``pipe --format ts|rtp``: a group's transport stream to standard output."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Speech, Where
from groupwire.cli.options.media.piping import MediaOptions, PipeOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.outlet import Outlet
from groupwire.cli.render.media.received import Received
from groupwire.cli.render.out import Out
from groupwire.errors import UsageError

if TYPE_CHECKING:
    from groupwire.aio.media import MediaReceiving

__all__ = ["receive"]

_ONLY_SENT = ("--announce", "--sdp", "--ts-rate")
_INTERVAL_S = 1.0


def receive(
    options: PipeOptions, media: MediaOptions, where: Where, speech: Speech
) -> int:
    """Receive until it is silent, the time is over, or nobody reads it."""
    out = speech.out(raw=True)
    if wrong := [name for name in media.named() if name in _ONLY_SENT]:
        raise UsageError(
            f"{wrong[0]} is for who sends, and standard input has nothing to send",
            fix="give a stream on standard input, or say --send",
        )
    return signals.run(_receive(options, media, where, out), out)


async def _receive(
    options: PipeOptions, media: MediaOptions, where: Where, out: Out
) -> int:
    from groupwire.aio.media import receive_media

    shown = Received(out, str(where.group))
    receiving = receive_media(where.group, interface=where.interface, stall=media.stall)
    with signals.ending(lambda: shown.begun, lambda: shown.end(receiving.stats)):
        async with receiving:
            shown.joined(receiving.joined[0])
            telling = asyncio.create_task(_tell(receiving, shown))
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(options.seconds):
                        await _write(receiving)
            finally:
                telling.cancel()
    return ExitCode.DONE if receiving.stats.size_bytes else ExitCode.MISSING


async def _write(receiving: MediaReceiving) -> None:
    outlet = Outlet()
    async for data in receiving:
        await outlet.write(data)


async def _tell(receiving: MediaReceiving, shown: Received) -> None:
    while True:
        await asyncio.sleep(_INTERVAL_S)
        shown.look(receiving.stats)
