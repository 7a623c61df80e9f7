"""``serve_ping``: answers ssmping, by unicast and to the group that it asks for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from groupwire.aio.config import default_name
from groupwire.errors import MachineError
from groupwire.gather import AnswerPolicy, Limits
from groupwire.net import LinkWatch, list_interfaces
from groupwire.net.unicast import UnicastSocket
from groupwire.probe.ssmping import Responder
from groupwire.probe.ssmping.groups import PORT, TTL_HOPS
from groupwire.values import Datagram, Group

__all__ = ["PingServed", "serve_ping"]

_RATE = 100
"""Answers per second and source; ssmping asks once a second."""


@dataclass(frozen=True, slots=True)
class PingServed:
    """What a responder has done so far; the first one says that it listens."""

    name: str
    port: int
    versions: tuple[int, ...]
    answered: int = 0
    latest: str | None = None
    """Who was answered last."""
    refused: Mapping[str, int] = field(default_factory=dict[str, int])


async def serve_ping(
    *,
    name: str | None = None,
    port: int = PORT,
    answer_to: tuple[IPv4Network | IPv6Network, ...] = (),
    interval: float = 1.0,
) -> AsyncGenerator[PingServed, None]:
    """Answer questions until the iteration ends; tells at most every ``interval``.

    Whom: neighbours, and the networks of ``answer_to``; a hundred times a second each
    at most. To groups that end as the protocol's do, and no others. Raises
    PortInUseError where another responder holds the port, and other MachineErrors.
    """
    serving = _Serving(name or default_name(), port, answer_to)
    try:
        yield serving.state()
        told = 0
        while True:
            await asyncio.sleep(interval)
            if serving.events != told:
                told = serving.events
                yield serving.state()
    finally:
        serving.close()


class _Serving:
    def __init__(
        self, name: str, port: int, answer_to: tuple[IPv4Network | IPv6Network, ...]
    ) -> None:
        self._name, self._port = name, port
        self._loop = asyncio.get_running_loop()
        self._responder = Responder(name)
        self._refused: Counter[str] = Counter()
        self._latest: str | None = None
        self.events = 0
        self._watch = LinkWatch()
        self._sockets: list[UnicastSocket] = []
        try:
            self._open(port)
            limits = Limits(None, answer_to, _RATE)
            self._policy = AnswerPolicy(limits, list_interfaces())
        except BaseException:
            self.close()
            raise
        for sock in self._sockets:
            self._loop.add_reader(sock.fileno(), self._read, sock)
        self._loop.add_reader(self._watch.fileno(), self._look)

    def state(self) -> PingServed:
        return PingServed(
            self._name,
            self._port,
            tuple(sock.version for sock in self._sockets),
            self._responder.answered,
            self._latest,
            dict(self._refused + self._responder.dropped),
        )

    def close(self) -> None:
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())
            sock.close()
        self._sockets.clear()
        if self._watch.fileno() >= 0:
            self._loop.remove_reader(self._watch.fileno())
        self._watch.close()

    def _open(self, port: int) -> None:
        self._sockets.append(UnicastSocket(4, port, ttl_hops=TTL_HOPS))
        self._port = self._sockets[0].port
        with suppress(MachineError):  # this machine may have no IPv6
            self._sockets.append(UnicastSocket(6, self._port, ttl_hops=TTL_HOPS))

    def _read(self, sock: UnicastSocket) -> None:
        for datagram in sock.read():
            self._hear(sock, datagram)

    def _hear(self, sock: UnicastSocket, datagram: Datagram) -> None:
        self.events += 1
        reply = self._responder.hear(datagram.data)
        if reply is None:
            return
        refusal = self._policy.refusal(
            datagram.origin,
            datagram.interface,
            asked_bytes=len(datagram.data),
            bytes_=len(reply.data),
            now=self._loop.time(),
        )
        if refusal is not None:
            self._refused[str(refusal)] += 1
            return
        self._latest = str(datagram.origin)
        sock.send_to(reply.data, datagram.origin)
        if reply.group is not None and datagram.interface:
            # From the address that was asked: who has joined a source hears no other.
            group = Group(reply.group, datagram.origin.port)
            sock.send_to_group(reply.data, group, datagram.interface, datagram.group)

    def _look(self) -> None:
        if self._watch.poll():
            self._policy.update_interfaces(list_interfaces())
