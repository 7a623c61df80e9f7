"""LCM: UDP multicast, by the library's own Python."""

from __future__ import annotations

from ..peer import Peer, Publisher, Subscriber, Taken
from .wheel import wheel

__all__ = ["LCM"]

_URL = "udpm://239.255.76.67:7667?ttl=0"
_CHANNEL = "bench/flood"


class _Publisher(Publisher):
    def open(self) -> None:
        import lcm

        self._lcm = lcm.LCM(_URL)

    def send(self, data: bytes) -> None:
        self._lcm.publish(_CHANNEL, data)


class _Subscriber(Subscriber):
    def open(self) -> None:
        import lcm

        self._lcm = lcm.LCM(_URL)
        self._taken: Taken | None = None
        self._done = False
        self._lcm.subscribe(_CHANNEL, self._handle).set_queue_capacity(0)

    def _handle(self, channel: str, data: bytes) -> None:
        del channel
        if self._taken is not None:
            self._done = self._taken.add(data)

    def take(self, taken: Taken) -> None:
        self._taken, self._done = taken, False
        silence_ms = int(taken.order.silence_s * 1000)
        while not self._done and self._lcm.handle_timeout(silence_ms):
            taken.end()


LCM = Peer("LCM", _Publisher, _Subscriber, wheel("lcm"))
