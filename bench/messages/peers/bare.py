"""Plain sockets: nothing is repaired, nothing is told, nothing can be shorter."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress

from ...plain import listening_socket, sending_socket
from ..patience import until_silent
from ..peer import Meter, Order, Peer, Publisher, Sent, Subscriber, Taken

__all__ = ["BARE", "BARE_ASYNCIO"]

_GROUP = ("239.255.42.98", 10_002)
_ASYNCIO_GROUP = ("239.255.42.98", 10_012)
_BUFFER = 4 << 20
_LARGEST = 65_536


class _Sender(Publisher):
    def open(self) -> None:
        self._socket = sending_socket(self.host)
        self._socket.connect(_GROUP)
        self.send = self._socket.send


class _Receiver(Subscriber):
    def open(self) -> None:
        self._socket = listening_socket(self.host, _GROUP, _BUFFER)

    def take(self, taken: Taken) -> None:
        self._socket.settimeout(taken.order.silence_s)
        receive, add = self._socket.recv, taken.add
        with suppress(TimeoutError):
            while not add(receive(_LARGEST)):
                taken.end()
            taken.end()


class _AsyncioSender(Publisher):
    def open(self) -> None:
        self._runner = asyncio.Runner()
        self._socket = _quiet(sending_socket(self.host))
        self._socket.connect(_ASYNCIO_GROUP)

    def obey(self, order: Order) -> Sent:
        return self._runner.run(self._publish(order))

    async def _publish(self, order: Order) -> Sent:
        loop, meter, due = asyncio.get_running_loop(), Meter(), time.perf_counter()
        for number in range(order.count):
            await loop.sock_sendall(self._socket, order.message(number))
            if order.rests(number):
                due += order.interval_s
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
        return meter.sent()


class _AsyncioReceiver(Subscriber):
    def open(self) -> None:
        self._runner = asyncio.Runner()
        self._socket = _quiet(listening_socket(self.host, _ASYNCIO_GROUP, _BUFFER))

    def take(self, taken: Taken) -> None:
        self._runner.run(until_silent(self._take(taken), taken))

    async def _take(self, taken: Taken) -> None:
        loop, add = asyncio.get_running_loop(), taken.add
        while not add(await loop.sock_recv(self._socket, _LARGEST)):
            taken.end()
        taken.end()


def _quiet(sock: socket.socket) -> socket.socket:
    sock.setblocking(False)
    return sock


BARE = Peer("bare sockets", _Sender, _Receiver)
BARE_ASYNCIO = Peer("bare sockets, asyncio", _AsyncioSender, _AsyncioReceiver)
