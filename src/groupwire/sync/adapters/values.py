"""Publish values and subscribe to them, without ``async``.

Values become payloads and payloads values in the calling thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from groupwire.sync.messages import Publisher, Sent, Subscriber, publish, subscribe
from groupwire.values import Group

# Not loaded before something is published: who only asks does not pay.
if TYPE_CHECKING:
    from groupwire.aio.adapters.codec import Codec, Undecodable, Valued
    from groupwire.aio.adapters.values import ValueEvent
    from groupwire.aio.messages import PublishConfig, SubscribeConfig
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


class _Entered:
    """Joins and leaves with what it is made of."""

    def __init__(self, made_of: Publisher | Subscriber) -> None:
        self._made_of = made_of

    def __enter__(self) -> Self:
        self._made_of.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._made_of.__exit__(kind, error, trace)


class ValuePublisher(_Entered, Generic[T]):
    """Publishes values, for programs without an event loop."""

    def __init__(self, publisher: Publisher, codec: Codec[T]) -> None:
        super().__init__(publisher)
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


class ValueSubscriber(_Entered, Generic[T]):
    """Values of a group, for programs without an event loop.

    What the codec does not understand is counted in ``dropped`` as ``undecodable``,
    and ``everything`` gives it too, in its place.
    """

    def __init__(self, subscriber: Subscriber, codec: Codec[T]) -> None:
        from groupwire.aio.adapters.codec import Reading

        super().__init__(subscriber)
        self.subscriber = subscriber
        """What it is made of: members, counters, and payloads as they are."""
        self.codec = codec
        self._reading = Reading(codec)

    def __iter__(self) -> Iterator[Valued[T]]:
        """Iterate over values, until this subscriber is closed."""
        return self.listen()

    def listen(self, timeout: float | None = None) -> Iterator[Valued[T]]:
        """Iterate over values until ``close`` or ``timeout`` seconds of silence."""
        from groupwire.aio.adapters.codec import Valued

        for event in self.everything(timeout):
            if isinstance(event, Valued):
                yield event

    def next_value(self, timeout: float | None = None) -> Valued[T] | None:
        """Return the next value; None once closed and empty.

        TimeoutError after so many seconds without one.
        """
        from groupwire.aio.adapters.codec import Valued

        deadline = None if timeout is None else monotonic() + timeout
        while True:
            while (value := self._reading.take()) is not None:
                if isinstance(value, Valued):
                    return value
            if deadline is not None:
                timeout = max(0.0, deadline - monotonic())
            batch = self.subscriber.next_batch(timeout)
            if batch is None:
                return None
            self._reading.add(batch)

    def everything(self, timeout: float | None = None) -> Iterator[ValueEvent[T]]:
        """Iterate over values, what is none, gaps and members, as ``listen`` does."""
        from groupwire.messages.events import Batch

        # What is left of a batch is the next one's who takes.
        yield from self._taken()
        for event in self.subscriber.everything(timeout):
            if isinstance(event, Batch):
                self._reading.add(event)
                yield from self._taken()
            else:
                yield event

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        return self._reading.dropped(self.subscriber.dropped)

    def close(self) -> None:
        """Leave; ends iterations in other threads. Any number of times."""
        self.subscriber.close()

    def _taken(self) -> Iterator[Valued[T] | Undecodable]:
        while (value := self._reading.take()) is not None:
            yield value
