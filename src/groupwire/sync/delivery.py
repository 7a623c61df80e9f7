"""Deliver files, and take what is delivered, without ``async``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from groupwire import aio
from groupwire.gather import Expected
from groupwire.net import MembershipEvent
from groupwire.sync.thread import loop_thread
from groupwire.values import Group

# Delivery is not loaded before something is delivered: who only asks does not pay.
if TYPE_CHECKING:
    from groupwire.aio.delivery import Into, Paths, PullConfig, PushConfig, Stream
    from groupwire.aio.delivery.handle import Handle
    from groupwire.deliver.entries import Entry
    from groupwire.deliver.pull import PullEvent
    from groupwire.deliver.push import PushEvent
    from groupwire.deliver.report import (
        PullProgress,
        PullReport,
        PushProgress,
        PushReport,
    )

__all__ = ["pull", "push"]

T = TypeVar("T")
E = TypeVar("E")

PushHappening: TypeAlias = "PushEvent | PushProgress | MembershipEvent"
PullHappening: TypeAlias = "PullEvent | PullProgress | MembershipEvent"

_GOODBYE_S = 15.0
"""How long leaving may take: for a disk that is slow, not for one that hangs."""


def push(  # noqa: PLR0913 - keyword-only
    group: Group | str | None,
    what: Paths | Stream,
    *,
    expect: Expected = None,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    on_event: Callable[[PushHappening], Any] | None = None,
    config: PushConfig | None = None,
) -> PushReport:
    """Deliver files to every member of the group and return who has them.

    See ``aio.push``. ``on_event`` is called in this thread with each event and with the
    progress. Ctrl-C, and whatever ``on_event`` raises, says goodbye to the members and
    goes through.
    """
    config = aio.PushConfig() if config is None else config
    pushing = aio.push(
        group,
        what,
        expect=expect,
        name=name,
        interface=interface,
        ttl=ttl,
        config=config,
    )
    return _delivered(pushing, on_event)


def pull(  # noqa: PLR0913 - keyword-only
    group: Group | str | None,
    into: Into,
    *,
    count: int | None = 1,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    accept: Callable[[Entry], bool] | None = None,
    on_event: Callable[[PullHappening], Any] | None = None,
    config: PullConfig | None = None,
) -> list[PullReport]:
    """Take what is delivered to the group; return a report of each delivery.

    See ``aio.pull``, and :func:`push` for ``on_event``. Ctrl-C leaves the group and
    keeps what has come of incomplete files for the next pull.
    """
    config = aio.PullConfig() if config is None else config
    pulling = aio.pull(
        group,
        into,
        count=count,
        name=name,
        interface=interface,
        ttl=ttl,
        accept=accept,
        config=config,
    )
    return _delivered(pulling, on_event)


def _delivered(handle: Handle[E, Any, T], on_event: Callable[[Any], Any] | None) -> T:
    """Wait for the end, and for the goodbye where something ends it before."""
    events: SimpleQueue[Any] = SimpleQueue()
    end = object()

    async def whole() -> T:
        if on_event is None:
            return await handle
        async with handle as under_way:
            async for event in under_way:
                events.put(event)
            return await under_way.finished()

    work = loop_thread().begin(whole())
    work.when_done(lambda: events.put(end))
    try:
        if on_event is not None:
            while (event := events.get()) is not end:
                on_event(event)
        return work.result()
    except BaseException:
        work.cancel()
        with suppress(CancelledError, Exception):
            work.result(_GOODBYE_S)
        raise
