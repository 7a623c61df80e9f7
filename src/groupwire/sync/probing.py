"""Look at the network without ``async``: diagnose, ping, watch, replay, measure."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address
from os import PathLike
from typing import TYPE_CHECKING

from groupwire import aio
from groupwire.sync.drawing import closed_at_exit, drawn
from groupwire.sync.thread import loop_thread
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.aio.probing.load import LoadEvent, LoadProgress, LoadResult
    from groupwire.aio.probing.ping import MembersEvent, PingEvent
    from groupwire.aio.probing.replay import ReplayProgress
    from groupwire.diagnose import Diagnosis
    from groupwire.gather import Expected
    from groupwire.probe.flow import WatchReport

__all__ = [
    "diagnose",
    "ping",
    "ping_members",
    "receive_load",
    "replay",
    "send_load",
    "watch",
]


def diagnose(
    group: Group | str | None = None,
    *,
    interface: str | int | None = None,
    ttl: int = 1,
    listen_s: float = 0.0,
    peer: IPv4Address | IPv6Address | str | None = None,
    soak_minutes: float = 0.0,
) -> Diagnosis:
    """Say what keeps a group from arriving; see ``groupwire.diagnose.run``."""
    from groupwire.diagnose import run

    looking = run(
        group,
        interface=interface,
        ttl=ttl,
        listen_s=listen_s,
        peer=peer,
        soak_minutes=soak_minutes,
    )
    return loop_thread().run(looking)


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


@closed_at_exit
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


def replay(  # noqa: PLR0913 - keyword-only
    path: str | PathLike[str],
    group: Group | str | None = None,
    *,
    original: bool = False,
    only: Group | str | None = None,
    speed: float = 1.0,
    max_gap: float | None = None,
    interval: float = 1.0,
    config: aio.PeerConfig | None = None,
) -> Generator[ReplayProgress]:
    """Send a capture again, and iterate over how far it is; see ``aio.replay``."""
    return drawn(
        aio.replay(
            path,
            group,
            original=original,
            only=only,
            speed=speed,
            max_gap=max_gap,
            interval=interval,
            config=config,
        )
    )


def ping(  # noqa: PLR0913 - keyword-only
    hosts: Sequence[str],
    group: Group | str | None = None,
    *,
    count: int | None = 5,
    interval: float = 1.0,
    timeout: float = 1.0,
    size: int = 0,
    interface: str | int | None = None,
) -> Generator[PingEvent]:
    """Ask responders, unicast and multicast side by side; see ``aio.ping``."""
    return drawn(
        aio.ping(
            hosts,
            group,
            count=count,
            interval=interval,
            timeout=timeout,
            size=size,
            interface=interface,
        )
    )


def ping_members(  # noqa: PLR0913 - keyword-only
    group: Group | str | None = None,
    *,
    count: int | None = 5,
    interval: float = 1.0,
    timeout: float = 1.0,
    size: int = 0,
    expect: Expected = None,
    config: aio.PeerConfig | None = None,
) -> Generator[MembersEvent]:
    """Ask all members of a group by multicast; see ``aio.ping_members``."""
    return drawn(
        aio.ping_members(
            group,
            count=count,
            interval=interval,
            timeout=timeout,
            size=size,
            expect=expect,
            config=config,
        )
    )


def send_load(  # noqa: PLR0913 - keyword-only
    group: Group | str | None = None,
    *,
    rate: float = 10e6,
    size: int = 1316,
    duration: float = 10.0,
    expect: Expected = None,
    interval: float = 1.0,
    config: aio.PeerConfig | None = None,
) -> Generator[LoadProgress | LoadResult]:
    """Send measured traffic; the last value is the result. See ``aio.send_load``."""
    return drawn(
        aio.send_load(
            group,
            rate=rate,
            size=size,
            duration=duration,
            expect=expect,
            interval=interval,
            config=config,
        )
    )


def receive_load(
    group: Group | str | None = None,
    *,
    interval: float = 1.0,
    config: aio.PeerConfig | None = None,
) -> Generator[LoadEvent]:
    """Count measured traffic until the iteration ends; see ``aio.receive_load``."""
    return drawn(aio.receive_load(group, interval=interval, config=config))
