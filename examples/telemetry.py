"""Robots tell how they are, and a station keeps an eye on all of them.

    python telemetry.py robot arm1
    python telemetry.py station

Positions are `besteffort`: the next one comes soon. An alarm is `reliable`, and the
robot waits until it knows who has it. Who comes and goes, and what is lost, is told.
"""

import asyncio
import random
import sys

from groupwire import aio
from groupwire.aio import MemberJoined, MemberLeft


async def robot(name: str) -> None:
    """Publish a position ten times a second, and sometimes an alarm."""
    async with aio.publish_values(name=name, codec=aio.JSON) as out:
        for tick in range(1_000_000):
            joints = [round(random.uniform(-90, 90), 1) for _ in range(6)]
            await out.send(
                f"robot/{name}/joints", joints, delivery=aio.Delivery.BESTEFFORT
            )
            if tick % 50 == 0:
                alarm = await out.send(f"robot/{name}/alarm", "joint 3 is warm")
                receipt = await alarm.received()
                has_not = (f"not {name}" for name in receipt.missing)
                has = sorted(receipt.received) or ["nobody"]
                print("the alarm is at", *has, *has_not)
            await asyncio.sleep(0.1)


async def station() -> None:
    """Print alarms, who comes and goes, and how much of each robot was lost."""
    async with aio.subscribe_values(
        None, "robot/#", name="station", codec=aio.JSON
    ) as news:
        async for event in news.everything():
            match event:
                case aio.Valued(value, message) if message.topic.endswith("/alarm"):
                    print(f"{message.publisher}: {value}", flush=True)
                case MemberJoined(member):
                    print(f"{member} is here", flush=True)
                case MemberLeft(member, reason):
                    print(f"{member} has left: {reason}", flush=True)
                case aio.Gap(publisher, _, lost):
                    print(f"{lost} positions of {publisher} are lost", flush=True)
                case _:
                    pass


if __name__ == "__main__":
    work = station() if sys.argv[1:] == ["station"] else robot(sys.argv[2])
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
