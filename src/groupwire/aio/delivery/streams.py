"""Streams of unknown length, one piece after the other, whatever they are."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from io import BufferedReader, FileIO
from typing import BinaryIO, Protocol, TypeAlias, cast

from groupwire.errors import UsageError

__all__ = ["Paths", "Pieces", "Stream", "paths_of", "pieces_of", "stream_of"]

Stream: TypeAlias = AsyncIterator[bytes] | asyncio.StreamReader | BinaryIO
Paths: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"

_PIECE_BYTES = 1 << 20
"""As much as a pipe holds. Who reads and who sends take turns: better seldom."""


class Pieces(Protocol):
    """A stream, piece by piece."""

    async def next(self) -> bytes:
        """Wait for the next piece; b"" at the end. Raises what reading it raises."""
        ...


def stream_of(what: Paths | Stream) -> Stream | None:
    """Return ``what`` where it is a stream, None where it is paths."""
    if isinstance(what, AsyncIterator | asyncio.StreamReader):
        return what
    return cast(BinaryIO, what) if hasattr(what, "read") else None


def paths_of(what: Paths | Stream) -> tuple[str, ...]:
    """Return the paths that ``what`` names. UsageError for none at all."""
    if isinstance(what, str | os.PathLike):
        return (os.fspath(what),)
    paths = tuple(os.fspath(path) for path in cast("Iterable[str]", what))
    if not paths:
        raise UsageError("nothing is to be delivered", fix="name a file or directory")
    return paths


def pieces_of(stream: Stream) -> Pieces:
    """Return the stream piece by piece.

    A pipe is waited for and read by its descriptor: a thread that waits for its next
    byte could not be ended. What its reader has read ahead comes first. What cannot be
    waited for is read in a thread.
    """
    if isinstance(stream, asyncio.StreamReader):
        return _Read(stream)
    if isinstance(stream, AsyncIterator):
        return _Iterated(stream)
    number = _waitable(stream)
    return _Threaded(stream) if number is None else _Waited(number, stream)


def _waitable(stream: BinaryIO) -> int | None:
    """Return a descriptor that can be waited for and gives the stream's very bytes."""
    raw: object = stream
    if isinstance(stream, BufferedReader):
        raw = cast(BufferedReader, stream).raw
    if not isinstance(raw, FileIO):
        return None
    loop = asyncio.get_running_loop()
    with suppress(OSError, ValueError):  # a file has its bytes always; or it is closed
        loop.add_reader(raw.fileno(), _nothing)
        loop.remove_reader(raw.fileno())
        return raw.fileno()
    return None


class _Read:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def next(self) -> bytes:
        return await self._reader.read(_PIECE_BYTES)


class _Iterated:
    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces

    async def next(self) -> bytes:
        async for piece in self._pieces:
            if piece:  # an empty one is not yet the end
                return bytes(piece)
        return b""


class _Threaded:
    def __init__(self, file: BinaryIO) -> None:
        # What has come, where it tells: a slow source need not fill a whole piece.
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)

    async def next(self) -> bytes:
        return await asyncio.to_thread(self._read, _PIECE_BYTES)


class _Waited:
    def __init__(self, number: int, stream: BinaryIO) -> None:
        self._number = number
        self._reader: BufferedReader | None = None
        """Until what it holds has been taken."""
        if isinstance(stream, BufferedReader):
            self._reader = cast(BufferedReader, stream)

    async def next(self) -> bytes:
        reader, self._reader = self._reader, None
        if reader is not None and (held := _held(reader)):
            return held
        loop = asyncio.get_running_loop()
        while True:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_reader(self._number, _set, ready)
            try:
                await ready
            finally:
                loop.remove_reader(self._number)
            with suppress(BlockingIOError):  # somebody else was faster
                return os.read(self._number, _PIECE_BYTES)


def _held(reader: BufferedReader) -> bytes:
    """Take what a reader has read ahead of its descriptor; b"" for nothing."""
    number = reader.fileno()
    blocking = os.get_blocking(number)
    os.set_blocking(number, False)  # an empty one looks at the descriptor, too
    try:
        return reader.read(len(reader.peek()))
    finally:
        os.set_blocking(number, blocking)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _nothing() -> None: ...
