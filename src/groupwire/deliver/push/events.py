"""What has happened in a push."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from groupwire.deliver.report import MemberReceipt, PushReport
from groupwire.values import Origin

__all__ = [
    "Began",
    "FeedRoom",
    "FileChanged",
    "MemberFailed",
    "MemberFound",
    "MemberRefused",
    "NameShared",
    "PushEnded",
    "PushEvent",
    "ReceiptReceived",
]


@dataclass(frozen=True, slots=True)
class MemberFound:
    """A member is there."""

    member: str
    """Its name; with its address where another one has that name."""
    origin: Origin | None
    """None for a foreign receiver, of which only the NORM node id is known."""
    late: bool = False
    """Whether the delivery had begun."""


@dataclass(frozen=True, slots=True)
class MemberRefused:
    """A member answered that it takes no part."""

    member: str
    origin: Origin
    reason: str


@dataclass(frozen=True, slots=True)
class NameShared:
    """A second member has a name that is taken."""

    member: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Began:
    """The roll-call is over: what is sent, and to how many."""

    files: int
    total_bytes: int | None
    members: int


@dataclass(frozen=True, slots=True)
class FileChanged:
    """A file changed or could not be read; it is sent again unless given up."""

    path: str
    gave_up: bool


@dataclass(frozen=True, slots=True)
class ReceiptReceived:
    """A member has signed, or a foreign one has acknowledged all."""

    receipt: MemberReceipt


@dataclass(frozen=True, slots=True)
class MemberFailed:
    """A member is waited for no more."""

    member: str
    reason: str


@dataclass(frozen=True, slots=True)
class FeedRoom:
    """There is room again for what is fed."""


@dataclass(frozen=True, slots=True)
class PushEnded:
    """It is over."""

    report: PushReport


PushEvent: TypeAlias = (
    MemberFound
    | MemberRefused
    | NameShared
    | Began
    | FileChanged
    | ReceiptReceived
    | MemberFailed
    | FeedRoom
    | PushEnded
)
