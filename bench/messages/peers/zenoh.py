"""Zenoh between peers over TCP, blocking where the way is full."""

from __future__ import annotations

import time
from typing import Any

from ..peer import Peer, Publisher, Subscriber, Taken
from .wheel import wheel

__all__ = ["ZENOH"]

_KEY = "bench/flood"
_PLACE = "tcp/127.0.0.1:14503"
_QUEUE = 65_536


class _Publisher(Publisher):
    def open(self) -> None:
        import zenoh

        self._session = _session("listen")
        block = zenoh.CongestionControl.BLOCK
        publisher = self._session.declare_publisher(_KEY, congestion_control=block)
        self._publisher = publisher

    def send(self, data: bytes) -> None:
        self._publisher.put(data)


class _Subscriber(Subscriber):
    def open(self) -> None:
        import zenoh

        self._session = _session("connect")
        channel = zenoh.handlers.FifoChannel(_QUEUE)
        self._subscriber = self._session.declare_subscriber(_KEY, channel)

    def take(self, taken: Taken) -> None:
        silence_s = taken.order.silence_s
        silent = time.perf_counter() + silence_s
        receive = self._subscriber.try_recv
        while True:
            sample = receive()
            if sample is None:
                if time.perf_counter() > silent:
                    return
                time.sleep(20e-6)
                continue
            if taken.add(sample.payload.to_bytes()):
                break
            if not taken.count & 255:
                silent = time.perf_counter() + silence_s
                taken.end()
        taken.end()


def _session(way: str) -> Any:
    import zenoh

    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5(f"{way}/endpoints", f'["{_PLACE}"]')
    return zenoh.open(config)


ZENOH = Peer("zenoh over TCP", _Publisher, _Subscriber, wheel("zenoh", "eclipse-zenoh"))
