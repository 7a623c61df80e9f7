"""What crosses the line between rules and machine: datagrams in, transmits out.

A :class:`Datagram` holds its bytes and knows where its facts lie. Reading the facts of
a flood that only wants to be counted would cost more than the flood itself, so they
are decoded when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

__all__ = ["Datagram", "Facts", "KnownFacts", "Origin", "Transmit"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who is at the other end: an address, later perhaps an identity.

    ``zone`` is the interface index of a link-local IPv6 address, else 0. ``identity``
    is what an envelope has proved, None without keys.
    """

    ip: IPv4Address | IPv6Address
    port: int
    zone: int = 0
    identity: bytes | None = None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Origins are keys wherever strangers are told apart: once, not per datagram.
        own = hash((self.ip, self.port, self.zone, self.identity))
        object.__setattr__(self, "_hash", own)

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        if self.ip.version == 4:
            return f"{self.ip}:{self.port}"
        zone = f"%{self.zone}" if self.zone else ""
        return f"[{self.ip}{zone}]:{self.port}"


class Facts(Protocol):
    """Where a port keeps what it knows of a batch of datagrams, by slot."""

    def origin(self, slot: int) -> Origin:
        """Return the sender."""
        ...

    def group(self, slot: int) -> IPv4Address | IPv6Address | None:
        """Return the destination address."""
        ...

    def interface(self, slot: int) -> int:
        """Return the index of the interface it came in by."""
        ...

    def ttl_hops(self, slot: int) -> int | None:
        """Return the TTL as received."""
        ...

    def time(self, slot: int) -> float | None:
        """Return the kernel's time of arrival."""
        ...


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """The facts of one datagram, spelled out: for tests and ports in memory."""

    of: Origin
    to: IPv4Address | IPv6Address | None = None
    index: int = 0
    hops: int | None = None
    at: float | None = None

    def origin(self, slot: int) -> Origin:  # noqa: ARG002 - one datagram, one slot
        """Return the sender."""
        return self.of

    def group(self, slot: int) -> IPv4Address | IPv6Address | None:  # noqa: ARG002
        """Return the destination address."""
        return self.to

    def interface(self, slot: int) -> int:  # noqa: ARG002
        """Return the index of the interface it came in by."""
        return self.index

    def ttl_hops(self, slot: int) -> int | None:  # noqa: ARG002
        """Return the TTL as received."""
        return self.hops

    def time(self, slot: int) -> float | None:  # noqa: ARG002
        """Return the kernel's time of arrival."""
        return self.at


class Datagram:
    """Bytes that arrived, with their facts at hand.

    ``segment_bytes`` is 0 for a plain datagram. Otherwise ``data`` is several
    datagrams of one flow that the kernel coalesced (UDP_GRO): each has this many
    bytes, the last one perhaps fewer; :meth:`segments` takes them apart. ``facts``
    and ``slot`` are where the facts lie, for who keeps those without the bytes.
    """

    __slots__ = ("data", "facts", "segment_bytes", "slot")

    def __init__(
        self, data: bytes, facts: Facts, slot: int = 0, segment_bytes: int = 0
    ) -> None:
        self.data = data
        self.segment_bytes = segment_bytes
        self.facts = facts
        self.slot = slot

    @property
    def origin(self) -> Origin:
        """The sender's address and port."""
        return self.facts.origin(self.slot)

    @property
    def group(self) -> IPv4Address | IPv6Address | None:
        """The destination address, None where the system does not tell."""
        return self.facts.group(self.slot)

    @property
    def interface(self) -> int:
        """Index of the interface it came in by, 0 when unknown."""
        return self.facts.interface(self.slot)

    @property
    def ttl_hops(self) -> int | None:
        """TTL or hop limit as received, None when unknown."""
        return self.facts.ttl_hops(self.slot)

    @property
    def time(self) -> float | None:
        """Arrival by the kernel's clock, seconds since the epoch; None if unknown."""
        return self.facts.time(self.slot)

    def segments(self) -> Iterator[memoryview]:
        """Iterate over the datagrams inside, without copying."""
        view = memoryview(self.data)
        step = self.segment_bytes or max(len(view), 1)
        if not view:
            yield view
        for start in range(0, len(view), step):
            yield view[start : start + step]

    def parts(self) -> Iterator[Datagram]:
        """Iterate over the datagrams inside, each with the facts of all."""
        data, step = self.data, self.segment_bytes
        if not step:
            yield self
            return
        facts, slot = self.facts, self.slot
        for start in range(0, len(data), step):
            yield Datagram(data[start : start + step], facts, slot)

    def with_data(self, data: bytes) -> Datagram:
        """Return the same facts about other bytes, in segments of the same size."""
        return Datagram(data, self.facts, self.slot, self.segment_bytes)

    def __repr__(self) -> str:
        return f"<Datagram {len(self.data)} bytes from {self.origin}>"


@dataclass(frozen=True, slots=True)
class Transmit:
    """What a core wants to have sent: ``to`` is None for the whole group.

    With ``segment_bytes`` the data is a row of equal datagrams, the last one perhaps
    shorter, that a port may hand to the kernel in one call (UDP_SEGMENT).
    """

    data: bytes | bytearray | memoryview
    to: Origin | None = None
    segment_bytes: int = 0
