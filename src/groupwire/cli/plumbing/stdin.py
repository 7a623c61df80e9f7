"""A message from standard input, read so that a signal can end the reading."""

from __future__ import annotations

import asyncio
import os
import sys

from groupwire.errors import MessageTooLarge, UsageError

__all__ = ["read_message", "stdin_descriptor", "stdin_is_terminal"]

_CHUNK = 1 << 16


_SMALLER = "send less at a time: a message is one datagram"


async def read_message(limit: int, *, fix: str = _SMALLER) -> bytes:
    """Read to the end; MessageTooLarge as soon as there are more than ``limit`` bytes.

    An input that never ends costs no more memory than that. ``fix`` is what to do then.
    """
    reading = _Reading(stdin_descriptor(), limit, fix)
    try:
        return await reading.whole()
    finally:
        reading.close()


class _Reading:
    def __init__(self, number: int, limit: int, fix: str) -> None:
        self._number = number
        self._limit = limit
        self._fix = fix
        self._data = bytearray()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()

    async def whole(self) -> bytes:
        try:
            self._loop.add_reader(self._number, self._read)
        except PermissionError:
            # A file cannot be waited for, and has an end (or /dev/zero's size).
            while not self._ended.done():
                self._read()
        await self._ended
        if len(self._data) > self._limit:
            raise MessageTooLarge(len(self._data), self._limit, fix=self._fix)
        return bytes(self._data)

    def close(self) -> None:
        self._loop.remove_reader(self._number)

    def _read(self) -> None:
        if self._ended.done():  # cancelled in the same pass of the loop
            return
        try:
            piece = os.read(self._number, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self.close()
            self._ended.set_exception(error)
            return
        self._data += piece
        if not piece or len(self._data) > self._limit:
            self.close()
            self._ended.set_result(None)


def stdin_descriptor() -> int:
    """Return its number; UsageError where there is none."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        raise UsageError(
            "there is no standard input to read", fix="give the message as an argument"
        ) from None


def stdin_is_terminal() -> bool:
    """Return whether a person would have to type it; UsageError where there is none."""
    return os.isatty(stdin_descriptor())
