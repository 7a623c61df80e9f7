"""A message from standard input, read so that a signal can end the reading."""

from __future__ import annotations

import asyncio
import os
import sys

from groupwire.errors import MessageTooLarge, UsageError

__all__ = ["read_message"]

_CHUNK = 1 << 16


async def read_message(limit: int) -> bytes:
    """Read to the end; MessageTooLarge as soon as there are more than ``limit`` bytes.

    An input that never ends costs no more memory than that.
    """
    number = _descriptor()
    data = bytearray()
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def read() -> None:
        try:
            piece = os.read(number, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            end(error)
            return
        data.extend(piece)
        if not piece or len(data) > limit:
            end(None)

    def end(error: OSError | None) -> None:
        loop.remove_reader(number)
        if ended.done():  # cancelled in the same pass of the loop
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)

    try:
        loop.add_reader(number, read)
    except PermissionError:
        # A file: it cannot be waited for, and it has an end (or /dev/zero's size).
        while not ended.done():
            read()
    try:
        await ended
    finally:
        loop.remove_reader(number)
    if len(data) > limit:
        raise MessageTooLarge(
            len(data),
            limit,
            fix="send less at a time: a message is one datagram",
        )
    return bytes(data)


def _descriptor() -> int:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        raise UsageError(
            "there is no standard input to read", fix="give the message as an argument"
        ) from None
