"""The sockets of both ends: words by unicast, test datagrams by multicast."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from groupwire.diagnose.trials.watching import WithDescriptor
from groupwire.diagnose.trials.wire import speech
from groupwire.diagnose.trials.wire.speech import Probe
from groupwire.gather.tagged import Kind
from groupwire.net import Aim, MulticastReceiver, MulticastSender, SenderConfig
from groupwire.net.batch.ring import CONTROL_BYTES, as_datagram
from groupwire.net.options import THIS_SYSTEM, fact_options
from groupwire.values import Datagram, Group, Interface

__all__ = ["UNICAST_HOPS", "GroupEar", "Talk", "Voice", "group_for_tests", "say_all"]

UNICAST_HOPS = 64
"""With this TTL the doctors' unicast leaves, so that routers between can be counted."""
SPACING_S = 0.005
"""Between test datagrams: a burst would be a test of buffers."""
MOST_AT_ONCE = 64
_IPV6_UNICAST_HOPS, _IP_TTL = 16, 2


class Talk:
    """A UDP socket for words by unicast; OSError where it cannot be had."""

    def __init__(self, version: int, port: int = 0) -> None:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        self._version = version
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            level, hops = (0, _IP_TTL) if version == 4 else (41, _IPV6_UNICAST_HOPS)
            self._socket.setsockopt(level, hops, UNICAST_HOPS)
            if version == 6:
                self._socket.setsockopt(41, THIS_SYSTEM.v6_only, 1)
            for option in fact_options(THIS_SYSTEM, version):
                with suppress(OSError):
                    self._socket.setsockopt(option.level, option.number, option.value)
            self._socket.bind(("", port))
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def connect(self, ip: IPv4Address | IPv6Address, port: int, zone: int) -> None:
        """Speak with one peer only; what its host refuses is then told.

        ``zone`` is the index of the interface behind which a link-local one is.
        """
        host = str(ip).partition("%")[0]
        scope = zone if ip.is_link_local else 0
        address = (host, port) if self._version == 4 else (host, port, 0, scope)
        self._socket.connect(address)

    def send(self, data: bytes) -> int:
        """Send to the peer; return the system's error number, or 0."""
        try:
            self._socket.send(data)
        except OSError as error:
            return error.errno or -1
        return 0

    def answer(self, data: bytes, asked: Datagram) -> None:
        """Answer from the very address that was asked, or not at all."""
        host, port, zone, _ = asked.origin
        address = (host, port) if self._version == 4 else (host, port, 0, zone)
        with suppress(OSError):
            self._socket.sendmsg([data], self._source(asked), 0, address)

    def read(self) -> Iterator[Datagram | int]:
        """Iterate over what waits: datagrams, and error numbers of the system."""
        for _ in range(MOST_AT_ONCE):
            try:
                data, controls, _, name = self._socket.recvmsg(65_536, CONTROL_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                yield error.errno or -1
                continue
            yield as_datagram(data, controls, name)

    def close(self) -> None:
        """Close it; any number of times."""
        self._socket.close()

    def _source(self, asked: Datagram) -> list[tuple[int, int, bytes]]:
        own = asked.group
        if own is None or own.is_multicast:
            return []
        if self._version == 4:
            info = struct.pack("@I4s4s", 0, own.packed, bytes(4))
            return [(socket.IPPROTO_IP, 8, info)]
        index = asked.interface if own.is_link_local else 0
        info = struct.pack("@16sI", own.packed, index)
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info)]


class GroupEar:
    """Has joined a group, and hears it; MachineError where that fails."""

    def __init__(
        self,
        group: Group,
        interfaces: Sequence[Interface],
        take: Callable[[Datagram], None],
    ) -> None:
        self._take = take
        self._receiver = MulticastReceiver()
        try:
            # From anybody: who tests is not the source that the group is meant for.
            self._receiver.join(group, interfaces)
        except BaseException:
            self.close()
            raise

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        """What to watch, and what to call."""
        return [(sock, self.read) for sock in self._receiver.sockets]

    def read(self) -> None:
        """Hand over what waits."""
        for datagram in self._receiver.receive():
            self._take(datagram)

    def join_again(self) -> None:
        """Leave and join, so that switches hear of a member."""
        for membership in self._receiver.memberships:
            self._receiver.refresh(membership)

    def close(self) -> None:
        """Leave the group."""
        self._receiver.close()


class Voice:
    """Sends test datagrams to a group."""

    def __init__(self, group: Group, interface: Interface, ttl_hops: int) -> None:
        config = SenderConfig(ttl_hops=ttl_hops, facts=True)
        # It sends as itself, whatever source is meant.
        group = replace(group, source=None)
        self._sender = MulticastSender(Aim.at(group, [interface], config))

    @property
    def watched(self) -> WithDescriptor:
        """What answers come to."""
        return self._sender

    @property
    def most_bytes(self) -> int:
        """The most that travels unfragmented."""
        return self._sender.payload_limit

    def say(self, token: int, number: int, *, bytes_: int = 0, ask: bool) -> bool:
        """Send one; with ``ask`` members answer it. False: the buffer is full.

        MachineError when the system refuses.
        """
        kind = Kind.QUESTION if ask else Kind.MESSAGE
        probe = Probe(token, number)
        request_id = secrets.randbits(64)
        try:
            self._sender.send(
                speech.encode(probe, request_id, kind=kind, bytes_=bytes_)
            )
        except BlockingIOError:
            return False
        return True

    def answers(self) -> list[Datagram]:
        """Return what members answered."""
        return self._sender.read()

    def close(self) -> None:
        """Close it."""
        self._sender.close()


async def say_all(
    voice: Voice,
    token: int,
    tests: Sequence[tuple[int, int]],
    *,
    ask: Callable[[int], bool] = lambda _: False,
) -> tuple[int, ...]:
    """Send tests, each a number and its bytes, one after the other.

    Return the numbers of those that the system took; MachineError where it refuses.
    """
    sent: list[int] = []
    for number, size in tests:
        if voice.say(token, number, bytes_=size, ask=ask(number)):
            sent.append(number)
        await asyncio.sleep(SPACING_S)
    return tuple(sent)


def group_for_tests(
    group: Group, source: IPv4Address | IPv6Address | None = None
) -> Group:
    """Return the group as tests use it: from anybody, where the address allows that.

    A source-specific one is heard from ``source``, else from the one it names.
    """
    group = group.on(None)
    if group.is_source_specific:
        return replace(group, source=source or group.source)
    return replace(group, source=None)
