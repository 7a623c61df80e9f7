"""What has happened at a sender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from groupwire.norm.send.polls import AckStatus

__all__ = [
    "AckReceived",
    "CommandSent",
    "MemberDropped",
    "NodeAcknowledged",
    "ObjectPurged",
    "ObjectSent",
    "RequestEnded",
    "RoomFreed",
    "SenderEvent",
    "TransmissionIdle",
    "WatermarkEnded",
]


@dataclass(frozen=True, slots=True)
class ObjectSent:
    """All of an object has been sent once; repairs may follow."""

    object: int


@dataclass(frozen=True, slots=True)
class ObjectPurged:
    """An object is kept for repair no more."""

    object: int


@dataclass(frozen=True, slots=True)
class RoomFreed:
    """What was refused for want of room would be taken now."""


@dataclass(frozen=True, slots=True)
class TransmissionIdle:
    """All has been sent and flushed, and nobody asks for repair."""


@dataclass(frozen=True, slots=True)
class NodeAcknowledged:
    """A node has everything up to the watermark, and its application took it."""

    node: int


@dataclass(frozen=True, slots=True)
class WatermarkEnded:
    """Every node has acknowledged or failed, or is pending.

    Pending are those of whom nothing is known when another watermark takes its place,
    or when its object is cancelled.
    """

    object: int
    """The watermark lies at the end of what this object had then."""
    status: Mapping[int, AckStatus]


@dataclass(frozen=True, slots=True)
class CommandSent:
    """An application's command has been repeated as often as it was to be."""

    content: bytes


@dataclass(frozen=True, slots=True)
class AckReceived:
    """A node answered a request of the application."""

    node: int
    ack_type: int
    ack_id: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """Every node has answered a request of the application or failed."""

    ack_type: int
    ack_id: int
    status: Mapping[int, AckStatus]


@dataclass(frozen=True, slots=True)
class MemberDropped:
    """A member was too slow for too long and is waited for no more."""

    node: int
    rate_bytes_per_s: float
    """What it could take."""


SenderEvent: TypeAlias = (
    ObjectSent
    | ObjectPurged
    | RoomFreed
    | TransmissionIdle
    | NodeAcknowledged
    | WatermarkEnded
    | CommandSent
    | AckReceived
    | RequestEnded
    | MemberDropped
)
