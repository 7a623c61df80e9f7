"""Pipes over a group, for asyncio: bytes of one sender, for all who read.

::

    async with aio.pipe_to("239.255.42.99:10005") as pipe:
        await pipe.begin()
        await pipe.write(data)
        report = await pipe.finish()

    async with aio.pipe_from("239.255.42.99:10005") as pipe:
        async for data in pipe:
            print(bytes(data))
"""

from __future__ import annotations

from groupwire.aio.opening import group_of
from groupwire.aio.pipes.config import PipeConfig
from groupwire.aio.pipes.receiving import PipeBroken, PipeReceiving
from groupwire.aio.pipes.sending import PipeReport, PipeSending
from groupwire.values import DEFAULT_PIPE_GROUP, Group

__all__ = [
    "PipeBroken",
    "PipeConfig",
    "PipeReceiving",
    "PipeReport",
    "PipeSending",
    "pipe_from",
    "pipe_to",
]

_USUAL = PipeConfig()


def pipe_to(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PipeConfig = _USUAL,
) -> PipeSending:
    """Return the writing end of a pipe; ``async with`` joins and leaves.

    ``group`` None: ``GROUPWIRE_GROUP`` in the environment, else 239.255.42.99:10005.
    ``name``, ``interface`` and ``ttl`` go before those of ``config``. Raises
    AddressError and UsageError at once, MachineError on entry.
    """
    config = config.merged(name=name, interface=interface, ttl=ttl)
    return PipeSending(group_of(group, DEFAULT_PIPE_GROUP), config)


def pipe_from(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PipeConfig = _USUAL,
) -> PipeReceiving:
    """Return the reading end of a pipe; ``async with`` joins and leaves.

    The rest is as with :func:`pipe_to`.
    """
    config = config.merged(name=name, interface=interface, ttl=ttl)
    return PipeReceiving(group_of(group, DEFAULT_PIPE_GROUP), config)
