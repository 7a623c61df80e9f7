"""The contract of every check: values in, findings out.

A check opens no socket and reads no file. What it judges was gathered before
(``evidence``: what the system tells; ``trials``: what real datagrams showed), so that
each can be tested with values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar, Protocol, TypeVar

from groupwire.diagnose.evidence.surroundings import Surroundings
from groupwire.diagnose.finding import Looked
from groupwire.values import Group, Interface

__all__ = ["ELSEWHERE", "Check", "Question", "Scene", "Stop", "Trial"]

ELSEWHERE = IPv4Address("203.0.113.1")
"""An address that nobody has (RFC 5737): its route is the way to all who are beyond
the own networks."""

_Seen = TypeVar("_Seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the user wants to have work."""

    group: Group
    about: tuple[Interface, ...] = ()
    """The interfaces that it is about, usable or not: the one named, else all that
    look meant, else loopback."""
    named: bool = False
    """Whether the user named the interface."""
    receive_on: tuple[Interface, ...] = ()
    """Where a receiver would join; empty where nothing can."""
    send_by: Interface | None = None
    """The way out of a sender; None where there is none."""
    trouble: tuple[str, ...] = ()
    """Why there is none, in words."""
    ttl_hops: int = 1
    root: bool = False
    """Whether this process may open raw sockets and read the firewall."""
    hobbled: bool = False
    """Whether it is root's all the same, as in a container."""
    peer: IPv4Address | IPv6Address | None = None
    """The other end, where the user named one."""
    listen_s: float = 0.0
    """How long to wait for a query; 0: not longer than the rest takes."""
    soak_s: float = 0.0
    """How long to stay joined and watch; 0: not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The question, what the system told before and after, and what trials saw.

    ``trials`` are the results of those trials that were made, one frozen value of its
    own type for each (and for each interface, where a trial was made on several).
    """

    question: Question
    before: Surroundings
    after: Surroundings
    trials: Sequence[object] = ()

    def seen(self, kind: type[_Seen]) -> tuple[_Seen, ...]:
        """Return the results of one kind of trial; empty: it was not made."""
        return tuple(result for result in self.trials if isinstance(result, kind))


class Check(Protocol):
    """One duty: it knows its codes, and looks at a scene."""

    codes: ClassVar[tuple[str, ...]]
    """All that it can report."""

    def look(self, scene: Scene) -> Looked:
        """Say where it looked and what it found."""
        ...


class Stop(Protocol):
    """Set when all is to end soon; an ``asyncio.Event`` is one."""

    def is_set(self) -> bool:
        """Tell whether it is."""
        ...

    async def wait(self) -> object:
        """Return when it is."""
        ...


class Trial(Protocol):
    """Something tried with real datagrams: what takes a diagnosis its time."""

    async def run(self, question: Question, stop: Stop, /) -> Sequence[object]:
        """Return what was seen; what this machine cannot do is a fact, not an error.

        What takes minutes ends at once when ``stop`` is set, with what it saw so far.
        """
        ...
