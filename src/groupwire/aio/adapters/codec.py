"""How values become payloads, and payloads values; no codec is imported here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from groupwire.aio.messages.message import Message
from groupwire.aio.messages.publishing import Payload
from groupwire.messages.members import Member

__all__ = ["JSON", "Codec", "Undecodable", "Valued", "read_value"]

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


def read_value(codec: Codec[T], message: Message) -> Valued[T] | Undecodable:
    """Return what the codec makes of a message; it raises nothing."""
    try:
        return Valued(codec.decode(message.data), message)
    except Exception as error:
        return Undecodable(message, error)
