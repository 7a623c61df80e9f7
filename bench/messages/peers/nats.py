"""NATS: its server, and the client for asyncio."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from ..patience import until_silent
from ..peer import Meter, Order, Peer, Publisher, Sent, Subscriber, Taken
from .wheel import wheel

__all__ = ["NATS"]

_SERVER, _PORT = "nats-server", 14504
_SUBJECT = "bench.flood"


class _Publisher(Publisher):
    def open(self) -> None:
        self._runner = asyncio.Runner()
        self._client = self._runner.run(_connected())

    def obey(self, order: Order) -> Sent:
        return self._runner.run(self._publish(order))

    async def _publish(self, order: Order) -> Sent:
        meter, due = Meter(), time.perf_counter()
        for number in range(order.count):
            await self._client.publish(_SUBJECT, order.message(number))
            if order.rests(number):
                due += order.interval_s
                await self._client.flush()
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await self._client.flush()
        return meter.sent()


class _Subscriber(Subscriber):
    def open(self) -> None:
        self._runner = asyncio.Runner()
        self._messages = self._runner.run(self._subscribe())

    async def _subscribe(self) -> Any:
        self._client = await _connected()
        return await self._client.subscribe(_SUBJECT)

    def take(self, taken: Taken) -> None:
        self._runner.run(until_silent(self._take(taken), taken))

    async def _take(self, taken: Taken) -> None:
        async for message in self._messages.messages:
            if taken.add(message.data):
                break
            taken.end()
        taken.end()


async def _connected() -> Any:
    import nats

    place = f"nats://127.0.0.1:{_PORT}"
    for _ in range(50):
        with suppress(OSError, nats.errors.NoServersError):
            return await nats.connect(place, connect_timeout=1, allow_reconnect=False)
        await asyncio.sleep(0.1)
    raise OSError("nats-server does not answer")


NATS = Peer(
    "NATS",
    _Publisher,
    _Subscriber,
    wheel("nats", "nats-py", program=_SERVER),
    server=(_SERVER, "-a", "127.0.0.1", "-p", str(_PORT)),
)
