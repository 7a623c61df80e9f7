"""What both sides' handles have in common: awaited, entered, iterated, ended."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from random import SystemRandom
from typing import Generic, Self, TypeVar

from groupwire.aio.ends.carrying import Carrying
from groupwire.aio.inbox import Inbox
from groupwire.errors import UsageError
from groupwire.net import MembershipEvent
from groupwire.values import Group

__all__ = ["Handle", "not_begun", "random_node", "surely"]

EventT = TypeVar("EventT")
ProgressT = TypeVar("ProgressT")
ResultT = TypeVar("ResultT")

_MOST_EVENTS = 1 << 20
"""As many as a manifest has entries: all may be settled at once."""


class Handle(Carrying[EventT], Generic[EventT, ProgressT, ResultT]):
    """A delivery that begins when it is awaited or entered, and runs once.

    Cancelling says goodbye, leaves the groups and goes through; what is known then
    stays here.
    """

    def __init__(self, group: Group, progress_s: float) -> None:
        super().__init__(group)
        self._progress_s = progress_s
        self._begun = False
        self._inbox: Inbox[EventT | ProgressT | MembershipEvent] | None = None
        self._ended: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._error: BaseException | None = None
        """What ended it from outside the delivery: raised where it is waited for."""

    @property
    @abstractmethod
    def progress(self) -> ProgressT:
        """How far it is. UsageError before it has begun."""

    @property
    @abstractmethod
    def result(self) -> ResultT:
        """What awaiting it returns; before the end, what is known so far."""

    async def finished(self) -> ResultT:
        """Wait for the end and return the result."""
        if self._ended is None:
            raise not_begun()
        await asyncio.shield(self._ended)
        if self._error is not None:
            raise self._error
        return self.result

    def stop(self) -> None:
        """End it in good order, with what there is; ``finished`` returns soon."""
        if self._running is not None and not self._running.core.finished:
            self._leave("stopped")
            self._running.driver.pump()
            self._look()

    def __await__(self) -> Generator[None, None, ResultT]:
        return self._whole().__await__()

    async def __aenter__(self) -> Self:
        await self._open(Inbox(_MOST_EVENTS))
        return self

    async def __aiter__(self) -> AsyncIterator[EventT | ProgressT | MembershipEvent]:
        """Iterate over what happens, and over the progress, until the end."""
        if self._inbox is None:
            raise UsageError("not entered", fix="use it inside: async with")
        while (event := await self._inbox.take()) is not None:
            yield event

    async def _whole(self) -> ResultT:
        await self._open(None)
        try:
            return await self.finished()
        finally:
            await self._leave_group()

    async def _open(
        self, inbox: Inbox[EventT | ProgressT | MembershipEvent] | None
    ) -> None:
        if self._begun:
            raise UsageError("this delivery was begun", fix="make a new one")
        self._begun = True
        self._inbox = inbox
        self._ended = asyncio.get_running_loop().create_future()
        try:
            await self._begin()
            # What nobody can hear from the very first word on is no delivery.
            if self._running is not None and self._running.failure is not None:
                raise self._running.failure
            self._look()
            self._watch()
        except BaseException:
            await self._leave_group()
            raise

    async def _leave_group(self, *, hurried: bool = True) -> None:  # noqa: ARG002
        running = self._running
        try:
            if running is not None:
                if not running.core.finished:
                    self._leave("interrupted")
                    running.driver.pump()
                await running.close()
        finally:
            self._settle()
            await self._let_go()

    @abstractmethod
    async def _begin(self) -> None:
        """Open everything, start, and remember it as ``_running``."""

    @abstractmethod
    def _leave(self, reason: str) -> None:
        """Tell the core to end."""

    @abstractmethod
    def _note(self, event: EventT) -> None:
        """Keep what the result is made of."""

    @abstractmethod
    async def _let_go(self) -> None:
        """Wait for the threads at the disk to end; any number of times."""

    def _too_early(self) -> UsageError:
        return not_begun()

    def _hear(self, events: Sequence[EventT]) -> None:
        for event in events:
            self._note(event)
            self._put(event)
        self._look()

    def _now(self) -> float:
        return (
            asyncio.get_running_loop().time()
            if self._running is None
            else self._running.driver.time()
        )

    def _pump_soon(self) -> None:
        if self._running is not None:
            self._running.pump_soon()

    def _tell(self, events: Sequence[MembershipEvent]) -> None:
        for event in events:
            self._put(event)

    def _put(self, event: EventT | ProgressT | MembershipEvent) -> None:
        if self._inbox is not None and not self._inbox.put(event):
            self._lost_events += 1

    def _look(self) -> None:
        """End the waiting once the core has nothing more to do."""
        if self._running is not None and self._running.core.finished:
            self._settle()

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._inbox is not None:
            self._inbox.close()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def _watch(self) -> None:
        """Tell of the progress now and then, unless nobody reads what there is."""
        if self._ended is None or self._ended.done():
            return
        if self._inbox is not None and not self._inbox:
            self._put(self.progress)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._progress_s, self._watch)


async def surely(call: Callable[[], object]) -> None:
    """Call something in a thread; cancelling ends the waiting for it, not the call."""
    loop = asyncio.get_running_loop()
    await asyncio.shield(loop.run_in_executor(None, call))


def random_node() -> int:
    """Return a NORM node id; 0 and the highest mean nobody and everybody."""
    return SystemRandom().randrange(1, 0xFFFF_FFFF)


def not_begun() -> UsageError:
    """Return the error of who looks too early."""
    return UsageError("it has not begun", fix="await it, or enter it")
