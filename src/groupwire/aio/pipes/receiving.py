"""The reading end of a pipe at work: bytes as they come, and how they ended."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Self

from groupwire.aio.ends.entered import Entered
from groupwire.aio.inbox import Inbox, with_lost
from groupwire.aio.messages.config import SubscribeConfig
from groupwire.aio.messages.subscribing import Subscribing
from groupwire.aio.pipes.config import PipeConfig
from groupwire.errors import GroupwireError
from groupwire.messages.events import SubscribeEvent
from groupwire.messages.piping.audience import DONE, OTHER
from groupwire.messages.piping.events import OtherSender, Outcome, ReadEvent
from groupwire.messages.piping.intake import Intake
from groupwire.messages.piping.wire import PATTERN
from groupwire.net import Choice, MembershipEvent
from groupwire.values import Group

__all__ = ["PipeBroken", "PipeReceiving"]

_QUEUE_BYTES = 2 << 20
_AT_ONCE_BYTES = 1 << 20
_TAIL_S = 0.3
"""After its end is told, for what is still on its way of a live pipe."""
_SILENCE_S = 10.0
"""For so long a sender may come back of whom nothing is heard."""
_MOST_EVENTS = 1000
_TOLD = {
    Outcome.LOST: "bytes are lost",
    Outcome.LEFT: "its sender has left before the end",
    Outcome.SILENT: "its sender has fallen silent",
    Outcome.RESTARTED: "its sender has begun anew",
    Outcome.NOBODY: "nobody sends",
}


class PipeBroken(GroupwireError):  # noqa: N818 - a fact about the pipe
    """A pipe has no end: ``outcome`` says why, ``bytes`` how many came before."""

    def __init__(self, outcome: Outcome, size_bytes: int) -> None:
        super().__init__(outcome, size_bytes)
        self.outcome = outcome
        self.bytes = size_bytes

    def __str__(self) -> str:
        return f"the pipe is broken after {self.bytes} bytes: {_TOLD[self.outcome]}"


class PipeReceiving(Entered):
    """Reads from a group; made by :func:`groupwire.aio.pipe_from`.

    ``async for`` gives bytes as they come, and raises :class:`PipeBroken` where they
    end before the sender's end. While nobody takes them, the sender waits.
    """

    def __init__(self, group: Group, config: PipeConfig) -> None:
        self.group = group
        self.config = config
        self.intake = Intake(config.sender_name, lossy=config.live is not None)
        """What has come so far."""
        self._subscribing = Subscribing(
            group,
            (PATTERN,),
            SubscribeConfig(
                queue=_QUEUE_BYTES,
                name=config.name,
                interface=config.interface,
                ttl=config.ttl,
                loopback=config.loopback,
                dscp=config.dscp,
                receive_buffer=config.receive_buffer,
            ),
            pipe=True,
        )
        self._events: Inbox[ReadEvent] = Inbox(_MOST_EVENTS)
        self._ready: deque[memoryview] = deque()
        """What has come and is not taken."""
        self._ready_bytes = 0
        self._deadline: float | None = None
        """Until when the next event is waited for."""
        self._waits_for = ""

    @property
    def name(self) -> str:
        """The name that senders see."""
        return self._subscribing.name

    @property
    def choice(self) -> Choice:
        """The interfaces, and why these. UsageError before it is open."""
        return self._subscribing.choice

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        return with_lost(self._subscribing.dropped, self._events)

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        await self._subscribing.open()
        if self.config.wait is not None:
            self._deadline = _now() + self.config.wait

    async def close(self) -> None:
        """Leave; any number of times."""
        await self._subscribing.close()
        self._events.close()

    def __aiter__(self) -> Self:
        """Iterate over the bytes; raises PipeBroken."""
        return self

    async def __anext__(self) -> memoryview:
        if not self._ready:
            await self._fill()
        if self._ready:
            chunk = self._ready.popleft()
            self._ready_bytes -= len(chunk)
            return chunk
        if self.intake.outcome is not Outcome.COMPLETE:
            outcome = self.intake.outcome or Outcome.LEFT
            raise PipeBroken(outcome, self.intake.size_bytes)
        self.enough()
        raise StopAsyncIteration

    async def read(self) -> list[memoryview]:
        """Return what has come, in order; nothing at the end, however it came.

        Nothing is lost where whoever cancels it ends the waiting.
        """
        await self._fill()
        ready = list(self._ready)
        self._ready.clear()
        self._ready_bytes = 0
        return ready

    def enough(self, why: str = DONE) -> None:
        """Tell the sender that nothing more is taken: all is written, or why not."""
        if self.intake.sender is not None:
            self._subscribing.enough(self.intake.sender, why)

    async def events(self) -> AsyncIterator[ReadEvent]:
        """Iterate over what happens beside the bytes, until the end."""
        while (event := await self._events.take()) is not None:
            yield event

    async def links(self) -> AsyncIterator[MembershipEvent]:
        """Iterate over memberships that were lost and renewed, until the end."""
        async for event in self._subscribing.links():
            yield event

    # How it is done.

    async def _fill(self) -> None:
        """Wait until something is ready, and take in what is there beside it."""
        while self.intake.outcome is None and self._ready_bytes < _AT_ONCE_BYTES:
            if self._ready and not self._subscribing.waiting:
                break
            event = await self._next()
            if event is None:
                break
            news = self.intake.take(event)
            self._ready += news
            self._ready_bytes += sum(map(len, news))
            self._after()

    async def _next(self) -> SubscribeEvent | None:
        """Wait for what is next; None at the end, and where nothing came in time."""
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._subscribing.next_event()
        except TimeoutError:
            self.intake.give_up()
            self._tell()
            return None

    def _after(self) -> None:
        """Tell the news, and bound the waiting where that is for something."""
        self._tell()
        intake, waits_for = self.intake, ""
        if intake.sender is None:
            return
        if intake.settling:
            waits_for = "tail"
        elif intake.silent:
            waits_for = "sender"
        if waits_for != self._waits_for or self._deadline is not None:
            self._bound(waits_for)

    def _bound(self, waits_for: str) -> None:
        if waits_for and waits_for == self._waits_for:
            return
        self._waits_for = waits_for
        silence = min(self.config.patience, _SILENCE_S)
        within = {"tail": _TAIL_S, "sender": silence}.get(waits_for)
        self._deadline = None if within is None else _now() + within

    def _tell(self) -> None:
        events, self.intake.events = self.intake.events, []
        for event in events:
            if isinstance(event, OtherSender):
                self._subscribing.enough(event.sender, OTHER)
            self._events.put(event)


def _now() -> float:
    return asyncio.get_running_loop().time()
