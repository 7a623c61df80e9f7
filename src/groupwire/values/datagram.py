"""What crosses the line between rules and machine: datagrams in, transmits out.

A :class:`Datagram` holds its bytes and knows where its facts lie. Reading the facts of
a flood that only wants to be counted would cost more than the flood itself, so they
are decoded when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, Protocol

__all__ = ["Datagram", "Facts", "KnownFacts", "Origin", "Transmit"]


_ip = lru_cache(maxsize=1024)(ip_address)


# A named tuple, because each question of a stranger comes from a port of its own: what
# is made and hashed for every datagram has to cost nothing.
class Origin(NamedTuple):
    """Who is at the other end: an address, later perhaps an identity.

    ``host`` is the address as :mod:`ipaddress` writes it. ``zone`` is the interface
    index of a link-local IPv6 address, else 0. ``identity`` is what an envelope has
    proved, None without keys.
    """

    host: str
    port: int
    zone: int = 0
    identity: bytes | None = None

    @property
    def ip(self) -> IPv4Address | IPv6Address:
        """The address as a value."""
        return _ip(self.host)

    def __str__(self) -> str:
        if ":" not in self.host:
            return f"{self.host}:{self.port}"
        zone = f"%{self.zone}" if self.zone else ""
        return f"[{self.host}{zone}]:{self.port}"


class Facts(Protocol):
    """Where a port keeps what it knows of a batch of datagrams, by slot."""

    def group(self, slot: int) -> IPv4Address | IPv6Address | None:
        """Return the destination address."""
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

    to: IPv4Address | IPv6Address | None = None
    hops: int | None = None
    at: float | None = None

    def group(self, slot: int) -> IPv4Address | IPv6Address | None:  # noqa: ARG002
        """Return the destination address."""
        return self.to

    def ttl_hops(self, slot: int) -> int | None:  # noqa: ARG002 - one, so no slots
        """Return the TTL as received."""
        return self.hops

    def time(self, slot: int) -> float | None:  # noqa: ARG002
        """Return the kernel's time of arrival."""
        return self.at


_UNKNOWN = KnownFacts()


class Datagram:
    """Bytes that arrived, who sent them, and their facts at hand.

    ``segment_bytes`` is 0 for a plain datagram. Otherwise ``data`` is several
    datagrams of one flow that the kernel coalesced (UDP_GRO): each has this many
    bytes, the last one perhaps fewer; :meth:`segments` takes them apart.
    """

    __slots__ = ("_facts", "_slot", "data", "interface", "origin", "segment_bytes")

    def __init__(
        self,
        data: bytes,
        origin: Origin,
        interface: int = 0,
        facts: Facts = _UNKNOWN,
        slot: int = 0,
        segment_bytes: int = 0,
    ) -> None:
        self.data = data
        self.origin = origin
        self.interface = interface
        """Index of the interface it came in by, 0 when unknown."""
        self.segment_bytes = segment_bytes
        self._facts = facts
        self._slot = slot

    @property
    def group(self) -> IPv4Address | IPv6Address | None:
        """The destination address, None where the system does not tell."""
        return self._facts.group(self._slot)

    @property
    def ttl_hops(self) -> int | None:
        """TTL or hop limit as received, None when unknown."""
        return self._facts.ttl_hops(self._slot)

    @property
    def time(self) -> float | None:
        """Arrival by the kernel's clock, seconds since the epoch; None if unknown."""
        return self._facts.time(self._slot)

    @property
    def count(self) -> int:
        """How many datagrams these are."""
        step = self.segment_bytes
        return -(-len(self.data) // step) if step else 1

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
        origin, index, facts = self.origin, self.interface, self._facts
        for start in range(0, len(data), step):
            part = data[start : start + step]
            yield Datagram(part, origin, index, facts, self._slot)

    def with_data(self, data: bytes) -> Datagram:
        """Return the same facts about other bytes, in segments of the same size."""
        return Datagram(
            data,
            self.origin,
            self.interface,
            self._facts,
            self._slot,
            self.segment_bytes,
        )

    def followed_by(self, others: Sequence[Datagram]) -> Datagram:
        """Return the row of this and others of its length, with the facts of this."""
        data = b"".join([self.data, *[other.data for other in others]])
        size = len(self.data)
        return Datagram(
            data, self.origin, self.interface, self._facts, self._slot, size
        )

    def __repr__(self) -> str:
        return f"<Datagram {len(self.data)} bytes from {self.origin}>"


class Transmit(NamedTuple):
    """What a core wants to have sent: ``to`` is None for the whole group.

    With ``segment_bytes`` the data is a row of equal datagrams, the last one perhaps
    shorter, that a port may hand to the kernel in one call (UDP_SEGMENT).
    """

    data: bytes | bytearray | memoryview
    to: Origin | None = None
    segment_bytes: int = 0
