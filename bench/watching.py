"""Numbered packets at a steady rate, and who counts them: `watch`, and a bare loop.

A counter is told how many packets will come, and answers how many did, how many were
lost by their numbers (None: it does not look), and the processor time it took.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from groupwire import aio
from groupwire.net.batch.ring import Ring

from .network import Host
from .plain import Place, listening_socket, sending_socket

__all__ = ["SIZE", "Counted", "count_bare", "count_by_watch", "send_numbered"]

SIZE = 100
_PER_CALL = 50
_UDP_SEGMENT, _UDP_GRO = 103, 104
_BUFFER = 16 << 20
_SILENCE_S = 0.5
Counted = tuple[int, int | None, float]


def send_numbered(pipe: Connection, host: Host, group: Place) -> None:
    """Send (count, packets a second) as RTP; tell how many seconds that took."""
    row = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("@H", SIZE))]
    with sending_socket(host) as sock:
        pipe.send("ready")
        while True:
            count, per_s = pipe.recv()
            parts = [_row(first) for first in range(0, count, _PER_CALL)]
            began = time.perf_counter()
            for number, data in enumerate(parts):
                while time.perf_counter() < began + number * _PER_CALL / per_s:
                    pass
                sock.sendmsg([data], row, 0, group)
            pipe.send(time.perf_counter() - began)


def _row(first: int) -> bytes:
    return b"".join(
        struct.pack("!BBHII", 0x80, 33, n & 0xFFFF, n, 1).ljust(SIZE, b"\0")
        for n in range(first, first + _PER_CALL)
    )


def count_bare(pipe: Connection, host: Host, group: Place) -> None:
    """recvmmsg into a ring, and no more than the lengths looked at."""
    with listening_socket(host, group, _BUFFER) as sock:
        sock.setsockopt(socket.IPPROTO_UDP, _UDP_GRO, 1)
        sock.setblocking(False)
        with asyncio.Runner() as runner:
            _serve(pipe, lambda count: runner.run(_bare(sock, count)))


async def _bare(sock: socket.socket, count: int) -> Counted:
    ring, counted = Ring(), 0
    loop, fresh = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        nonlocal counted
        for datagram in ring.receive(sock).datagrams:
            counted += -(-len(datagram.data) // SIZE)
        fresh.set()

    loop.add_reader(sock, read)
    began = time.process_time()
    while counted < count:
        fresh.clear()
        try:
            async with asyncio.timeout(_SILENCE_S if counted else None):
                await fresh.wait()
        except TimeoutError:
            break
    loop.remove_reader(sock)
    return counted, None, time.process_time() - began


def count_by_watch(pipe: Connection, host: Host, group: Place) -> None:
    """The watch, as `groupwire watch` runs it, with four reports a second."""
    with asyncio.Runner() as runner:
        _serve(pipe, lambda count: runner.run(_watch(host, group, count)))


async def _watch(host: Host, group: Place, count: int) -> Counted:
    where = f"{group[0]}:{group[1]}"
    async with aio.watch(where, interval=0.25, interface=host.interface) as watching:
        began, counted, lost = time.process_time(), 0, 0
        async for report in watching:
            (heard,) = report.groups
            counted, lost = heard.total.packets, heard.lost
            if counted >= count or (counted and not heard.now.packets):
                break
        return counted, lost, time.process_time() - began


def _serve(pipe: Connection, take: Callable[[int], Counted]) -> None:
    pipe.send("ready")
    while True:
        (count,) = pipe.recv()
        pipe.send(take(count))
