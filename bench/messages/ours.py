"""groupwire's publisher and subscribers, whose event loop runs all the time."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from groupwire import aio

from ..network import Host
from .patience import until_silent
from .peer import Meter, Order, Peer, Publisher, Sent, Subscriber, Taken

__all__ = ["OURS", "OURS_IN_BATCHES"]

_TOPIC = "bench/flood"
# Both are at work at the same time: ports keep them apart.
_PORT, _BATCHES_PORT = 10_002, 10_012


class _Publisher(Publisher):
    port = _PORT

    def open(self) -> None:
        """Nothing before the event loop runs."""

    def serve(self, pipe: Connection) -> None:
        with suppress(EOFError):
            asyncio.run(self._serve(pipe))

    async def _serve(self, pipe: Connection) -> None:
        async with aio.publish(_group(self.host, self.port)) as publisher:
            pipe.send("ready")
            while True:
                (order,) = await asyncio.to_thread(pipe.recv)
                pipe.send(await _publish(publisher, order))


async def _publish(publisher: aio.Publishing, order: Order) -> Sent:
    before = publisher.stats.sent_bytes
    meter, due = Meter(), time.perf_counter()
    for number in range(order.count):
        sent = await publisher.send(_TOPIC, order.message(number))
        if order.rests(number):
            due += order.interval_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await sent.received()  # what waits, and what has to be repaired, counts too
    return meter.sent(publisher.stats.sent_bytes - before)


class _Subscriber(Subscriber):
    port = _PORT

    def open(self) -> None:
        """Nothing before the event loop runs."""

    def take(self, taken: Taken) -> None:
        raise NotImplementedError

    def serve(self, pipe: Connection) -> None:
        with suppress(EOFError):
            asyncio.run(self._serve(pipe))

    async def _serve(self, pipe: Connection) -> None:
        group = _group(self.host, self.port)
        async with aio.subscribe(group, _TOPIC) as subscriber:
            pipe.send("ready")
            while True:
                (order,) = await asyncio.to_thread(pipe.recv)
                taken = Taken(order)
                await until_silent(self._take(subscriber, taken), taken)
                pipe.send(taken)

    async def _take(self, subscriber: aio.Subscribing, taken: Taken) -> None:
        add = taken.add
        async for message in subscriber:
            if add(message.data):
                break
            if not taken.count & 255:
                taken.end()
        taken.end()


class _ToBatches(_Publisher):
    port = _BATCHES_PORT


class _InBatches(_Subscriber):
    port = _BATCHES_PORT

    async def _take(self, subscriber: aio.Subscribing, taken: Taken) -> None:
        async for batch in subscriber.batches():
            if taken.add_many(batch.payloads):
                break
            taken.end()
        taken.end()


def _group(host: Host, port: int) -> str:
    return f"239.255.42.99%{host.interface}:{port}"


OURS = Peer("groupwire", _Publisher, _Subscriber)
OURS_IN_BATCHES = Peer("groupwire, read in batches", _ToBatches, _InBatches)
