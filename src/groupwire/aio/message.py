"""One message that arrived, with the means to answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from groupwire.gather import Form, MessageReceived, Refusal
from groupwire.values import Datagram, Origin

__all__ = ["Message"]


class _Answering(Protocol):
    """What a message needs of its peer."""

    def answer(self, received: MessageReceived, data: bytes) -> Refusal | None: ...


class Message:
    """What was sent to the group, by whom, and how it got here.

    Read-only. Its facts are looked up when asked for: most messages of a flood are
    never asked.
    """

    __slots__ = ("_names", "_peer", "_received")

    def __init__(
        self, received: MessageReceived, peer: _Answering, names: Mapping[int, str]
    ) -> None:
        self._received = received
        self._peer = peer
        self._names = names

    @property
    def data(self) -> bytes:
        """The message itself."""
        return self._received.data

    @property
    def datagram(self) -> Datagram:
        """The datagram that carried it."""
        return self._received.datagram

    @property
    def sender(self) -> Origin:
        """Who sent it, as the datagram claims."""
        return self._received.datagram.origin

    @property
    def member(self) -> str | None:
        """The sender's member name, where it told one; nobody has proved it."""
        return self._received.member

    @property
    def interface(self) -> str:
        """Name of the interface it came in by."""
        return self._names.get(self._received.datagram.interface, "")

    @property
    def ttl(self) -> int | None:
        """TTL or hop limit as received."""
        return self._received.datagram.ttl_hops

    @property
    def time(self) -> float | None:
        """Arrival by the kernel's clock, seconds since the epoch."""
        return self._received.datagram.time

    @property
    def form(self) -> Form:
        """Plain or tagged."""
        return self._received.form

    @property
    def refusal(self) -> Refusal | None:
        """Why it is not to be answered, where the message itself says so."""
        return self._received.refusal

    def answer(self, data: bytes) -> Refusal | None:
        """Answer the sender alone, by unicast, in the form that it asked.

        Returns None when the answer is on its way, else why it is not: answers go only
        where a forged sender address can do no harm (docs/limits.md).
        """
        return self._peer.answer(self._received, data)

    def __repr__(self) -> str:
        return f"<Message {self.data!r} from {self.sender}>"
