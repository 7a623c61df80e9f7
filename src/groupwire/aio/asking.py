"""One question under way: its answers as they come, its result at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from random import SystemRandom
from types import TracebackType
from typing import Self

from groupwire.aio.config import PeerConfig
from groupwire.aio.inbox import Inbox
from groupwire.aio.opening import open_sending
from groupwire.errors import MachineError, UsageError
from groupwire.gather import (
    Answer,
    AnswerReceived,
    Asker,
    AskEvent,
    Finished,
    Form,
    Question,
    Result,
)
from groupwire.net import Choice, MulticastSender
from groupwire.run import Driver, UdpPort
from groupwire.values import Group, Interface

# Unguessable request ids: who has not seen the question cannot answer it.
_DICE = SystemRandom()

__all__ = ["Asking", "Sent", "described", "send_once"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent, how, and what is worth a warning."""

    group: Group
    interfaces: tuple[Interface, ...]
    reason: str
    """Why these interfaces, in one sentence."""
    size_bytes: int
    """The message alone, without a header."""
    ttl: int
    form: Form
    warnings: tuple[str, ...] = ()


class Asking:
    """A question that is asked when it is awaited or entered.

    ``result = await asking`` waits for the end; ``async with asking as answers`` gives
    the answers as they come. Cancelling either closes the socket and keeps what was
    gathered in :attr:`result`.
    """

    def __init__(
        self,
        group: Group,
        question: Question,
        config: PeerConfig,
        *,
        choose: Callable[[], Choice | None] = lambda: None,
        on_open: Callable[[int], None] = lambda _: None,
        on_close: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._group = group
        self._question = question
        self._config = config
        self._choose = choose
        self._on_open = on_open
        self._on_close = on_close
        self._port = 0
        self._answers: Inbox[Answer] = Inbox()
        self._entered = False
        self._asker: Asker | None = None
        self._driver: Driver[AskEvent] | None = None
        self._finished: asyncio.Future[None] | None = None
        self._describe: Callable[[], Sent] | None = None
        self._sent: Sent | None = None
        self._result: Result | None = None
        self._failure: MachineError | None = None

    @property
    def sent(self) -> Sent:
        """What was sent. UsageError before anything was."""
        if self._describe is None:
            raise _not_asked()
        if self._sent is None:
            self._sent = self._describe()
        return self._sent

    @property
    def result(self) -> Result:
        """The result so far; the final one once it is finished or closed."""
        if self._result is not None:
            return self._result
        if self._asker is None or self._driver is None:
            raise _not_asked()
        return self._asker.result(now=self._driver.now)

    def stop(self) -> None:
        """End now, with what is there."""
        if self._asker is not None and self._driver is not None:
            self._asker.stop(now=self._driver.now)
            self._driver.pump()

    def __await__(self) -> Generator[None, None, Result]:
        return self._whole().__await__()

    async def __aenter__(self) -> Self:
        if self._driver is not None:
            raise UsageError("this question was asked", fix="make a new one with ask()")
        self._entered = True
        self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    async def __aiter__(self) -> AsyncIterator[Answer]:
        """Iterate over the answers as they come, until the question is finished."""
        while (answer := await self._answers.take()) is not None:
            yield answer

    async def _whole(self) -> Result:
        if self._driver is not None:
            raise UsageError("this question was asked", fix="make a new one with ask()")
        try:
            await self._start()
        finally:
            self._close()
        return self.result

    def _start(self) -> asyncio.Future[None]:
        """Ask; return what is done when the question is finished."""
        sender, choice = open_sending(self._group, self._config, self._choose())
        finished = self._finished = asyncio.get_running_loop().create_future()
        try:
            driver = self._drive(sender)
            self._describe = partial(
                described,
                sender.group,
                choice,
                self._question.data,
                self._question.travels,
                self._config,
                sender.payload_limit,
            )
            driver.start()
            if self._failure is not None:
                raise self._failure
        except BaseException:
            self._close()
            sender.close()
            raise
        self._port = sender.port
        self._on_open(self._port)
        return finished

    def _drive(self, sender: MulticastSender) -> Driver[AskEvent]:
        self._asker = Asker(
            self._question,
            rng=_DICE,
            now=asyncio.get_running_loop().time(),
            payload_limit=sender.payload_limit,
        )
        self._driver = Driver(
            self._asker,
            UdpPort(sender),
            on_event=self._hear,
            on_failure=self._fail,
        )
        return self._driver

    def _hear(self, event: AskEvent) -> None:
        if isinstance(event, AnswerReceived):
            if self._entered:
                self._answers.put(event.answer)
        elif isinstance(event, Finished):
            self._answers.close()
            if self._finished is not None and not self._finished.done():
                self._finished.set_result(None)

    def _fail(self, error: MachineError) -> None:
        self._failure = error

    def _close(self) -> None:
        if self._driver is None or self._asker is None:
            return
        self._asker.stop(now=self._driver.now)
        self._result = self._asker.result(now=self._driver.now)
        self._answers.close()
        self._driver.close()
        self._on_close(self._port)


def send_once(group: Group, data: bytes, config: PeerConfig) -> Sent:
    """Send one plain datagram from a socket of its own."""
    sender, choice = open_sending(group, config)
    try:
        sender.send(data)
        limit = sender.payload_limit
        return described(sender.group, choice, data, Form.PLAIN, config, limit)
    finally:
        sender.close()


def described(
    group: Group,
    choice: Choice,
    data: bytes,
    form: Form,
    config: PeerConfig,
    limit: int,
) -> Sent:
    """Say what is sent, and what about it deserves a warning."""
    warnings = tuple(_warnings(group, choice, len(data), config.ttl, limit))
    return Sent(
        group, choice.interfaces, choice.reason, len(data), config.ttl, form, warnings
    )


def _warnings(
    group: Group, choice: Choice, size: int, ttl: int, limit: int
) -> Iterator[str]:
    if size > limit:
        pieces = -(-size // limit)
        yield (
            f"{size} bytes travel in {pieces} fragments, and one that is lost costs "
            f"the whole message (at 10 % loss 20 kB nearly never arrive); up to "
            f"{limit} bytes travel whole"
        )
    for interface in choice.interfaces:
        if not interface.carrier and not interface.loopback:
            yield f"{interface.name} has no carrier: nothing that is sent leaves it"
    if ttl > 1 and not group.scope.forwarded:
        yield f"routers never forward {group.ip}, whatever the TTL"


def _not_asked() -> UsageError:
    return UsageError("nothing was asked yet", fix="await it, or enter it")
