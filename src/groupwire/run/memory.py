"""A group inside one process: ports that hear each other without a network."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from ipaddress import IPv4Address

from groupwire.run.port import Ready
from groupwire.values import Datagram, KnownFacts, Origin, Transmit

__all__ = ["MemoryGroup", "MemoryPort"]

_FIRST = IPv4Address("192.0.2.1")  # RFC 5737: addresses for documentation
_GROUP = IPv4Address("233.252.0.1")  # RFC 6676: MCAST-TEST-NET
_MOST_PER_WAKE_UP = 128


class MemoryGroup:
    """Carries each datagram to every member, its sender included (loopback)."""

    def __init__(self) -> None:
        self._ports: dict[Origin, MemoryPort] = {}

    def port(self, *, joined: bool = True, payload_limit: int = 1472) -> MemoryPort:
        """Return a new port; without ``joined`` it hears only what is sent to it."""
        origin = Origin(str(_FIRST + len(self._ports)), 10_000)
        port = MemoryPort(self, origin, joined=joined, payload_limit=payload_limit)
        self._ports[origin] = port
        return port

    def carry(self, data: bytes, of: Origin, to: Origin | None) -> None:
        """Deliver to one address, or to all who have joined."""
        datagram = Datagram(data, of, 1, KnownFacts(None if to else _GROUP, 1))
        if to is not None:
            if (port := self._ports.get(to)) is not None:
                port.arrive(datagram)
            return
        for port in self._ports.values():
            if port.joined:
                port.arrive(datagram)


class MemoryPort:
    """One member's end of a :class:`MemoryGroup`."""

    def __init__(
        self, group: MemoryGroup, origin: Origin, *, joined: bool, payload_limit: int
    ) -> None:
        self.origin = origin
        self.joined = joined
        self._group = group
        self._limit = payload_limit
        self._inbox: deque[Datagram] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: Ready | None = None
        self._closed = False

    @property
    def payload_limit(self) -> int:
        """The most bytes in one datagram, as if there were an Ethernet."""
        return self._limit

    @property
    def dropped(self) -> Mapping[str, int]:
        """Nothing is ever lost here."""
        return Counter()

    @property
    def busy(self) -> bool:
        """Never: there is always room."""
        return False

    def start(self, loop: asyncio.AbstractEventLoop, ready: Ready) -> None:
        """Call ``ready`` whenever something has arrived."""
        self._loop, self._ready = loop, ready
        if self._inbox:
            loop.call_soon(ready, self.receive)

    def arrive(self, datagram: Datagram) -> None:
        """Take a datagram in."""
        if self._closed:
            return
        self._inbox.append(datagram)
        if self._loop is not None and self._ready is not None:
            self._loop.call_soon(self._ready, self.receive)

    def receive(self) -> list[Datagram]:
        """Return what waits, at most 128."""
        count = min(len(self._inbox), _MOST_PER_WAKE_UP)
        return [self._inbox.popleft() for _ in range(count)]

    def send(self, transmit: Transmit) -> None:
        """Carry to the group or to one address; segments travel one by one."""
        if self._closed:
            return
        whole = memoryview(transmit.data)
        step = transmit.segment_bytes or max(len(whole), 1)
        for start in range(0, max(len(whole), 1), step):
            self._group.carry(
                bytes(whole[start : start + step]), self.origin, transmit.to
            )

    def close(self) -> None:
        """Hear nothing more."""
        self._closed = True
        self._inbox.clear()
