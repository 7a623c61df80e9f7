"""What happens at the reading end of a pipe."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from groupwire.messages.members import Member

__all__ = [
    "OtherSender",
    "Outcome",
    "ReadEvent",
    "SenderBack",
    "SenderFound",
    "SenderSilent",
    "Skipped",
]


class Outcome(StrEnum):
    """How a pipe has ended for who reads it."""

    COMPLETE = "complete"
    """The sender has ended, and all since the first byte that was wanted is here."""
    LOST = "lost"
    """Bytes in the middle are lost for good."""
    LEFT = "left"
    """The sender went before its end."""
    SILENT = "silent"
    """The sender fell silent, and was given up."""
    RESTARTED = "restarted"
    """The sender has begun anew: what comes now is another pipe."""
    NOBODY = "nobody"
    """No sender came in time."""


@dataclass(frozen=True, slots=True)
class SenderFound:
    """From now on a sender's bytes are taken, from a place in its pipe on."""

    sender: Member
    place: int
    live: bool


@dataclass(frozen=True, slots=True)
class OtherSender:
    """Somebody else sends, too; it is told that nothing of it is taken."""

    sender: Member


@dataclass(frozen=True, slots=True)
class SenderSilent:
    """Nothing has been heard of the sender for long."""

    sender: Member


@dataclass(frozen=True, slots=True)
class SenderBack:
    """The sender is heard again."""

    sender: Member


@dataclass(frozen=True, slots=True)
class Skipped:
    """Bytes are lost, and what follows them comes next."""

    place: int
    size_bytes: int


ReadEvent: TypeAlias = SenderFound | OtherSender | SenderSilent | SenderBack | Skipped
