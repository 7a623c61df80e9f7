"""A task of asyncio that takes messages, ended when nothing comes for long."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from .peer import Taken

__all__ = ["until_silent"]


async def until_silent(taking: Coroutine[None, None, None], taken: Taken) -> None:
    """Run it until it ends, or until no message has come for as long as is ordered."""
    task = asyncio.create_task(taking)
    before = -1
    while not task.done() and before != taken.count:
        before = taken.count
        await asyncio.wait([task], timeout=taken.order.silence_s)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
