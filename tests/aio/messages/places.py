"""Waiting for members and messages of one process, and words of others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from groupwire.aio.messages import Publishing, Subscribing
from groupwire.aio.messages.session import Session
from groupwire.messages.events import Batch

T = TypeVar("T")


async def here(session: Session[T], *names: str) -> None:
    """Return when these are known to be here."""
    await soon(lambda: set(names) <= {member.name for member in session.members})


async def gone(session: Session[T], *names: str) -> None:
    """Return when none of these is known to be here."""
    await soon(lambda: not set(names) & {member.name for member in session.members})


async def soon(fact: Callable[[], object]) -> None:
    """Return when it is so; the test's own limit ends it otherwise."""
    while not fact():  # noqa: ASYNC110 - what is waited for has no event of its own
        await asyncio.sleep(0.002)


async def met(publishing: Publishing, *subscribing: Subscribing) -> None:
    """Return when both ends know each other: nothing is before the beginning."""
    for one in subscribing:
        await here(publishing, one.name)
        await here(one, publishing.name)


async def first(iterator: AsyncIterator[T], count: int) -> list[T]:
    """Return so many of what comes."""
    found: list[T] = []
    async for one in iterator:
        found.append(one)
        if len(found) == count:
            break
    return found


async def of_kind(iterator: AsyncIterator[object], kind: type[T]) -> T:
    """Return the first event of a kind."""
    async for event in iterator:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"it ended without {kind.__name__}")


def payloads(batches: list[Batch]) -> list[bytes]:
    return [payload for batch in batches for payload in batch.payloads]
