"""A door for Prometheus: answers GET with a text, and does nothing else of HTTP."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from groupwire.errors import MachineError

__all__ = ["MAX_CLIENTS", "serve_metrics"]

MAX_CLIENTS = 32
"""Connections answered at the same time; more are closed at once."""
_PATIENCE_S = 5.0
"""Time to ask and to read the page; who takes longer is broken off."""
_REQUEST_BYTES = 8192
_PATHS = frozenset({"/", "/metrics"})


@asynccontextmanager
async def serve_metrics(
    host: str, port: int, text: Callable[[], str]
) -> AsyncGenerator[int]:
    """Serve ``text()`` at ``/metrics`` while the block lasts; give the port.

    Raises MachineError where the port cannot be had.
    """
    door = _Door(text)
    try:
        server = await asyncio.start_server(
            door.answer, host, port, limit=_REQUEST_BYTES
        )
    except (OSError, UnicodeError) as error:  # the latter of a name like a..b
        raise MachineError(
            f"cannot serve metrics at {host} port {port}: {_reason(error)}",
            fix="choose another port, or an address of this machine",
        ) from error
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        door.close()


def _reason(error: OSError | UnicodeError) -> str:
    """Return why it cannot be; asyncio says much about a bind that fails."""
    if not isinstance(error, OSError):
        return "that is no name of a host"
    # Since Python 3.13 asyncio goes on past an address that this machine has not,
    # and if there was no other, raises an error without a number.
    number = errno.EADDRNOTAVAIL if error.errno is None else error.errno
    if number > 0:
        return os.strerror(number).lower()
    return (error.strerror or str(error)).lower()


class _Door:
    """Answers one request for each connection."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._clients: set[asyncio.StreamWriter] = set()

    async def answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(self._clients) >= MAX_CLIENTS:
            writer.close()
            return
        self._clients.add(writer)
        try:
            # Whoever connects may send anything, slowly, or go away at any time.
            with suppress(
                OSError,
                TimeoutError,
                asyncio.IncompleteReadError,
                asyncio.LimitOverrunError,
                ValueError,
            ):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._exchange(reader, writer)
                    writer.close()
                    await writer.wait_closed()
        finally:
            self._clients.discard(writer)
            # A page that is not read would otherwise be kept for as long as its
            # reader likes, beyond all that are counted.
            writer.transport.abort()

    def close(self) -> None:
        for writer in self._clients:
            writer.close()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        status, body = self._reply(words)
        writer.write(_response(status, body if words[0] != "HEAD" else "", body))
        await writer.drain()

    def _reply(self, words: list[str]) -> tuple[str, str]:
        if len(words) != 3 or words[0] not in {"GET", "HEAD"}:
            return "405 Method Not Allowed", "only GET is understood here\n"
        if words[1].partition("?")[0] not in _PATHS:
            return "404 Not Found", "the figures are at /metrics\n"
        return "200 OK", self._text()


def _response(status: str, body: str, whole: str) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\n"
        "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(whole.encode())}\r\n"
        "Connection: close\r\n\r\n"
    )
    return (head + body).encode()
