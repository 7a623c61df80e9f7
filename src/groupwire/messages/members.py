"""Who is in the group: values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from groupwire.values import Origin

__all__ = ["LeaveReason", "Member", "Role", "Standing"]


class Role(StrEnum):
    """What a member does."""

    PUBLISHER = "publisher"
    SUBSCRIBER = "subscriber"
    FOREIGN = "foreign"
    """It sends NORM and does not speak our words."""


class LeaveReason(StrEnum):
    """How it is known that a member has gone."""

    SAID = "said"
    SILENT = "silent"
    REPLACED = "replaced"
    """Another life speaks from the same place."""


@dataclass(frozen=True, slots=True)
class Member:
    """One life of a publisher or subscriber: who comes back is another."""

    id: int
    """64 random bits; of who is foreign, its node and instance."""
    name: str
    role: Role
    origin: Origin
    node: int
    """Its NORM node id; a publisher's is that of its reliable stream."""
    instance: int = 0
    """Of a publisher."""
    label: str = ""
    """How it is shown: the name, and behind it the address where two have one name."""
    pipe: bool = False
    """Whether it is the reading end of a pipe."""

    def __str__(self) -> str:
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member has said of itself when it spoke last."""

    age_s: float
    """How long it had been here."""
    sent: tuple[int, ...]
    """How many messages a publisher had sent, by delivery."""
