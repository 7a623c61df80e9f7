"""Members and senders of one process, and what they are to have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from groupwire import aio
from groupwire.aio.delivery import PullConfig, Pulling
from groupwire.aio.delivery.pulling import Into
from groupwire.deliver.pull import PullEvent
from groupwire.deliver.report import PullProgress, PullReport
from groupwire.net import MembershipEvent

Seen = PullEvent | PullProgress | MembershipEvent
# No disk is waited for: these tests are about what is said and kept.
QUICK = PullConfig(durable=False, progress_s=0.02, patience=2.0)


def content(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)


def tree(root: Path) -> dict[str, bytes | None]:
    """Return what lies below, None for directories; without groupwire's own state."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
        if ".groupwire" not in path.parts
    }


class Member:
    """A pull that runs beside the test."""

    def __init__(self, pulling: Pulling, watch: Callable[[Seen], object]) -> None:
        self.pulling = pulling
        self.watch = watch
        self.seen: list[Seen] = []
        self.task: asyncio.Task[list[PullReport]] | None = None
        self.ready = asyncio.Event()

    async def work(self) -> list[PullReport]:
        async with self.pulling as pulling:
            self.ready.set()
            async for event in pulling:
                self.seen.append(event)
                self.watch(event)
            return await pulling.finished()

    async def reports(self) -> list[PullReport]:
        assert self.task is not None
        return await self.task

    async def report(self) -> PullReport:
        (report,) = await self.reports()
        return report

    async def cancel(self) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


Begin = Callable[..., Awaitable[Member]]


@asynccontextmanager
async def members(group: str) -> AsyncGenerator[Begin]:
    """Give what begins a member and returns once it has joined; all end at the end."""
    begun: list[Member] = []

    async def begin(
        into: Into,
        name: str = "m",
        config: PullConfig = QUICK,
        watch: Callable[[Seen], object] = lambda _: None,
        **options: Any,
    ) -> Member:
        pulling = aio.pull(group, into, name=name, config=config, **options)
        member = Member(pulling, watch)
        begun.append(member)
        member.task = asyncio.create_task(member.work())
        ready = asyncio.create_task(member.ready.wait())
        await asyncio.wait({ready, member.task}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        return member

    try:
        yield begin
    finally:
        for member in begun:
            await member.cancel()
