"""What has happened at a receiver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from groupwire.norm.receive.sink import Sink
from groupwire.norm.wire.head import ObjectFlag
from groupwire.values import Origin

__all__ = [
    "AckRequested",
    "CommandReceived",
    "InfoReceived",
    "LossReason",
    "ObjectLost",
    "ObjectReceived",
    "ReceiverEvent",
    "SenderEnded",
    "SenderFound",
    "SenderKey",
    "SenderLost",
    "StreamEnded",
    "StreamGap",
    "StreamReceived",
]


@dataclass(frozen=True, slots=True)
class SenderKey:
    """One run of one sender at one address."""

    origin: Origin
    source: int
    """Its node id."""
    instance: int


class LossReason(Enum):
    """Why an object will not be complete."""

    GONE = "the sender keeps it no more"
    WINDOW = "too many newer objects came before it was complete"
    SILENCE = "the sender fell silent"
    ENDED = "the sender ended"
    UNANSWERED = "the sender is there and does not repair it"
    REFUSED = "there is no place for it"
    STORE = "it could not be stored"
    ROOM = "other senders needed the room"
    UNREPAIRED = "it was sent without repair, and not all of it came"
    CHANGED = "the sender has changed its code, and part of it was read before"


@dataclass(frozen=True, slots=True)
class SenderFound:
    """A sender was heard for the first time.

    Where other senders need its room before anything of it was handed over or told as
    lost, it is forgotten without a word, and what it sends later begins anew.
    """

    sender: SenderKey


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """The info of an object has arrived, again where the object begins anew."""

    sender: SenderKey
    object: int
    info: bytes


@dataclass(frozen=True, slots=True)
class ObjectReceived:
    """An object is complete, each only once."""

    sender: SenderKey
    object: int
    size_bytes: int
    flags: ObjectFlag
    info: bytes | None
    sink: Sink


@dataclass(frozen=True, slots=True)
class ObjectLost:
    """An object will never be complete."""

    sender: SenderKey
    object: int
    reason: LossReason
    error: OSError | None = None
    """Of the sink, where that is the reason."""


@dataclass(frozen=True, slots=True)
class StreamReceived:
    """The next bytes of a stream: all that follow each other and are there now."""

    sender: SenderKey
    object: int
    data: bytes | memoryview
    """A view only where the config allows that."""
    message_at: int | None
    """Where in them the first message begins that begins there; others may follow it,
    which its own length tells."""


@dataclass(frozen=True, slots=True)
class StreamGap:
    """Bytes of a stream are lost; what follows may begin within a message."""

    sender: SenderKey
    object: int
    segments: int
    """How many are skipped, as far as that is known."""


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A stream has ended and all of it up to there has been handed over."""

    sender: SenderKey
    object: int


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A command of the application; repeats are told too (RFC 5740 §4.2.3.7)."""

    sender: SenderKey
    content: bytes


@dataclass(frozen=True, slots=True)
class AckRequested:
    """The sender's application wants an acknowledgement; told once per request."""

    sender: SenderKey
    ack_type: int
    ack_id: int


@dataclass(frozen=True, slots=True)
class SenderLost:
    """A sender has been silent for long while something was lacking."""

    sender: SenderKey


@dataclass(frozen=True, slots=True)
class SenderEnded:
    """A sender said that it is gone for good."""

    sender: SenderKey


ReceiverEvent: TypeAlias = (
    SenderFound
    | InfoReceived
    | ObjectReceived
    | ObjectLost
    | StreamReceived
    | StreamGap
    | StreamEnded
    | CommandReceived
    | AckRequested
    | SenderLost
    | SenderEnded
)
