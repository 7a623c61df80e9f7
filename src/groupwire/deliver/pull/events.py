"""What has happened at a member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from groupwire.deliver.report import PulledFile, PullReport
from groupwire.values import Origin

__all__ = [
    "Confirming",
    "DeliveryEnded",
    "FileSettled",
    "Joined",
    "PullEvent",
    "SenderGone",
]


@dataclass(frozen=True, slots=True)
class Joined:
    """It takes part in a delivery, and knows what is in it."""

    sender: str
    """Its name, or its address where it is a foreign program."""
    origin: Origin
    title: str
    files: int
    total_bytes: int | None
    """None where that is not known."""
    foreign: bool = False
    """Whether the sender is a foreign program: of what comes, nothing is known."""


@dataclass(frozen=True, slots=True)
class FileSettled:
    """It is decided what becomes of a file here."""

    file: PulledFile


@dataclass(frozen=True, slots=True)
class SenderGone:
    """A sender is heard no more, or has ended, before all is here."""

    sender: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveryEnded:
    """A delivery is over for this member."""

    report: PullReport


@dataclass(frozen=True, slots=True)
class Confirming:
    """All is here; the sender has not signed for it yet and is waited for."""

    seconds: float
    """At most so long."""


PullEvent: TypeAlias = Joined | FileSettled | SenderGone | DeliveryEnded | Confirming
