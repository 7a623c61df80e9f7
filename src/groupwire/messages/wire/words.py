"""What members say to each other in the tagged form (docs/messages.md §1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from groupwire.messages.members import Role

__all__ = ["Enough", "Here", "Join", "Left", "Lost", "Who", "Word"]


@dataclass(frozen=True, slots=True)
class Here:
    """I am here."""

    id: int
    role: Role
    node: int
    age_ms: int = 0
    every_ms: int = 1000
    instance: int = 0
    """Of a publisher."""
    sent: tuple[int, ...] = (0, 0, 0)
    """Of a publisher: how many messages it has sent, by delivery."""
    asks: bool = False
    """Whether it wants to know who else is here."""
    pipe: bool = False
    """Of a subscriber: whether it is the reading end of a pipe."""


@dataclass(frozen=True, slots=True)
class Left:
    """I am going."""

    id: int
    node: int
    sent: tuple[int, ...] = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Who:
    """A question: who is here."""


@dataclass(frozen=True, slots=True)
class Join:
    """A subscriber to a publisher: I hear you, and want to know you."""

    here: Here
    to: int = 1
    """Node id of one of the publisher's senders."""
    last: tuple[str, ...] = ()
    """Patterns whose last values it wants."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A subscriber to a publisher: I have lost messages of yours."""

    id: int
    node: int
    messages: int
    why: str = ""
    whole_from: tuple[int, ...] = (0, 0, 0)
    """The sequences from which on it lacks nothing, by delivery."""


@dataclass(frozen=True, slots=True)
class Enough:
    """A subscriber to a publisher: I take nothing more of yours."""

    id: int
    node: int
    why: str = ""


Word: TypeAlias = Here | Left | Who | Join | Lost | Enough
