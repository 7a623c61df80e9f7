"""One question under way: its answers as they come, its result at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from dataclasses import dataclass
from random import SystemRandom
from types import TracebackType
from typing import Protocol, Self

from groupwire.aio.config import PeerConfig
from groupwire.aio.inbox import Inbox
from groupwire.aio.opening import Plan, plan_sending
from groupwire.aio.spares import give_back, take_port
from groupwire.errors import MachineError, UsageError
from groupwire.gather import (
    Answer,
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

__all__ = ["Asking", "Sent", "described", "form_of", "send_once"]


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


class Owner(Protocol):
    """A peer that asks: it knows the way out, and must not hear its own question."""

    @property
    def choice(self) -> Choice: ...

    def note_port(self, port: int) -> None: ...

    def forget_port(self, port: int) -> None: ...


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
        owner: Owner | None = None,
    ) -> None:
        self._group = group
        self._question = question
        self._config = config
        self._owner = owner
        self._port = 0
        self._answers: Inbox[Answer] | None = None
        self._asker: Asker | None = None
        self._driver: Driver[AskEvent] | None = None
        self._finished: asyncio.Future[None] | None = None
        self._plan: Plan | None = None
        self._sent: Sent | None = None
        self._result: Result | None = None
        self._given: UdpPort | None = None
        self._failure: MachineError | None = None
        self.asked_at = 0.0
        """When it was asked first, by the loop's clock: what ``rtt`` counts from."""

    @property
    def sent(self) -> Sent:
        """What was sent. UsageError before anything was."""
        plan, question = self._plan, self._question
        if plan is None or self._driver is None:
            raise _not_asked()
        if self._sent is None:
            self._sent = described(
                plan.aim.group,
                plan.choice,
                question.data,
                question.travels,
                self._config,
                plan.aim.payload_limit,
            )
        return self._sent

    @property
    def result(self) -> Result:
        """The result so far; the final one once it is finished or closed."""
        if self._result is not None:
            return self._result
        if self._asker is None or self._driver is None:
            raise _not_asked()
        return self._asker.result(now=self._driver.time())

    def stop(self) -> None:
        """End now, with what is there."""
        if self._asker is not None and self._driver is not None:
            self._asker.stop(now=self._driver.time())
            self._driver.pump()

    def __await__(self) -> Generator[None, None, Result]:
        return self._whole().__await__()

    async def __aenter__(self) -> Self:
        if self._driver is not None:
            raise UsageError("this question was asked", fix="make a new one with ask()")
        self._answers = Inbox()
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
        if self._answers is None:
            raise UsageError("not entered", fix="use it inside: async with")
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
        owner = self._owner
        choice = None if owner is None else owner.choice
        plan = self._plan = plan_sending(self._group, self._config, choice)
        loop = asyncio.get_running_loop()
        finished = self._finished = loop.create_future()
        port = self._given = take_port(loop, plan.aim)
        try:
            self.asked_at = loop.time()
            asker = self._asker = Asker(
                self._question,
                rng=_DICE,
                now=self.asked_at,
                payload_limit=plan.aim.payload_limit,
            )
            driver = self._driver = Driver(
                asker, port, on_events=self._hear, on_failure=self._fail
            )
            driver.start()
            if self._failure is not None:
                raise self._failure
        except BaseException:
            self._close()
            port.close()
            raise
        if owner is not None:
            self._port = port.local_port
            owner.note_port(self._port)
        return finished

    def _hear(self, events: Sequence[AskEvent]) -> None:
        answers = self._answers
        for event in events:
            if answers is not None and isinstance(event, Answer):
                answers.put(event)
        # It is the last of all.
        if isinstance(events[-1], Finished):
            if answers is not None:
                answers.close()
            if self._finished is not None and not self._finished.done():
                self._finished.set_result(None)

    def _fail(self, error: MachineError) -> None:
        self._failure = error

    def _close(self) -> None:
        driver, asker, plan = self._driver, self._asker, self._plan
        if driver is None or asker is None or plan is None:
            return
        now, finished = driver.time(), asker.finished
        if not finished:
            asker.stop(now=now)
        self._result = asker.result(now=now)
        if self._answers is not None:
            self._answers.close()
        if finished and self._given is not None:
            driver.stop()
            give_back(driver.loop, plan.aim, self._given, now=now)
        else:
            driver.close()
        self._given = None
        if self._owner is not None:
            self._owner.forget_port(self._port)


def send_once(group: Group, data: bytes, config: PeerConfig) -> Sent:
    """Send one plain datagram from a socket of its own."""
    plan = plan_sending(group, config)
    sender = MulticastSender(plan.aim)
    try:
        sender.send(data)
    finally:
        sender.close()
    limit = plan.aim.payload_limit
    return described(plan.aim.group, plan.choice, data, Form.PLAIN, config, limit)


def form_of(tagged: bool | None) -> Form | None:
    """Return the form that ``tagged`` demands; None leaves it to the question."""
    if tagged is None:
        return None
    return Form.TAGGED if tagged else Form.PLAIN


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
