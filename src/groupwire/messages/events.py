"""What has happened at a publisher and at a subscriber."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from groupwire.messages.delivery import Delivery
from groupwire.messages.members import LeaveReason, Member

__all__ = [
    "Aside",
    "Batch",
    "CaughtUp",
    "Closed",
    "Gap",
    "Lagging",
    "LostTold",
    "MemberJoined",
    "MemberLeft",
    "MessagesDropped",
    "NotTaken",
    "PresenceEvent",
    "PublishEvent",
    "PublisherRestarted",
    "QueueFilled",
    "ReceiptEnded",
    "ReceivedBy",
    "RoomFreed",
    "SubscribeEvent",
    "TakesNoMore",
]


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one topic that came together, in their order."""

    publisher: Member
    delivery: Delivery
    topic: str
    sequence: int
    """Of the first one: counts from 0 for each publisher and delivery."""
    payloads: Sequence[bytes]
    size_bytes: int
    """What it takes of the queue: to be given back by ``taken``."""
    last_value: bool = False
    """Whether it is what its topic had last before this subscriber came."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages of a publisher are lost; what follows comes behind them."""

    publisher: Member
    delivery: Delivery
    lost: int
    """Of any topic."""
    exact: bool = True
    """Whether so many are lost, and not perhaps more: at the end of one who fell
    silent."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Messages have come, and were dropped: the program's queue had no room."""

    publisher: Member
    delivery: Delivery
    messages: int


@dataclass(frozen=True, slots=True)
class QueueFilled:
    """The program takes less than comes: nothing is read until half of it is taken.

    Publishers wait meanwhile, or name this subscriber as lagging.
    """

    queued_bytes: int


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """A member was heard for the first time."""

    member: Member


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """A member said that it goes, or was silent for too long."""

    member: Member
    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class PublisherRestarted:
    """A publisher of this name and host is here that is another life of one before."""

    publisher: Member
    before: Member


@dataclass(frozen=True, slots=True)
class Lagging:
    """A subscriber has not acknowledged for long; it is waited for no more."""

    member: Member
    bytes_behind: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A subscriber that lagged has everything again, and is waited for."""

    member: Member


@dataclass(frozen=True, slots=True)
class RoomFreed:
    """A queue that was full takes messages again."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class MessagesDropped:
    """The oldest messages of a full queue have made room for newer ones."""

    delivery: Delivery
    messages: int


@dataclass(frozen=True, slots=True)
class LostTold:
    """A subscriber says that it has lost messages, and why."""

    member: Member
    messages: int
    why: str


@dataclass(frozen=True, slots=True)
class TakesNoMore:
    """A subscriber says that it takes nothing more of this publisher, and why."""

    member: Member
    why: str


@dataclass(frozen=True, slots=True)
class ReceivedBy:
    """These subscribers have all that a ticket stands for."""

    ticket: int
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReceiptEnded:
    """A ticket has ended: all that it waited for have answered or are given up."""

    ticket: int
    received: frozenset[str]
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Closed:
    """A publisher has said its last word."""

    missing: frozenset[str] = frozenset()
    """Subscribers that were here and have not acknowledged everything."""


PresenceEvent: TypeAlias = MemberJoined | MemberLeft | PublisherRestarted
PublishEvent: TypeAlias = (
    MemberJoined
    | MemberLeft
    | Lagging
    | CaughtUp
    | RoomFreed
    | MessagesDropped
    | LostTold
    | TakesNoMore
    | ReceivedBy
    | ReceiptEnded
    | Closed
)
Aside: TypeAlias = Gap | NotTaken | QueueFilled | PresenceEvent
"""What a subscriber is told beside messages."""
SubscribeEvent: TypeAlias = Batch | Aside
