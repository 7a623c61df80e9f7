"""Members and datagrams for the tests of this room."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv6Interface
from random import Random

from groupwire.gather import (
    Answer,
    Answerer,
    Asker,
    AskEvent,
    Kind,
    Limits,
    MessageReceived,
    Question,
    Tagged,
)
from groupwire.values import Datagram, Interface, KnownFacts, Origin

ETH0 = Interface(
    "eth0",
    2,
    (IPv4Interface("10.0.0.1/24"), IPv6Interface("fd00::1/64")),
    up=True,
    multicast=True,
)


def origin(text: str = "10.0.0.7", port: int = 5000, zone: int = 0) -> Origin:
    return Origin(text, port, zone)


def datagram(data: bytes, sender: Origin | None = None, index: int = 2) -> Datagram:
    return Datagram(data, sender or origin(), index, KnownFacts(hops=1))


def asker(question: Question, *, now: float = 0.0, limit: int = 1472) -> Asker:
    return Asker(question, rng=Random(1), now=now, payload_limit=limit)


def answerer(name: str = "cam1", limits: Limits | None = None) -> Answerer:
    return Answerer(name, limits or Limits(), [ETH0], rng=Random(1))


def sent(core: Asker | Answerer) -> list[bytes]:
    """Return what the core wants to have sent."""
    return [bytes(transmit.data) for transmit in core.poll_transmits()]


def asked(core: Asker) -> Tagged:
    """Return the question that is to be sent now."""
    (data,) = sent(core)
    return Tagged.decode(data)


def events(core: Asker) -> list[AskEvent]:
    return list(core.poll_events())


def messages(core: Answerer) -> list[MessageReceived]:
    return list(core.poll_events())


def heard(core: Asker) -> list[bytes]:
    """Return the answers that the asker has told of since the last look."""
    return [e.data for e in events(core) if isinstance(e, Answer)]


def answer(question: Tagged, name: str | None, data: bytes = b"ack") -> bytes:
    """Return a member's tagged answer to this attempt."""
    tagged = Tagged(
        Kind.ANSWER, question.request_id, data, name=name, attempt=question.attempt
    )
    return tagged.encode()
