"""What programs are given: a message that came, and one that was sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, repeat
from typing import NamedTuple, TypeAlias

from groupwire.errors import NotDelivered
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch
from groupwire.messages.members import Member

__all__ = ["Message", "Published", "Receipt", "Wanted", "messages_of", "published"]


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


@dataclass(frozen=True, slots=True)
class Receipt:
    """Who has a message, and who of those that were waited for has not."""

    received: frozenset[str]
    missing: frozenset[str]
    unknown: int = 0
    """How many more were expected by number than were here."""

    @property
    def missing_count(self) -> int:
        """How many are missing, also where only a number was expected."""
        return len(self.missing) + self.unknown

    @property
    def complete(self) -> bool:
        """Whether somebody has it, and nobody is missing."""
        return bool(self.received) and not self.missing_count

    def raise_for_missing(self) -> None:
        """Raise NotDelivered unless somebody has it and nobody is missing."""
        if not self.complete:
            raise NotDelivered(sorted(self.missing), self.missing_count)


Wanted: TypeAlias = "str | int | Collection[str] | None"
_Wait: TypeAlias = (
    "Callable[[Published, Wanted, float | None, float | None], Awaitable[Receipt]]"
)


class Published(tuple[int, Delivery, _Wait]):
    """A message that was handed over."""

    __slots__ = ()

    @property
    def sequence(self) -> int:
        """Counts from 0 for each delivery; -1: dropped, as the queue was full."""
        return self[0]

    @property
    def delivery(self) -> Delivery:
        """How it travels."""
        return self[1]

    def __repr__(self) -> str:
        return f"<Published {self.sequence}: {self.delivery}>"

    async def received(
        self,
        by: Wanted = None,
        *,
        timeout: float | None = None,
        appear: float | None = None,
    ) -> Receipt:
        """Wait until subscribers have it, and all before it, and say who.

        ``by`` is a name, names, or how many; None means all that are here. None and
        names wait until those who were here before the publisher have had time to say
        so (0.4 s after it began): of several with one name, all have to have it. Who
        came after the message is not asked. Who is named has ``appear`` seconds to come
        (None: the publisher's patience), and then the patience to answer; ``timeout``
        is for all of it. Who has not answered by then is missing, as all are of a
        message that was dropped.
        UsageError for ``besteffort``: nobody acknowledges that; ClosedError once the
        publisher is closed.
        """
        return await self[2](self, by, timeout, appear)


published = partial(tuple.__new__, Published)  # pyright: ignore[reportUnknownMemberType]
"""Makes one of its three values; of a flood it costs a third of the usual way."""
