"""What sender and members say to each other in the tagged form (docs/delivery.md §1).

Values only; :mod:`groupwire.deliver.wire.speech` writes and reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

__all__ = [
    "Bye",
    "Call",
    "CallPhase",
    "Failure",
    "Join",
    "MemberPhase",
    "Receipt",
    "Signed",
    "State",
    "Word",
]


class CallPhase(StrEnum):
    """How far a sender is."""

    GATHER = "gather"
    OFFER = "offer"
    SEND = "send"


class MemberPhase(StrEnum):
    """How far a member is."""

    HERE = "here"
    EXAMINING = "examining"
    TAKING = "taking"
    DONE = "done"
    REFUSED = "refused"
    LEFT = "left"
    """It was told to end: said unasked."""


@dataclass(frozen=True, slots=True)
class Call:
    """The sender: who is there, and how far are you."""

    delivery: int
    node: int
    instance: int
    phase: CallPhase
    files: int
    size_bytes: int | None
    title: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A member: here I am, so far I am."""

    delivery: int
    node: int
    phase: MemberPhase
    holds: bool = False
    """Whether the receiving directory is not empty."""
    bytes_have: int = 0
    """Of the files of this delivery, what is there already included."""
    lost: int = 0
    """Segments that did not arrive and had to be repaired, so far."""
    wants: tuple[range, ...] | None = None
    """Entries that it lacks; None: all, or not known yet."""
    reason: str = ""
    held: tuple[tuple[int, int], ...] = ()
    """Of entries that it lacks, how many bytes it has from the first one on."""


@dataclass(frozen=True, slots=True)
class Join:
    """A member: I hear you and do not know you."""

    node: int


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry that a member has not got, and why: one word of docs/delivery.md §5."""

    entry: int
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A member: all is dealt with, this is what I have."""

    delivery: int
    node: int
    files: int
    """Stored or unchanged, verified."""
    unchanged: int
    """Of these, what was there before."""
    bytes_have: int
    lost: int
    sha256: bytes
    """As docs/delivery.md §5.1 has it."""
    failed: tuple[Failure, ...] = ()
    more: bool = False
    """Whether more have failed than are listed."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The sender: I have your receipt."""

    delivery: int
    again: bool = False
    """Whether what failed will be sent once more, and another receipt is wanted."""


@dataclass(frozen=True, slots=True)
class Bye:
    """The sender: it is over."""

    delivery: int
    reason: str = ""
    """Empty where it ended as it was to."""
    signed: tuple[int, ...] = ()
    """Nodes whose receipts the sender has signed, the last ones first."""


Word: TypeAlias = Call | State | Join | Receipt | Signed | Bye
