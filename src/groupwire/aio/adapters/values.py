"""Publish values and subscribe to them: a codec between programs and payloads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Generic, Self, TypeAlias, TypeVar

from groupwire.aio.adapters.codec import Codec, Undecodable, Valued, read_value
from groupwire.aio.messages import publish, subscribe
from groupwire.aio.messages.config import PublishConfig, SubscribeConfig
from groupwire.aio.messages.message import Message, Published, Wanted, messages_of
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


class ValuePublishing(Generic[T]):
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

    async def __aenter__(self) -> Self:
        await self.publishing.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.publishing.__aexit__(kind, error, trace)


class ValueSubscribing(Generic[T]):
    """Values of a group; made by :func:`subscribe_values`.

    ``async for value, message in subscribing`` gives what was understood. What was not
    is counted in ``dropped`` as ``undecodable``, and ``everything`` gives it too, in
    its place.
    """

    def __init__(self, subscribing: Subscribing, codec: Codec[T]) -> None:
        self.subscribing = subscribing
        """What it is made of: members, counters, and payloads as they are."""
        self.codec = codec
        self._undecodable = 0
        self._current: Iterator[Message] = iter(())

    async def __aiter__(self) -> AsyncIterator[Valued[T]]:
        """Iterate over values, until this subscriber is closed."""
        async for event in self.everything():
            if isinstance(event, Valued):
                yield event

    async def everything(self) -> AsyncIterator[ValueEvent[T]]:
        """Iterate over values, what is none, gaps and members."""
        while (event := await self.next_event()) is not None:
            yield event

    async def next_event(self) -> ValueEvent[T] | None:
        """Return what ``everything`` gives next; None once closed and empty."""
        message = next(self._current, None)
        if message is None:
            event = await self.subscribing.next_event()
            if not isinstance(event, Batch):
                return event
            self._current = messages_of(event)
            message = next(self._current)
        return self._read(message)

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        drops = dict(self.subscribing.dropped)
        if self._undecodable:
            drops["undecodable"] = self._undecodable
        return drops

    async def close(self) -> None:
        """Leave; what has come can still be taken. Any number of times."""
        await self.subscribing.close()

    async def __aenter__(self) -> Self:
        await self.subscribing.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.subscribing.__aexit__(kind, error, trace)

    def _read(self, message: Message) -> Valued[T] | Undecodable:
        read = read_value(self.codec, message)
        if isinstance(read, Undecodable):
            self._undecodable += 1
        return read
