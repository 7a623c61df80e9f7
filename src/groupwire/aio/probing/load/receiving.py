"""``receive_load``: joins, counts what is measured, reports to who sends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random, SystemRandom
from typing import Literal

from groupwire.aio.config import PeerConfig, default_name
from groupwire.aio.ends.opening import Ends, open_hearing
from groupwire.aio.ends.running import Running
from groupwire.aio.opening import Joined, group_of
from groupwire.aio.probing.load.member import (
    MemberEvent,
    RunBegan,
    RunMember,
)
from groupwire.gather import Answerer, Limits
from groupwire.net import MembershipEvent
from groupwire.probe.load import LoadReport
from groupwire.values import DEFAULT_BENCH_GROUP, Group, Origin

__all__ = ["LoadBegan", "LoadEnded", "LoadEvent", "LoadInterval", "receive_load"]


@dataclass(frozen=True, slots=True)
class LoadBegan:
    """The first datagram of a run has come."""

    sender: Origin
    run: int


@dataclass(frozen=True, slots=True)
class LoadInterval:
    """How every run that goes on has arrived so far, by its sender."""

    reports: Sequence[tuple[Origin, LoadReport]]


@dataclass(frozen=True, slots=True)
class LoadEnded:
    """A run is over; ``dropped`` is what else this machine threw away, by reason."""

    sender: Origin
    report: LoadReport
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])


_MOST_EVENTS = 1_000
"""Kept for who does not listen."""
LoadEvent = Joined | LoadBegan | LoadInterval | LoadEnded


async def receive_load(
    group: Group | str | None = None,
    *,
    interval: float = 1.0,
    stop: asyncio.Event | None = None,
    config: PeerConfig | None = None,
) -> AsyncGenerator[LoadEvent, None]:
    """Count measured traffic of a group until the iteration ends.

    Every ``interval`` seconds while a run goes on, and at its end, it tells. ``stop``
    ends all runs and the iteration. Senders are answered as ``config`` allows. Raises
    AddressError and MachineErrors.
    """
    config = config or PeerConfig()
    ends = open_hearing(group_of(group, DEFAULT_BENCH_GROUP), config)
    receiving = _Receiving(ends, config)
    try:
        yield receiving.joined
        async for event in receiving.events(interval, stop):
            yield event
    finally:
        await receiving.close()


class _Tick(Enum):
    NEXT = auto()
    LAST = auto()


class _Receiving:
    """The member on its port, and its events as they are told."""

    def __init__(self, ends: Ends, config: PeerConfig) -> None:
        self._happened: asyncio.Queue[MemberEvent | _Tick] = asyncio.Queue()
        self._clock: asyncio.TimerHandle | None = None
        receiver = ends.receiver
        self._core = RunMember(
            Answerer(
                config.name or default_name(),
                Limits(ends.group.source, config.answer_to, config.answer_rate),
                ends.interfaces,
                rng=Random(SystemRandom().getrandbits(64)),
                answer_pings=config.answer_pings,
            ),
            lambda: 0 if receiver is None else receiver.kernel_drops,
            time.time,
        )
        self.joined = Joined(
            ends.group,
            ends.choice.interfaces,
            ends.choice.reason,
            0 if receiver is None else receiver.receive_buffer_bytes,
        )
        self._running: Running[MemberEvent] = Running(
            ends, self._core, hear=self._hear, tell=_ignore, everywhere=False
        )
        self._running.start()

    async def close(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        await self._running.close()

    async def events(
        self, interval: float, stop: asyncio.Event | None
    ) -> AsyncGenerator[LoadEvent, None]:
        watch = None if stop is None else asyncio.create_task(stop.wait())
        if watch is not None:
            watch.add_done_callback(self._stop)
        self._strike(interval)
        try:
            while (event := await self._happened.get()) is not _Tick.LAST:
                if not isinstance(event, _Tick):
                    yield self._told(event)
                elif reports := self._core.reports():
                    yield LoadInterval([(run.origin, told) for run, told in reports])
        finally:
            if watch is not None:
                watch.cancel()

    def _strike(self, interval: float) -> None:
        """Look what has become of the runs, and do so again."""
        self._core.look()
        self._running.driver.pump()
        if self._happened.empty():  # who does not listen is not told the same again
            self._happened.put_nowait(_Tick.NEXT)
        loop = asyncio.get_running_loop()
        self._clock = loop.call_later(interval, self._strike, interval)

    def _stop(self, watch: asyncio.Task[Literal[True]]) -> None:
        if not watch.cancelled():
            self._core.end_all()
            self._running.driver.pump()
            self._happened.put_nowait(_Tick.LAST)

    def _told(self, event: MemberEvent) -> LoadEvent:
        if isinstance(event, RunBegan):
            return LoadBegan(event.run.origin, event.run.number)
        return LoadEnded(event.run.origin, event.report, self._running.dropped)

    def _hear(self, events: Sequence[MemberEvent]) -> None:
        for event in events:
            if self._happened.qsize() < _MOST_EVENTS:
                self._happened.put_nowait(event)


def _ignore(events: list[MembershipEvent]) -> None:
    """Take no notice: a membership that was lost has been renewed."""
