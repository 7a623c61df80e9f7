"""One message that arrived, with the means to answer it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from groupwire.gather import Form, Refusal
from groupwire.values import Datagram, Origin

__all__ = ["Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """What was sent to the group, by whom, and how it got here."""

    data: bytes
    datagram: Datagram = field(repr=False)
    """The datagram that carried it."""
    member: str | None
    """The sender's member name, where it told one; nobody has proved it."""
    interface: str
    """Name of the interface it came in by."""
    form: Form
    refusal: Refusal | None
    """Why an answer would be refused, where that is certain already."""
    _answer: Callable[[bytes], Refusal | None] = field(repr=False, compare=False)

    @property
    def sender(self) -> Origin:
        """Who sent it, as the datagram claims."""
        return self.datagram.origin

    @property
    def ttl(self) -> int | None:
        """TTL or hop limit as received."""
        return self.datagram.ttl_hops

    @property
    def time(self) -> float | None:
        """Arrival by the kernel's clock, seconds since the epoch."""
        return self.datagram.time

    def answer(self, data: bytes) -> Refusal | None:
        """Answer the sender alone, by unicast, in the form that it asked.

        Returns None when the answer is on its way, else why it is not: answers go only
        where a forged sender address can do no harm (docs/limits.md).
        """
        return self._answer(data)
