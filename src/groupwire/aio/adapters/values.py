"""Publish values and subscribe to them: a codec between programs and payloads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Generic, Self, TypeAlias, TypeVar

from groupwire.aio.adapters.codec import Codec, Reading, Undecodable, Valued
from groupwire.aio.ends.entered import Entered
from groupwire.aio.messages import publish, subscribe
from groupwire.aio.messages.config import PublishConfig, SubscribeConfig
from groupwire.aio.messages.message import Published, Wanted
from groupwire.aio.messages.publishing import Publishing
from groupwire.aio.messages.subscribing import Subscribing
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Aside, Batch, Closed
from groupwire.values import Group

__all__ = [
    "ValueEvent",
    "ValuePublishing",
    "ValueSubscribing",
    "publish_values",
    "subscribe_values",
]

T = TypeVar("T")

_PUBLISH, _SUBSCRIBE = PublishConfig(), SubscribeConfig()

ValueEvent: TypeAlias = Valued[T] | Undecodable | Aside


def publish_values(
    group: Group | str | None = None,
    *,
    codec: Codec[T],
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PublishConfig = _PUBLISH,
) -> ValuePublishing[T]:
    """Return a publisher that encodes what it sends; else as ``aio.publish``."""
    return ValuePublishing(
        publish(group, name=name, interface=interface, ttl=ttl, config=config), codec
    )


def subscribe_values(
    group: Group | str | None = None,
    *patterns: str,
    codec: Codec[T],
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: SubscribeConfig = _SUBSCRIBE,
) -> ValueSubscribing[T]:
    """Return a subscriber that decodes what comes; else as ``aio.subscribe``."""
    subscribing = subscribe(
        group, *patterns, name=name, interface=interface, ttl=ttl, config=config
    )
    return ValueSubscribing(subscribing, codec)


class ValuePublishing(Entered, Generic[T]):
    """Publishes values; made by :func:`publish_values`."""

    def __init__(self, publishing: Publishing, codec: Codec[T]) -> None:
        self.publishing = publishing
        """What it is made of: members, events, counters, and payloads as they are."""
        self.codec = codec

    async def send(
        self,
        topic: str,
        value: T,
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Published:
        """Publish a value; raises what its codec and ``Publishing.send`` raise."""
        return await self.publishing.send(
            topic, self.codec.encode(value), delivery=delivery, timeout=timeout
        )

    async def send_many(
        self,
        topic: str,
        values: Sequence[T],
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Published:
        """Publish values of one topic, all or none; return the last one."""
        payloads = [self.codec.encode(value) for value in values]
        return await self.publishing.send_many(
            topic, payloads, delivery=delivery, timeout=timeout
        )

    def send_now(
        self, topic: str, value: T, *, delivery: Delivery | None = None
    ) -> Published:
        """Publish a value without ever waiting; raises QueueFull at once."""
        return self.publishing.send_now(
            topic, self.codec.encode(value), delivery=delivery
        )

    async def wait_for(
        self, who: Wanted = None, *, timeout: float | None = None
    ) -> bool:
        """Wait until subscribers are here; see ``Publishing.wait_for``."""
        return await self.publishing.wait_for(who, timeout=timeout)

    async def close(self) -> Closed | None:
        """Send what waits, and leave; say who has not got everything."""
        return await self.publishing.close()

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        await self.publishing.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.publishing.__aexit__(kind, error, trace)


class ValueSubscribing(Entered, Generic[T]):
    """Values of a group; made by :func:`subscribe_values`.

    ``async for value, message in subscribing`` gives what was understood. What was not
    is counted in ``dropped`` as ``undecodable``, and ``everything`` gives it too, in
    its place.
    """

    def __init__(self, subscribing: Subscribing, codec: Codec[T]) -> None:
        self.subscribing = subscribing
        """What it is made of: members, counters, and payloads as they are."""
        self.codec = codec
        self._reading = Reading(codec)

    def __aiter__(self) -> Self:
        """Iterate over values, until this subscriber is closed."""
        return self

    async def __anext__(self) -> Valued[T]:
        value = await self.next_value()
        if value is None:
            raise StopAsyncIteration
        return value

    async def next_value(self, timeout: float | None = None) -> Valued[T] | None:
        """Return the next value; None once closed and empty.

        TimeoutError after so many seconds without one. Nothing is lost where that, or
        whoever cancels it, ends the waiting.
        """
        async with asyncio.timeout(timeout):
            while (event := await self.next_event()) is not None:
                if isinstance(event, Valued):
                    return event
        return None

    async def everything(self) -> AsyncIterator[ValueEvent[T]]:
        """Iterate over values, what is none, gaps and members."""
        while (event := await self.next_event()) is not None:
            yield event

    async def next_event(self) -> ValueEvent[T] | None:
        """Return what ``everything`` gives next; None once closed and empty."""
        while (value := self._reading.take()) is None:
            event = await self.subscribing.next_event()
            if not isinstance(event, Batch):
                return event
            self._reading.add(event)
        return value

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        return self._reading.dropped(self.subscribing.dropped)

    async def close(self) -> None:
        """Leave; what has come can still be taken. Any number of times."""
        await self.subscribing.close()

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        await self.subscribing.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.subscribing.__aexit__(kind, error, trace)
