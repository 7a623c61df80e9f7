"""Lines of standard input, as many at once as there are: a signal ends the waiting."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from groupwire.cli.plumbing.stdin import stdin_descriptor
from groupwire.errors import MessageTooLarge

__all__ = ["read_lines"]

_CHUNK = 1 << 16


async def read_lines(limit: int) -> AsyncIterator[list[bytes]]:
    """Iterate over the lines that came together, without their ends.

    What follows the last line end is a line too. A line of more than a chunk comes
    alone. Raises MessageTooLarge for one of more than ``limit`` bytes (no less than a
    chunk), OSError for what cannot be read.
    """
    number, begun = stdin_descriptor(), bytearray()
    while chunk := await _read(number):
        first, *lines = chunk.split(b"\n")
        begun += first
        if len(begun) > limit:
            raise MessageTooLarge(
                len(begun), limit, fix="end lines, or send the input as one message"
            )
        if not lines:
            continue
        if len(begun) > _CHUNK:
            yield [bytes(begun)]
        else:
            lines.insert(0, bytes(begun))
        begun = bytearray(lines.pop())
        if lines:
            yield lines
    if begun:
        yield [bytes(begun)]


async def _read(number: int) -> bytes:
    """Return what is there, nothing at the end."""
    loop = asyncio.get_running_loop()
    while True:
        ready: asyncio.Future[None] = loop.create_future()
        try:
            loop.add_reader(number, _wake, ready)
        except PermissionError:
            # A file cannot be waited for, and others have their turn meanwhile.
            await asyncio.sleep(0)
            return os.read(number, _CHUNK)
        try:
            await ready
        finally:
            loop.remove_reader(number)
        try:
            return os.read(number, _CHUNK)
        except BlockingIOError:
            continue  # somebody else has read it


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
