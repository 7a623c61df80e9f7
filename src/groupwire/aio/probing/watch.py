"""Joins groups and tells once an interval what came to them, by source.

::

    async for report in aio.watch(["239.1.1.1:5000+10"], interval=1.0):
        for group in report.groups: ...
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self, TypeAlias

from groupwire.aio.opening import Joined
from groupwire.aio.probing.watch_sockets import Watched, open_watched
from groupwire.errors import UsageError
from groupwire.net import MembershipEvent, Reader
from groupwire.probe.flow import FlowTable, GroupReport, WatchReport
from groupwire.probe.flow.naming import groups_of
from groupwire.values import Datagram, Group

__all__ = ["Tap", "WatchConfig", "Watching", "watch"]

_SHORTEST_S = 0.01

Tap: TypeAlias = Callable[[Group, Sequence[Datagram]], Any]
"""Gets all that a group has brought, as it was received, before it is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchConfig:
    """How to watch."""

    interface: str | int | None = None
    receive_buffer: int = 16 << 20
    """Bytes asked for, for each group."""
    trail: bool = False
    """Whether reports have a glyph for each of the last packets of a source."""


_DEFAULT = WatchConfig()


def watch(  # noqa: PLR0913 - keyword-only
    groups: Group | str | Iterable[Group | str],
    *,
    interval: float = 1.0,
    duration: float | None = None,
    interface: str | int | None = None,
    tap: Tap | None = None,
    on_change: Callable[[MembershipEvent], Any] | None = None,
    config: WatchConfig = _DEFAULT,
) -> Watching:
    """Join groups, and iterate over what came to them in each interval.

    A text may end in ``+N``: N groups in a row. ``interval`` and ``duration`` are
    seconds; without a duration it goes on until it is closed. ``tap`` is called with
    every batch of datagrams as it was received, ``on_change`` when a membership is lost
    or renewed. Raises AddressError and UsageError at once, MachineError on entry.
    """
    named = [groups] if isinstance(groups, (str, Group)) else groups
    # Not the other way round: what is no number would wait for nothing, for ever.
    if not (interval >= _SHORTEST_S and (duration is None or duration > 0)):
        raise UsageError(
            "interval and duration are seconds above 0",
            fix=f"name an interval of {_SHORTEST_S} s or more",
        )
    if interface is not None:
        config = replace(config, interface=interface)
    return Watching(
        groups_of(named),
        config,
        interval=interval,
        duration=duration,
        tap=tap,
        on_change=on_change,
    )


class Watching:
    """A watch under way: an iterator of reports.

    ``async with`` joins on entry and leaves on exit; without it the groups are joined
    when the iteration begins, and left when it ends.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        config: WatchConfig,
        *,
        interval: float,
        duration: float | None,
        tap: Tap | None,
        on_change: Callable[[MembershipEvent], Any] | None,
    ) -> None:
        if not groups:
            raise UsageError("no group is named", fix="name one: 239.1.1.1:5000")
        self._groups = tuple(groups)
        self._config = config
        self._interval = interval
        self._duration = duration
        self._tap = tap
        self._on_change = on_change
        self._running: _Running | None = None

    @property
    def joined(self) -> tuple[Joined, ...]:
        """Where each group is joined, and why there; empty before it is."""
        return self._running.watched.joined if self._running else ()

    async def __aenter__(self) -> Self:
        self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aiter__(self) -> AsyncIterator[WatchReport]:
        mine = self._running is None
        running = self._open()
        try:
            async for report in running.reports(self._interval, self._duration):
                yield report
        finally:
            if mine:
                self.close()

    def look(self) -> WatchReport:
        """Return what came since the last report. Raises UsageError before it began."""
        if self._running is None:
            raise UsageError("the watch has not begun", fix="enter it first")
        return self._running.report()

    def close(self) -> None:
        """Leave the groups and end the iteration; any number of times."""
        if self._running is not None:
            self._running.close()

    def _open(self) -> _Running:
        if self._running is None:
            watched = open_watched(self._groups, self._config)
            self._running = _Running(
                watched, self._config.trail, self._tap, self._on_change
            )
        return self._running


# What exists only while it is joined.
class _Running:
    """Sockets read by callbacks, the table that counts, and the rhythm of reports."""

    def __init__(
        self,
        watched: Watched,
        trail: bool,
        tap: Tap | None,
        on_change: Callable[[MembershipEvent], Any] | None,
    ) -> None:
        self.watched = watched
        self._tap = tap
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._reading: list[int] = []
        now = time.time()
        self._began, self._reported = time.monotonic(), time.monotonic()
        self._table = FlowTable(watched.groups, now=now, trail=trail)
        self._read_all()
        self._loop.add_reader(watched.links.fileno(), self._links_changed)

    async def reports(
        self, interval: float, duration: float | None
    ) -> AsyncIterator[WatchReport]:
        """Yield one report an interval; the last one may cover less."""
        began = self._began
        end = None if duration is None else began + duration
        due = began + interval
        while not self._ended.done():
            if end is not None:
                due = min(due, end)
            if await self._ends_before(due):
                return
            yield self.report()
            if end is not None and time.monotonic() >= end:
                return
            # Who takes long over a report gets the next one late, not two at once.
            due = max(due + interval, time.monotonic())

    def report(self) -> WatchReport:
        """Return what came since the last report."""
        now, moment = time.time(), time.monotonic()
        elapsed_s = moment - self._began
        groups = self._table.report(self.watched.drops(), now=now, elapsed_s=elapsed_s)
        report = WatchReport(
            now,
            elapsed_s,
            moment - self._reported,
            self._with_refusals(groups),
            self.watched.names,
        )
        self._reported = moment
        return report

    def close(self) -> None:
        """Leave the groups; any number of times."""
        if self._ended.done():
            return
        self._ended.set_result(None)
        for fd in self._reading:
            self._loop.remove_reader(fd)
        self._loop.remove_reader(self.watched.links.fileno())
        self.watched.close()

    async def _ends_before(self, due: float) -> bool:
        wait = max(0.0, due - time.monotonic())
        await asyncio.wait([self._ended], timeout=wait)
        return self._ended.done()

    def _with_refusals(
        self, groups: tuple[GroupReport, ...]
    ) -> tuple[GroupReport, ...]:
        refused = self.watched.refused()
        if not any(refused):
            return groups
        return tuple(
            replace(group, refused=reasons) if reasons else group
            for group, reasons in zip(groups, refused, strict=True)
        )

    def _read_all(self) -> None:
        for fd in self._reading:
            self._loop.remove_reader(fd)
        self._reading = []
        for place, receiver in enumerate(self.watched.receivers):
            for reader in receiver.readers:
                self._loop.add_reader(reader.fileno(), self._read, place, reader)
                self._reading.append(reader.fileno())

    def _read(self, place: int, reader: Reader) -> None:
        datagrams = reader.read_some()
        if not datagrams:
            return
        if self._tap is not None:
            self._tap(self.watched.groups[place], datagrams)
        self._table.take(place, datagrams, now=time.time())

    def _links_changed(self) -> None:
        events = self.watched.handle_links()
        if events:
            self._read_all()
        if self._on_change is not None:
            for event in events:
                self._on_change(event)
