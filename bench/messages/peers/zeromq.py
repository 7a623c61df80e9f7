"""ZeroMQ PUB/SUB over TCP: with its usual limit, and without any."""

from __future__ import annotations

from contextlib import suppress

from ..peer import Peer, Publisher, Subscriber, Taken
from .wheel import wheel

__all__ = ["ZMQ", "ZMQ_UNBOUNDED"]


class _Publisher(Publisher):
    high_water, port = 1000, 14501

    def open(self) -> None:
        import zmq

        self._socket = zmq.Context().socket(zmq.PUB)
        self._socket.set(zmq.SNDHWM, self.high_water)
        self._socket.bind(f"tcp://127.0.0.1:{self.port}")

    def send(self, data: bytes) -> None:
        self._socket.send(data)


class _Subscriber(Subscriber):
    high_water, port = 1000, 14501

    def open(self) -> None:
        import zmq

        self._zmq = zmq
        self._socket = zmq.Context().socket(zmq.SUB)
        self._socket.set(zmq.RCVHWM, self.high_water)
        self._socket.subscribe(b"")
        self._socket.connect(f"tcp://127.0.0.1:{self.port}")

    def take(self, taken: Taken) -> None:
        silence_ms = int(taken.order.silence_s * 1000)
        self._socket.setsockopt(self._zmq.RCVTIMEO, silence_ms)
        receive, add = self._socket.recv, taken.add
        with suppress(self._zmq.Again):
            while not add(receive()):
                taken.end()
            taken.end()


class _ToAll(_Publisher):
    high_water, port = 0, 14502


class _All(_Subscriber):
    high_water, port = 0, 14502


ZMQ = Peer("ZeroMQ PUB/SUB", _Publisher, _Subscriber, wheel("zmq", "pyzmq"))
ZMQ_UNBOUNDED = Peer(
    "ZeroMQ PUB/SUB, no limit", _ToAll, _All, wheel("zmq", "pyzmq"), bounded=False
)
