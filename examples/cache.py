"""Caches on many machines that forget what has changed in the database.

    python cache.py read user/7        # a web server: reads, and keeps what it read
    python cache.py write user/7       # changes it, and tells all caches

A cache that may have missed a message forgets everything: a gap, a publisher that left
or began anew say so. So nobody reads what is old for longer than a message travels.
"""

import asyncio
import sys
from typing import Any

from groupwire import aio


class Cache:
    """Keeps values until somebody says that they have changed."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    async def listen(self) -> None:
        """Forget what has changed, as long as the program runs."""
        async with aio.subscribe(None, "changed/#") as changes:
            async for event in changes.everything():
                if isinstance(event, aio.Batch):
                    key = event.topic.removeprefix("changed/")
                    self.values.pop(key, None)
                    print(f"forgot {key}", flush=True)
                else:
                    self.values.clear()
                    print(f"forgot all: {type(event).__name__}", flush=True)


async def read(key: str) -> None:
    """Read a value once a second, from the database only where it is not known."""
    cache = Cache()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(cache.listen())
        while True:
            if key not in cache.values:
                print(f"read {key} from the database", flush=True)
                cache.values[key] = "what the database says"
            await asyncio.sleep(1)


async def write(key: str) -> None:
    """Change a value, and wait until all caches know."""
    async with aio.publish(name="writer") as publisher:
        sent = await publisher.send(f"changed/{key}", b"")
        receipt = await sent.received()
        know, lack = len(receipt.received), receipt.missing_count
        print(f"{know} caches know, {lack} do not", flush=True)


if __name__ == "__main__":
    command, key = sys.argv[1:]
    asyncio.run(read(key) if command == "read" else write(key))
