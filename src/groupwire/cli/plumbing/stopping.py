"""Work that, interrupted, comes to its own end first: what was measured is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["to_its_end"]

T = TypeVar("T")


async def to_its_end(work: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> T:
    """Do the work; a cancellation sets its event, and is raised when it has ended.

    So it has to end soon by itself once the event is set. A second Ctrl-C waits for
    nothing.
    """
    stop = asyncio.Event()
    task = asyncio.create_task(work(stop))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # the interruption is what is told
        raise
