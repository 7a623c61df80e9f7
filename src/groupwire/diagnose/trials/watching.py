"""Watches readable sockets of an event loop while something else goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Protocol

from groupwire.diagnose.check import Stop

__all__ = ["WithDescriptor", "paused", "watched"]


class WithDescriptor(Protocol):
    """What an event loop can watch."""

    def fileno(self) -> int:
        """Return the descriptor."""
        ...


@contextmanager
def watched(
    *watches: tuple[WithDescriptor, Callable[[], None]],
) -> Generator[None, None, None]:
    """Call each function whenever its socket can be read, until the end."""
    loop = asyncio.get_running_loop()
    descriptors = [one.fileno() for one, _ in watches]
    try:
        for descriptor, (_, ready) in zip(descriptors, watches, strict=True):
            loop.add_reader(descriptor, ready)
        yield
    finally:
        for descriptor in descriptors:
            loop.remove_reader(descriptor)


async def paused(seconds: float, stop: Stop) -> None:
    """Wait so long, or until all is to end."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
