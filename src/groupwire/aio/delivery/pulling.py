"""One pull under way: files as they are stored, a report of each delivery."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from random import Random, SystemRandom
from typing import BinaryIO, TypeAlias, cast

from groupwire.aio.config import default_name
from groupwire.aio.delivery.config import PullConfig
from groupwire.aio.delivery.handle import Handle, not_begun, random_node, surely
from groupwire.aio.delivery.output import Output, OutputStorage
from groupwire.aio.delivery.veto import guarded
from groupwire.aio.ends.opening import open_hearing
from groupwire.deliver.pull import (
    DeliveryEnded,
    Pull,
    PullEvent,
    PullRules,
)
from groupwire.deliver.report import PullProgress, PullReport
from groupwire.deliver.storage import Examined, Outcome
from groupwire.deliver.store.store import Store, StorePolicy
from groupwire.errors import MachineError, UsageError
from groupwire.run.disk.storage import DiskStorage
from groupwire.values import Group

__all__ = ["Into", "Pulling"]

Into: TypeAlias = "str | os.PathLike[str] | Output | BinaryIO"

_DICE = SystemRandom()
_MOST_TIMES_AGAIN = 10
"""How often a pull's time begins anew for deliveries that were announced only."""


class Pulling(Handle[PullEvent, PullProgress, list[PullReport]]):
    """A pull that begins when it is awaited or entered.

    ``reports = await pulling`` waits for the end; ``async with pulling as deliveries``
    gives events and progress as they come.
    """

    def __init__(
        self, group: Group, into: Into, count: int | None, config: PullConfig
    ) -> None:
        super().__init__(group, config.progress_s)
        if count is not None and count < 1:
            raise UsageError(f"no {count} deliveries", fix="use 1 or more, or None")
        self.config = config
        self.name = config.name or default_name()
        self._into = into
        self._count = count
        self._reports: list[PullReport] = []
        self._pull: Pull | None = None
        self._storage: DiskStorage | OutputStorage | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._given_again = 0
        self._problem = ""

    @property
    def reports(self) -> tuple[PullReport, ...]:
        """Of the deliveries that have ended so far."""
        return tuple(self._reports)

    @property
    def problem(self) -> str:
        """Why nothing can be stored: read-only, disk-full; mostly empty."""
        return self._problem

    @property
    def progress(self) -> PullProgress:
        """How far it is. UsageError before it has begun."""
        if self._pull is None:
            raise not_begun()
        return self._pull.progress(now=self._now())

    @property
    def result(self) -> list[PullReport]:
        """The reports."""
        return list(self._reports)

    async def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        ends = open_hearing(self.group, self.config)
        try:
            storage = self._storage = await self._stored(loop)
            pull = self._pull = Pull(
                self._rules(ends.group),
                storage,
                rng=Random(_DICE.getrandbits(64)),
                interfaces=ends.interfaces,
            )
            running = self._carry(ends, pull, everywhere=True, lose=self.config.lose)
        except BaseException:
            ends.close()
            raise
        self._wait()
        running.start()

    async def _stored(
        self, loop: asyncio.AbstractEventLoop
    ) -> DiskStorage | OutputStorage:
        config = self.config
        policy = StorePolicy(
            overwrite=config.overwrite,
            max_bytes=config.max_size,
            links=config.links,
            accept=guarded(config.accept, loop),
            durable=config.durable,
        )
        output = _output(self._into)
        if output is not None:
            return OutputStorage(
                output,
                loop=loop,
                policy=policy,
                on_examined=self._examined,
                on_finished=self._stored_one,
                on_concluded=self._concluded,
                on_pressure=self._press,
                on_broken=self._break,
            )
        return DiskStorage(
            await self._open_store(policy),
            loop=loop,
            on_examined=self._examined,
            on_finished=self._stored_one,
            on_concluded=self._concluded,
            on_pressure=self._press,
            sender_of=self._sender_of,
        )

    async def _open_store(self, policy: StorePolicy) -> Store:
        into = os.fspath(cast("str", self._into))
        try:
            store = await asyncio.to_thread(Store, into, policy)
        except OSError as error:
            raise MachineError(
                f"{into} cannot be used: {(error.strerror or str(error)).lower()}",
                fix="name a directory that can be written",
            ) from error
        self._problem = store.problem
        return store

    def _rules(self, group: Group) -> PullRules:
        config = self.config
        return PullRules(
            name=self.name,
            node=random_node(),
            count=self._count,
            unicast=group.source is not None,
            allowed=config.allowed,
            answer_to=config.answer_to,
            source=group.source,
            patience_s=config.patience,
        )

    # What the disk tells.

    def _sender_of(self, key: int) -> str:
        return "" if self._pull is None else self._pull.sender_of(key)

    def _examined(self, key: int, examined: Examined, /) -> None:
        if self._pull is not None:
            self._pull.handle_examined(key, examined, now=self._now())
            self._pump_soon()

    def _stored_one(self, key: int, entry: int, outcome: Outcome, /) -> None:
        if self._pull is not None:
            self._pull.handle_finished(key, entry, outcome, now=self._now())
            self._pump_soon()

    def _concluded(self, key: int, failed: Mapping[int, str], /) -> None:
        if self._pull is not None:
            self._pull.handle_concluded(key, failed, now=self._now())
            self._pump_soon()

    def _press(self, pressed: bool, /) -> None:
        if self._running is not None:
            self._running.port.pause(pressed)

    def _break(self, error: Exception) -> None:
        """End where nothing can be written any more."""
        self._error = error
        self.stop()

    # Its end.

    def _note(self, event: PullEvent) -> None:
        if isinstance(event, DeliveryEnded):
            self._reports.append(event.report)
            self._wait()

    def _wait(self) -> None:
        """Give a delivery so much time to begin."""
        self._wait_no_more()
        seconds = self.config.timeout
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        """End, unless a delivery is under way, or a sender waits for other members.

        Not every one of these tells of its end: so the time is given once more. For who
        only says that he will deliver, as anybody can, not for ever.
        """
        progress = self.progress
        self._given_again = self._given_again + 1 if progress.announced else 0
        if progress.senders and self._given_again <= _MOST_TIMES_AGAIN:
            self._wait()
        else:
            self.stop()

    def _wait_no_more(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _leave(self, reason: str) -> None:  # noqa: ARG002 - a member just leaves
        if self._pull is not None:
            self._pull.stop(now=self._now())

    async def _let_go(self) -> None:
        self._wait_no_more()
        if self._storage is not None:
            await surely(self._storage.close)


def _output(into: Into) -> Output | None:
    """Return where bytes go in order; None where ``into`` is a directory."""
    if isinstance(into, Output):
        return into
    if isinstance(into, str | os.PathLike):
        return None
    return Output(partial(_write_all, into))


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:  # an unbuffered one may take less
        view = view[file.write(view) :]
    file.flush()
