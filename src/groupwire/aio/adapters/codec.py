"""How values become payloads, and payloads values; no codec is imported here."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from groupwire.aio.messages.message import Message, messages_of
from groupwire.aio.messages.publishing import Payload
from groupwire.messages.events import Batch
from groupwire.messages.members import Member

__all__ = ["JSON", "Codec", "Reading", "Undecodable", "Valued"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """Two functions: the payload of a value, and the value of a payload.

    ::

        Codec(adapter.dump_json, adapter.validate_json)  # a TypeAdapter of pydantic
        Codec(msgspec.json.encode, msgspec.json.Decoder(Quote).decode)

    Payloads come from strangers: never ``pickle``. Whatever exception ``decode`` raises
    makes the message an :class:`Undecodable`; what ``encode`` raises goes to who sends.
    """

    encode: Callable[[T], Payload]
    decode: Callable[[bytes], T]


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


JSON: Codec[Any] = Codec(_dump, json.loads)
"""Whatever JSON can hold, by the standard library."""


class Valued(NamedTuple, Generic[T]):
    """A message that was understood."""

    value: T
    message: Message
    """As it came, with its publisher and sequence."""

    @property
    def topic(self) -> str:
        """The topic under which it was published."""
        return self.message.topic

    @property
    def publisher(self) -> Member:
        """Who has published it."""
        return self.message.publisher


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A message that the codec did not understand."""

    message: Message
    error: Exception


class Reading(Generic[T]):
    """Values of batches, one by one; what is none is counted. For any thread."""

    def __init__(self, codec: Codec[T]) -> None:
        self._codec = codec
        self._waiting: deque[Message] = deque()
        self._undecodable = 0

    def add(self, batch: Batch) -> None:
        """Take a batch in, behind what is waiting."""
        self._waiting.extend(messages_of(batch))

    def take(self) -> Valued[T] | Undecodable | None:
        """Return what the codec makes of the next message; None where none waits."""
        try:
            message = self._waiting.popleft()
        except IndexError:
            return None
        try:
            return Valued(self._codec.decode(message.data), message)
        except Exception as error:
            self._undecodable += 1
            return Undecodable(message, error)

    def dropped(self, drops: Mapping[str, int]) -> Mapping[str, int]:
        """Return drops by reason, what was no value among them."""
        if not self._undecodable:
            return drops
        return {**drops, "undecodable": self._undecodable}
