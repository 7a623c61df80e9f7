"""Publish values and subscribe to them, without ``async``.

Values become payloads and payloads values in the calling thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from groupwire.sync.messages import Publisher, Sent, Subscriber, publish, subscribe
from groupwire.values import Group

# Not loaded before something is published: who only asks does not pay.
if TYPE_CHECKING:
    from groupwire.aio.adapters.codec import Codec, Undecodable, Valued
    from groupwire.aio.adapters.values import ValueEvent
    from groupwire.aio.messages import Message, PublishConfig, SubscribeConfig
    from groupwire.aio.messages.message import Wanted
    from groupwire.messages.delivery import Delivery
    from groupwire.messages.events import Closed

__all__ = ["ValuePublisher", "ValueSubscriber", "publish_values", "subscribe_values"]

T = TypeVar("T")


def publish_values(
    group: Group | str | None = None,
    *,
    codec: Codec[T],
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PublishConfig | None = None,
) -> ValuePublisher[T]:
    """Return a publisher that encodes what it sends; see ``aio.publish_values``."""
    return ValuePublisher(
        publish(group, name=name, interface=interface, ttl=ttl, config=config), codec
    )


def subscribe_values(
    group: Group | str | None = None,
    *patterns: str,
    codec: Codec[T],
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: SubscribeConfig | None = None,
) -> ValueSubscriber[T]:
    """Return a subscriber that decodes what comes; see ``aio.subscribe_values``."""
    subscriber = subscribe(
        group, *patterns, name=name, interface=interface, ttl=ttl, config=config
    )
    return ValueSubscriber(subscriber, codec)


class ValuePublisher(Generic[T]):
    """Publishes values, for programs without an event loop."""

    def __init__(self, publisher: Publisher, codec: Codec[T]) -> None:
        self.publisher = publisher
        """What it is made of: members, counters, and payloads as they are."""
        self.codec = codec

    def send(
        self,
        topic: str,
        value: T,
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Sent:
        """Publish a value; raises what its codec and ``Publisher.send`` raise."""
        return self.publisher.send(
            topic, self.codec.encode(value), delivery=delivery, timeout=timeout
        )

    def send_many(
        self,
        topic: str,
        values: Sequence[T],
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Sent:
        """Publish values of one topic, all or none; return the last one."""
        payloads = [self.codec.encode(value) for value in values]
        return self.publisher.send_many(
            topic, payloads, delivery=delivery, timeout=timeout
        )

    def wait_for(self, who: Wanted = None, *, timeout: float | None = None) -> bool:
        """Wait until subscribers are here; see ``Publishing.wait_for``."""
        return self.publisher.wait_for(who, timeout=timeout)

    def close(self) -> Closed | None:
        """Send what waits, and leave; say who has not got everything."""
        return self.publisher.close()

    def __enter__(self) -> Self:
        self.publisher.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.publisher.__exit__(kind, error, trace)


class ValueSubscriber(Generic[T]):
    """Values of a group, for programs without an event loop.

    What the codec does not understand is counted in ``dropped`` as ``undecodable``,
    and ``everything`` gives it too, in its place.
    """

    def __init__(self, subscriber: Subscriber, codec: Codec[T]) -> None:
        self.subscriber = subscriber
        """What it is made of: members, counters, and payloads as they are."""
        self.codec = codec
        self._undecodable = 0
        self._current: Iterator[Message] = iter(())

    def __iter__(self) -> Iterator[Valued[T]]:
        """Iterate over values, until this subscriber is closed."""
        return self.listen()

    def listen(self, timeout: float | None = None) -> Iterator[Valued[T]]:
        """Iterate over values until ``close`` or ``timeout`` seconds of silence."""
        from groupwire.aio.adapters.codec import Valued

        for event in self.everything(timeout):
            if isinstance(event, Valued):
                yield event

    def everything(self, timeout: float | None = None) -> Iterator[ValueEvent[T]]:
        """Iterate over values, what is none, gaps and members, as ``listen`` does."""
        from groupwire.aio.messages.message import messages_of
        from groupwire.messages.events import Batch

        # What is left of a batch is the next one's who takes.
        yield from map(self._read, self._current)
        for event in self.subscriber.everything(timeout):
            if isinstance(event, Batch):
                self._current = messages_of(event)
                yield from map(self._read, self._current)
            else:
                yield event

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        drops = dict(self.subscriber.dropped)
        if self._undecodable:
            drops["undecodable"] = self._undecodable
        return drops

    def close(self) -> None:
        """Leave; ends iterations in other threads. Any number of times."""
        self.subscriber.close()

    def __enter__(self) -> Self:
        self.subscriber.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.subscriber.__exit__(kind, error, trace)

    def _read(self, message: Message) -> Valued[T] | Undecodable:
        from groupwire.aio.adapters.codec import Undecodable, read_value

        read = read_value(self.codec, message)
        if isinstance(read, Undecodable):
            self._undecodable += 1
        return read
