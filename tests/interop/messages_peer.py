"""``aio.publish`` and ``aio.subscribe`` as programs that tell what they do in JSON."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from hashlib import sha256
from random import Random

from tests.interop.ours import tell

from groupwire import aio
from groupwire.aio import PublishConfig

_NEVER_S = 30.0
_STILL_S = 4.0
"""After so long without a message none is to come."""


async def publish(options: Namespace) -> None:
    """Send messages one by one, and say who has had them."""
    config = PublishConfig(delivery=aio.Delivery(options.delivery))
    group = f"{options.group}:{options.port}"
    async with aio.publish(
        group, name="ours", interface=options.interface, config=config
    ) as publisher:
        tell("ready")
        await asyncio.sleep(options.wait)
        for number in range(options.count):
            data = Random(number).randbytes(options.size)
            await publisher.send(options.topic, data)
            await asyncio.sleep(options.pause)
        await asyncio.sleep(options.hold)
        tell("stats", **dict(publisher.dropped))


async def subscribe(options: Namespace) -> None:
    """Tell each message, until so many have come or none comes any more."""
    group = f"{options.group}:{options.port}"
    async with aio.subscribe(
        group, name="ours", interface=options.interface
    ) as subscriber:
        tell("ready")
        had = 0
        try:
            async with asyncio.timeout(options.within) as waiting:
                async for message in subscriber:
                    had += 1
                    waiting.reschedule(asyncio.get_running_loop().time() + _STILL_S)
                    # Not the bytes: who is not read from for long must not wait.
                    digest = sha256(message.data).hexdigest()
                    tell("message", topic=message.topic, sha256=digest)
                    if had == options.count:
                        break
        except TimeoutError:
            pass
        tell("stats", lost=subscriber.stats.lost)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("messages_peer", description=__doc__)
    parser.add_argument("role", choices=("send", "receive"))
    parser.add_argument("--group", default="239.255.7.7")
    parser.add_argument("--port", type=int, default=6003)
    parser.add_argument("--interface", default="lo")
    parser.add_argument("--topic", default="a/b")
    parser.add_argument("--delivery", default="reliable")
    parser.add_argument("--count", type=int, default=0, help="0: endless")
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=0.005)
    parser.add_argument("--wait", type=float, default=0.3, help="before the first")
    parser.add_argument("--hold", type=float, default=1.0, help="behind the last")
    parser.add_argument("--within", type=float, default=_NEVER_S)
    return parser


def main() -> int:
    options = _parser().parse_args()
    asyncio.run((publish if options.role == "send" else subscribe)(options))
    tell("end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
