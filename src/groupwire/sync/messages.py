"""Publish messages and subscribe to them, without ``async``."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from groupwire import aio
from groupwire.sync.thread import loop_thread, within
from groupwire.sync.twin import Openable, Twin
from groupwire.values import Group

# Not loaded before something is published: who only asks does not pay.
if TYPE_CHECKING:
    from groupwire.aio.messages import (
        Message,
        Onlooking,
        PublishConfig,
        Publishing,
        SubscribeConfig,
        Subscribing,
    )
    from groupwire.aio.messages.message import Published, Receipt, Wanted
    from groupwire.aio.messages.publishing import Payload
    from groupwire.messages.delivery import Delivery
    from groupwire.messages.events import (
        Batch,
        Closed,
        PresenceEvent,
        PublishEvent,
        SubscribeEvent,
    )
    from groupwire.messages.members import Member
    from groupwire.messages.publish.stats import PublishStats
    from groupwire.messages.subscribe.stats import SubscribeStats
    from groupwire.net import MembershipEvent

__all__ = ["Onlooker", "Publisher", "Subscriber", "members", "publish", "subscribe"]

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")
ResultT_co = TypeVar("ResultT_co", covariant=True)


def publish(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PublishConfig | None = None,
) -> Publisher:
    """Return a publisher: ``with sync.publish(...)`` has joined inside.

    See ``aio.publish``.
    """
    config = aio.PublishConfig() if config is None else config
    return Publisher(
        aio.publish(group, name=name, interface=interface, ttl=ttl, config=config)
    )


def subscribe(
    group: Group | str | None = None,
    *patterns: str,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: SubscribeConfig | None = None,
) -> Subscriber:
    """Return a subscriber: ``with sync.subscribe(...)`` has joined inside.

    See ``aio.subscribe``.
    """
    config = aio.SubscribeConfig() if config is None else config
    return Subscriber(
        aio.subscribe(
            group, *patterns, name=name, interface=interface, ttl=ttl, config=config
        )
    )


def members(
    group: Group | str | None = None,
    *,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: aio.PeerConfig | None = None,
) -> Onlooker:
    """Return who is in a group: ``with sync.members(...)`` has joined inside.

    See ``aio.members``.
    """
    config = aio.PeerConfig() if config is None else config
    return Onlooker(aio.members(group, interface=interface, ttl=ttl, config=config))


class _Session(Openable[ResultT_co], Protocol[ResultT_co]):
    @property
    def members(self) -> Sequence[Member]: ...

    @property
    def dropped(self) -> Mapping[str, int]: ...


class _Member(Twin[ResultT]):
    """What publishers, subscribers and onlookers have in common."""

    def __init__(self, original: _Session[ResultT]) -> None:
        super().__init__(original)
        self._session = original

    @property
    def members(self) -> Sequence[Member]:
        """Who else is here."""
        return loop_thread().call(lambda: self._session.members)

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        return loop_thread().call(lambda: self._session.dropped)


class Publisher(_Member[Any]):
    """Publishes to a group, for programs without an event loop."""

    def __init__(self, publishing: Publishing) -> None:
        super().__init__(publishing)
        self._publishing = publishing

    @property
    def stats(self) -> PublishStats:
        """What was sent so far."""
        return loop_thread().call(lambda: self._publishing.stats)

    def send(
        self,
        topic: str,
        data: Payload,
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Sent:
        """Publish a message; see ``aio.messages.Publishing.send``."""
        sending = self._publishing.send(topic, data, delivery=delivery, timeout=timeout)
        return Sent(loop_thread().run(sending))

    def send_many(
        self,
        topic: str,
        payloads: Sequence[Payload],
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Sent:
        """Publish messages of one topic, all or none, much quicker than one by one."""
        sending = self._publishing.send_many(
            topic, payloads, delivery=delivery, timeout=timeout
        )
        return Sent(loop_thread().run(sending))

    def wait_for(self, who: Wanted = None, *, timeout: float | None = None) -> bool:
        """Wait until subscribers are here; see ``aio.messages.Publishing.wait_for``."""
        return loop_thread().run(self._publishing.wait_for(who, timeout=timeout))

    def events(
        self, timeout: float | None = None
    ) -> Iterator[PublishEvent | MembershipEvent]:
        """Iterate over who comes, leaves, lags and loses something.

        Until ``close``, or ``timeout`` seconds of silence.
        """
        return _taken(self._publishing.next_event, timeout)

    def close(self) -> Closed | None:
        """Send what waits, and leave; say who has not got everything."""
        closed: Closed | None = super().close()
        return closed


class Sent:
    """A message that was handed over."""

    __slots__ = ("_published",)

    def __init__(self, published: Published) -> None:
        self._published = published

    @property
    def sequence(self) -> int:
        """Counts from 0 for each delivery; -1: dropped, as the queue was full."""
        return self._published.sequence

    def __repr__(self) -> str:
        return f"<Sent {self.sequence}: {self._published.delivery}>"

    def received(
        self,
        by: Wanted = None,
        *,
        timeout: float | None = None,
        appear: float | None = None,
    ) -> Receipt:
        """Wait until subscribers have it, and all before it, and say who.

        See ``aio.messages.message.Published.received``.
        """
        return loop_thread().run(
            self._published.received(by, timeout=timeout, appear=appear)
        )


class Subscriber(_Member[None]):
    """Messages of a group, for programs without an event loop."""

    def __init__(self, subscribing: Subscribing) -> None:
        super().__init__(subscribing)
        self._subscribing = subscribing
        self._waiting: deque[Message] = deque()
        """What is left of a batch that was taken."""

    @property
    def stats(self) -> SubscribeStats:
        """What has come so far."""
        return loop_thread().call(lambda: self._subscribing.stats)

    def __iter__(self) -> Iterator[Message]:
        """Iterate over messages, until this subscriber is closed."""
        return self.listen()

    def listen(self, timeout: float | None = None) -> Iterator[Message]:
        """Iterate over messages until ``close`` or ``timeout`` seconds of silence."""
        while True:
            try:
                message = self.next_message(timeout)
            except TimeoutError:
                return
            if message is None:
                return
            yield message

    def next_message(self, timeout: float | None = None) -> Message | None:
        """Return the next message; None once closed and empty.

        TimeoutError after so many seconds without one; nothing is lost where that ends
        the waiting.
        """
        from groupwire.aio.messages.message import messages_of

        while True:
            # Another thread may take, too: each of these steps is a whole one.
            with suppress(IndexError):
                return self._waiting.popleft()
            batch = self.next_batch(timeout)
            if batch is None:
                return None
            self._waiting.extend(messages_of(batch))

    def next_batch(self, timeout: float | None = None) -> Batch | None:
        """Return the next messages that came together, as ``next_message`` does."""
        return loop_thread().run(within(self._next_batch(), timeout))

    async def _next_batch(self) -> Batch | None:
        from groupwire.messages.events import Batch

        while (event := await self._subscribing.next_event()) is not None:
            if isinstance(event, Batch):
                return event
        return None

    def batches(self, timeout: float | None = None) -> Iterator[Batch]:
        """Iterate over messages of one topic that came together, as ``listen``."""
        from groupwire.messages.events import Batch

        for event in self.everything(timeout):
            if isinstance(event, Batch):
                yield event

    def everything(self, timeout: float | None = None) -> Iterator[SubscribeEvent]:
        """Iterate over batches, gaps and members, as ``listen`` does."""
        return _taken(self._subscribing.next_event, timeout)


class Onlooker(_Member[None]):
    """Who is in a group, for programs without an event loop."""

    def __init__(self, onlooking: Onlooking) -> None:
        super().__init__(onlooking)
        self._onlooking = onlooking

    def __iter__(self) -> Iterator[PresenceEvent | MembershipEvent]:
        """Iterate over who comes and goes, until this is closed."""
        return self.listen()

    def listen(
        self, timeout: float | None = None
    ) -> Iterator[PresenceEvent | MembershipEvent]:
        """Iterate over who comes and goes, until ``timeout`` seconds of silence."""
        return _taken(self._onlooking.next_event, timeout)


def _taken(
    take: Callable[[], Coroutine[Any, Any, EventT | None]], timeout: float | None
) -> Iterator[EventT]:
    """Iterate until there is nothing more, or ``timeout`` seconds of silence."""
    while True:
        try:
            event = loop_thread().run(within(take(), timeout))
        except TimeoutError:
            return
        if event is None:
            return
        yield event
