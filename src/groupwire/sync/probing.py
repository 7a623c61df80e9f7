"""Look at the network without ``async``: watch groups."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

from groupwire import aio
from groupwire.sync.thread import loop_thread
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.probe.flow import WatchReport

__all__ = ["watch"]


def watch(
    groups: Group | str | Iterable[Group | str],
    *,
    interval: float = 1.0,
    duration: float | None = None,
    interface: str | int | None = None,
) -> Generator[WatchReport]:
    """Join groups, and iterate over what came to them in each interval.

    See ``aio.watch``. The groups are joined when the iteration begins, and left when
    it ends or is closed. Raises AddressError and UsageError at once.
    """
    watching = aio.watch(
        groups, interval=interval, duration=duration, interface=interface
    )
    return _reports(watching)


def _reports(watching: aio.Watching) -> Generator[WatchReport]:
    async def begin() -> None:
        await watching.__aenter__()

    async def following() -> WatchReport | None:
        return await anext(reports, None)

    async def end() -> None:
        watching.close()

    thread = loop_thread()
    thread.run(begin())
    reports = aiter(watching)
    try:
        while (report := thread.run(following())) is not None:
            yield report
    finally:
        thread.run(end())
