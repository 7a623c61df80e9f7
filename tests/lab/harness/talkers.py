"""Publishers and subscribers as programs: what befalls them, as JSON lines.

Messages are numbers, so that a line of a run of them says all: the first, the last, and
how many there were.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from groupwire import aio
from groupwire.aio import Full, PublishConfig, SubscribeConfig
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch
from groupwire.messages.members import Member
from groupwire.messages.rules import StartAt

Options = argparse.Namespace


def main() -> None:
    parser = argparse.ArgumentParser()
    sides = parser.add_subparsers(dest="side", required=True)
    publish = sides.add_parser("publish")
    publish.add_argument("--count", type=int, default=1000)
    publish.add_argument("--interval", type=float, default=0.0)
    publish.add_argument("--size", type=int, default=200)
    publish.add_argument("--expect", type=int, default=1)
    publish.add_argument("--patience", type=float, default=5.0)
    publish.add_argument("--delivery", type=Delivery, default=Delivery.RELIABLE)
    publish.add_argument("--topic", default="a/b")
    publish.add_argument("--stay", action="store_true")
    subscribe = sides.add_parser("subscribe")
    subscribe.add_argument("--queue", type=int, default=16 << 20)
    subscribe.add_argument("--buffer", type=int, default=8 << 20)
    subscribe.add_argument("--full", type=Full, default=Full.WAIT)
    subscribe.add_argument("--start-at", type=StartAt, default=StartAt.NOW)
    subscribe.add_argument("--pause", type=float, default=0.0)
    subscribe.add_argument("--deaf", action="store_true")
    subscribe.add_argument("--block", type=float, default=0.0)
    for side in (publish, subscribe):
        side.add_argument("--name", required=True)
        side.add_argument("--group", default="239.255.42.99:10002")
    options = parser.parse_args()
    work = _publish if options.side == "publish" else _subscribe
    asyncio.run(_until_terminated(work(options)))


async def _until_terminated(work: Any) -> None:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        tell("terminated")


def tell(event: str, **fields: object) -> None:
    line = json.dumps({"event": event, "at": time.monotonic(), **fields})
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def tell_of(event: object) -> None:
    """Tell an event by its name, with its numbers, and names for members."""
    fields = {
        key: str(value) if isinstance(value, Member) else value
        for key in getattr(event, "__dataclass_fields__", ())
        for value in [getattr(event, key)]
    }
    fields = {
        key: sorted(value) if isinstance(value, frozenset) else value
        for key, value in fields.items()
        if key != "group"
    }
    tell(type(event).__name__, **fields)


# Publishing


async def _publish(options: Options) -> None:
    config = PublishConfig(
        name=options.name,
        delivery=options.delivery,
        patience=options.patience,
        timeout=60.0,
    )
    async with aio.publish(options.group, config=config) as publisher:
        telling = asyncio.create_task(_tell_all(publisher.events()))
        while len(publisher.members) < options.expect:  # noqa: ASYNC110 - a test's own
            await asyncio.sleep(0.005)
        tell("ready")
        began, sent = time.monotonic(), None
        for number in range(options.count):
            data = str(number).ljust(options.size).encode()
            sent = await publisher.send(options.topic, data)
            if options.interval:
                await asyncio.sleep(options.interval)
        taken = time.monotonic() - began
        receipt = None if sent is None else await sent.received()
        stats = publisher.stats
        tell(
            "sent",
            seconds=taken,
            received=sorted(receipt.received) if receipt else [],
            missing=sorted(receipt.missing) if receipt else [],
            packets=stats.sent_packets,
            repairs=stats.repair_packets,
            members=sorted(str(member) for member in publisher.members),
        )
        if options.stay:
            await asyncio.Event().wait()
        closed = await publisher.close()
        await telling
        tell("end", missing=sorted(closed.missing) if closed else None)


async def _tell_all(events: AsyncIterator[object]) -> None:
    async for event in events:
        tell_of(event)


# Subscribing


async def _subscribe(options: Options) -> None:
    config = SubscribeConfig(
        name=options.name,
        queue=options.queue,
        receive_buffer=options.buffer,
        full=options.full,
        start_at=options.start_at,
    )
    async with aio.subscribe(options.group, config=config) as subscriber:
        links = asyncio.create_task(_tell_all(subscriber.links()))
        tell("ready")
        if options.deaf:
            await asyncio.Event().wait()
        async for event in subscriber.everything():
            if not isinstance(event, Batch):
                tell_of(event)
                continue
            _tell_batch(event)
            if options.pause:
                await asyncio.sleep(options.pause * len(event.payloads))
            if options.block:
                time.sleep(options.block)  # noqa: ASYNC251 - a program that is busy
                options.block = 0.0
        links.cancel()


def _tell_batch(batch: Batch) -> None:
    numbers = [int(data) for data in batch.payloads]
    whole = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    tell(
        "messages",
        publisher=str(batch.publisher),
        life=f"{batch.publisher.id:016x}",
        first=numbers[0],
        last=numbers[-1],
        count=len(numbers),
        whole=whole,
        last_value=batch.last_value,
    )


if __name__ == "__main__":
    main()
