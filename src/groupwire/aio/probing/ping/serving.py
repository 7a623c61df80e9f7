"""``serve_ping``: answers ssmping, by unicast and to the group that it asks for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Self

from groupwire.aio.config import PeerConfig, default_name
from groupwire.aio.message import Message
from groupwire.aio.opening import Joined, group_of
from groupwire.aio.peer import Peer
from groupwire.errors import MachineError, UsageError
from groupwire.gather import AnswerPolicy, Limits, Refusal
from groupwire.net import LinkWatch, list_interfaces
from groupwire.net.unicast import UnicastSocket
from groupwire.probe.ping.leg import TTL_HOPS
from groupwire.probe.ssmping import PORT, Bucket, Responder
from groupwire.values import Datagram, Group

__all__ = ["PingServed", "PingServing", "serve_ping"]

_RATE = 200
"""Answers per second and source; ssmping asks once a second."""
_TOTAL_RATE = 1000
"""Answers per second to all: whoever forges addresses is many sources, and what goes to
a group reaches all who have joined it."""


@dataclass(frozen=True, slots=True)
class PingServed:
    """What a responder has done so far."""

    name: str
    port: int
    versions: tuple[int, ...]
    answered: int = 0
    latest: str | None = None
    """Who was answered last."""
    joined: Joined | None = None
    """The group whose member it is too, and where."""
    pings: int = 0
    """Questions to that group, or to this member alone, that were answered."""
    refused: Mapping[str, int] = field(default_factory=dict[str, int])


def serve_ping(
    *,
    name: str | None = None,
    port: int = PORT,
    answer_to: tuple[IPv4Network | IPv6Network, ...] = (),
    interval: float = 1.0,
    group: Group | str | None = None,
    interface: str | int | None = None,
) -> PingServing:
    """Return a responder; ``async with`` opens and closes it.

    It answers neighbours, and the networks of ``answer_to``, two hundred times a second
    each and a thousand times all together at most; to groups that end as the
    protocol's do, and no others. With ``group`` it is a member there as well, which
    ``ping_members`` finds. Iterate over it for what it has done, at most every
    ``interval`` seconds. Raises AddressError and UsageError, and on entry
    PortInUseError where another responder holds the port, and other MachineErrors.
    """
    if group is None and interface is not None:
        raise UsageError(
            "an interface is for a group that is joined",
            fix="name that too, or neither",
        )
    name = name or default_name()
    member = None
    if group is not None:
        config = PeerConfig(name=name, interface=interface, answer_to=answer_to)
        member = Peer(group_of(group), config, _ignored)
    return PingServing(name, port, answer_to, interval, member)


def _ignored(_message: Message) -> None:
    """Who is not there to hear messages."""


class PingServing:
    """A responder at work."""

    def __init__(
        self,
        name: str,
        port: int,
        answer_to: tuple[IPv4Network | IPv6Network, ...],
        interval: float,
        member: Peer | None = None,
    ) -> None:
        self._member = member
        self._name, self._port = name, port
        self._interval = interval
        self._limits = Limits(None, answer_to, _RATE)
        self._policy = AnswerPolicy(self._limits, ())
        self._total = Bucket(_TOTAL_RATE)
        self._responder = Responder(name)
        self._refused: Counter[str] = Counter()
        self._answered = 0
        self._latest: str | None = None
        self._events = 0
        self._sockets: list[UnicastSocket] = []
        self._watch: LinkWatch | None = None

    @property
    def state(self) -> PingServed:
        """What it has done so far."""
        own = self._refused + self._responder.dropped
        member = self._member
        if member is not None:
            own.update(member.stats.dropped)
        return PingServed(
            self._name,
            self._port,
            tuple(sock.version for sock in self._sockets),
            self._answered,
            self._latest,
            None if member is None or not self._sockets else member.joined,
            0 if member is None else member.stats.pings,
            dict(sum((sock.dropped for sock in self._sockets), own)),
        )

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        try:
            self._open(self._port)
            self._watch = LinkWatch()
            if self._member is not None:
                await self._member.open()
        except BaseException:
            self.close()
            raise
        self._policy.update_interfaces(list_interfaces())
        for sock in self._sockets:
            self._loop.add_reader(sock.fileno(), self._read, sock)
        self._loop.add_reader(self._watch.fileno(), self._look, self._watch)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._member is not None:
            await self._member.close()
        self.close()

    async def __aiter__(self) -> AsyncIterator[PingServed]:
        """Iterate over what it has done, whenever there is something new."""
        told = 0
        while True:
            await asyncio.sleep(self._interval)
            if (latest := self._events + self.state.pings) != told:
                told = latest
                yield self.state

    def close(self) -> None:
        """Stop answering; any number of times."""
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())
            sock.close()
        self._sockets.clear()
        if self._watch is not None:
            self._loop.remove_reader(self._watch.fileno())
            self._watch.close()
            self._watch = None

    def _open(self, port: int) -> None:
        self._sockets.append(UnicastSocket(4, port, ttl_hops=TTL_HOPS))
        self._port = self._sockets[0].port
        with suppress(MachineError):  # this machine may have no IPv6
            self._sockets.append(UnicastSocket(6, self._port, ttl_hops=TTL_HOPS))

    def _read(self, sock: UnicastSocket) -> None:
        for datagram in sock.read():
            self._hear(sock, datagram)

    def _hear(self, sock: UnicastSocket, datagram: Datagram) -> None:
        self._events += 1
        reply = self._responder.hear(datagram.data)
        if reply is None:
            return
        answer = reply.padded
        refusal = self._refusal(datagram, len(answer), now=self._loop.time())
        if refusal == Refusal.TOO_LARGE and answer is not reply.data:
            answer = reply.data
            refusal = self._refusal(datagram, len(answer), now=self._loop.time())
        if refusal is not None:
            self._refused[refusal] += 1
            return
        self._answered += 1
        self._latest = str(datagram.origin)
        self._answer(sock, datagram, answer, reply.group)

    def _answer(
        self,
        sock: UnicastSocket,
        asked: Datagram,
        answer: bytes,
        group: IPv4Address | IPv6Address | None,
    ) -> None:
        # From the address that was asked: who asks a source hears no other.
        source = asked.group
        sock.send_to(answer, asked.origin, source=source)
        if group is not None and asked.interface:
            to = Group(group, asked.origin.port)
            sock.send_to_group(answer, to, asked.interface, source)

    def _refusal(self, asked: Datagram, size_bytes: int, *, now: float) -> str | None:
        refusal = self._policy.refusal(
            asked.origin,
            asked.interface,
            asked_bytes=len(asked.data),
            bytes_=size_bytes,
            now=now,
        )
        if refusal is not None:
            return str(refusal)
        return None if self._total.take(now=now) else "rate-of-all"

    def _look(self, watch: LinkWatch) -> None:
        if watch.poll():
            self._policy.update_interfaces(list_interfaces())
