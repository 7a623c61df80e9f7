"""Senders that fill sockets, and receivers that are timed while they empty them.

Every receiver is asked in the same words: take this many messages, say how many seconds
it took. ``None`` asks it to throw away what is left over.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from time import perf_counter

from .network import Host
from .plain import Place, listening_socket, sending_socket

__all__ = ["BUFFER", "flood", "serve", "take_by_protocol", "take_by_recv"]

BUFFER = 4 << 20
_UDP_SEGMENT = 103
_PER_CALL = 64


def flood(pipe: Connection, host: Host, size: int) -> None:
    """Send (group, count) messages in bursts; count 0: until the next command."""
    with sending_socket(host) as sock:
        pipe.send("ready")
        while True:
            group, count = pipe.recv()
            if count:
                _send(sock, group, size, count)
            else:
                pipe.send("flowing")
                while not pipe.poll():
                    _send(sock, group, size, _PER_CALL)
                pipe.recv()
            pipe.send("done")


def _send(sock: socket.socket, group: Place, size: int, count: int) -> None:
    """Send ``count`` messages, as many by one call as the kernel takes."""
    row = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("@H", size))]
    for left in range(count, 0, -_PER_CALL):
        sock.sendmsg([bytes(size) * min(left, _PER_CALL)], row, 0, group)


def serve(
    pipe: Connection,
    granted: int,
    take: Callable[[int], float],
    clear: Callable[[], None],
) -> None:
    """Tell the granted buffer, then do what the bench asks."""
    pipe.send(granted)
    while True:
        (count,) = pipe.recv()
        if count is None:
            clear()
        pipe.send(None if count is None else take(count))


def take_by_recv(pipe: Connection, host: Host, group: Place) -> None:
    """The bare blocking loop: nothing in Python can be shorter."""
    with listening_socket(host, group, BUFFER) as sock:
        granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        serve(pipe, granted, lambda count: _recv(sock, count), lambda: _empty(sock))


def _recv(sock: socket.socket, count: int) -> float:
    receive = sock.recv
    started = perf_counter()
    for _ in range(count):
        receive(2048)
    return perf_counter() - started


def _empty(sock: socket.socket) -> None:
    sock.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            sock.recv(2048)
    sock.setblocking(True)


def take_by_protocol(pipe: Connection, host: Host, group: Place) -> None:
    """asyncio's own way: a DatagramProtocol is called once for each datagram."""
    with listening_socket(host, group, BUFFER) as sock, asyncio.Runner() as runner:
        granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        sock.setblocking(False)
        loop = runner.get_loop()
        _, counter = runner.run(
            loop.create_datagram_endpoint(lambda: _Counter(loop), sock=sock)
        )
        serve(
            pipe,
            granted,
            lambda count: runner.run(counter.take(count)),
            lambda: runner.run(asyncio.sleep(0.3)),
        )


class _Counter(asyncio.DatagramProtocol):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._left = 0
        self._done: asyncio.Future[None] = loop.create_future()

    async def take(self, count: int) -> float:
        self._left = count
        self._done = self._loop.create_future()
        started = perf_counter()
        await self._done
        return perf_counter() - started

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        self._left -= 1
        if self._left == 0:
            self._done.set_result(None)
