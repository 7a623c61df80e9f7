"""What programs are given: a message that came, and one that was sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from functools import partial
from itertools import count, repeat
from typing import NamedTuple

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch
from groupwire.messages.members import Member

__all__ = ["Message", "Published", "Receipt", "messages_of", "published"]


class Message(NamedTuple):
    """One message, as it was sent."""

    data: bytes
    sequence: int
    """Counts from 0 for each publisher and delivery."""
    batch: Batch
    """What it came with."""

    @property
    def topic(self) -> str:
        """The topic under which it was published."""
        return self.batch.topic

    @property
    def publisher(self) -> Member:
        """Who has published it."""
        return self.batch.publisher

    @property
    def delivery(self) -> Delivery:
        """How it has travelled."""
        return self.batch.delivery

    @property
    def last_value(self) -> bool:
        """Whether it is what its topic had last before this subscriber came."""
        return self.batch.last_value

    def __repr__(self) -> str:
        return f"<Message {self.topic}: {len(self.data)} bytes from {self.publisher}>"


_make = partial(tuple.__new__, Message)  # pyright: ignore[reportUnknownMemberType]


def messages_of(batch: Batch) -> Iterator[Message]:
    """Iterate over the messages of a batch; none of them costs a line of Python."""
    return map(_make, zip(batch.payloads, count(batch.sequence), repeat(batch)))


class Receipt(NamedTuple):
    """Who has a message, and who of those that were waited for has not."""

    received: frozenset[str]
    missing: frozenset[str]


class Published(NamedTuple):
    """A message that was handed over."""

    sequence: int
    """Counts from 0 for each delivery; -1: it was dropped, as the queue was full."""
    delivery: Delivery
    """How it travels."""
    wait: Callable[[Published, Collection[str] | None], Awaitable[Receipt]]
    """What :meth:`received` calls."""

    async def received(self, by: Collection[str] | None = None) -> Receipt:
        """Wait until subscribers have it, and all before it, and say who.

        ``by`` are names; None means all that are here now. It takes no longer than the
        publisher's patience: who has not answered by then is missing, as all are of a
        message that was dropped. UsageError for ``besteffort``: nobody acknowledges
        that; ClosedError once the publisher is closed.
        """
        return await self.wait(self, by)


published = partial(tuple.__new__, Published)  # pyright: ignore[reportUnknownMemberType]
"""Makes one of its three values; of a flood it costs a third of the usual way."""
