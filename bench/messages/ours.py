"""groupwire's publisher and subscribers, whose event loop runs all the time."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from groupwire import aio
from groupwire.aio.messages.message import Published

from ..network import Host
from .patience import until_silent
from .peer import Meter, Order, Peer, Publisher, Subscriber, Taken

__all__ = ["OURS", "OURS_IN_BATCHES", "OURS_SENT_IN_BATCHES"]

_TOPIC = "bench/flood"
# All are at work at the same time: ports keep them apart.
_PORT, _BATCHES_PORT, _SENT_PORT = 10_002, 10_012, 10_022
_TOGETHER_BYTES = 1 << 16
"""Of messages that a program hands over at once, where it has as many."""


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
                before, meter = publisher.stats.sent_bytes, Meter()
                sent = await self._publish(publisher, order)
                # What waits, and what has to be repaired, counts too.
                await sent.received()
                pipe.send(meter.sent(publisher.stats.sent_bytes - before))

    async def _publish(self, publisher: aio.Publishing, order: Order) -> Published:
        due = time.perf_counter()
        for number in range(order.count):
            sent = await publisher.send(_TOPIC, order.message(number))
            if order.rests(number):
                due += order.interval_s
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
        return sent


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


class _ManyAtOnce(_Publisher):
    port = _SENT_PORT

    async def _publish(self, publisher: aio.Publishing, order: Order) -> Published:
        together = max(1, _TOGETHER_BYTES // max(1, order.size_bytes))
        for first in range(0, order.count, together):
            numbers = range(first, min(first + together, order.count))
            messages = [order.message(number) for number in numbers]
            sent = await publisher.send_many(_TOPIC, messages)
        return sent


class _InBatches(_Subscriber):
    port = _BATCHES_PORT

    async def _take(self, subscriber: aio.Subscribing, taken: Taken) -> None:
        async for batch in subscriber.batches():
            if taken.add_many(batch.payloads):
                break
            taken.end()
        taken.end()


class _SentInBatches(_InBatches):
    port = _SENT_PORT


def _group(host: Host, port: int) -> str:
    return f"239.255.42.99%{host.interface}:{port}"


OURS = Peer("groupwire", _Publisher, _Subscriber)
OURS_IN_BATCHES = Peer("groupwire, read in batches", _ToBatches, _InBatches)
OURS_SENT_IN_BATCHES = Peer(
    "groupwire, sent and read in batches", _ManyAtOnce, _SentInBatches, paced=False
)
