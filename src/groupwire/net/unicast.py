"""A socket at one port that hears what is sent to this host, and answers.

It tells the facts of each datagram, and sends to any group by any interface: what a
responder needs, which serves whoever asks.
"""

from __future__ import annotations

import errno
import socket
from collections import Counter
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from time import time
from typing import Self

from groupwire.net.batch.ring import MOST_AT_ONCE, ring_of_this_thread
from groupwire.net.buffers import set_receive_buffer
from groupwire.net.failures import bind_failure, socket_failure
from groupwire.net.options import (
    THIS_SYSTEM,
    System,
    fact_options,
    packet_info,
    sharing_options,
)
from groupwire.values import Datagram, Group, Origin

__all__ = ["Rehearsal", "UnicastSocket"]

_Address = IPv4Address | IPv6Address
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_ALL: dict[int, _Address] = {4: IPv4Address("224.0.0.1"), 6: IPv6Address("ff02::1")}
_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_BUFFER_BYTES = 4 << 20
_HOPS: dict[int, tuple[int, int]] = {
    4: (socket.IPPROTO_IP, socket.IP_TTL),
    6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
}
_TTL_HOPS = 64
"""Of all that is sent to one host, whatever the system's own: who hears it counts."""


class UnicastSocket:
    """Bound to a port of all addresses of one IP version.

    ``port`` 0: one that the system chooses. ``shared``: so that a group can be joined
    at the same port beside it. ``ttl_hops`` is that of what it sends to groups. Raises
    MachineError.
    """

    def __init__(
        self,
        version: int,
        port: int = 0,
        *,
        shared: bool = False,
        ttl_hops: int = 1,
        system: System = THIS_SYSTEM,
    ) -> None:
        self.version = version
        self.dropped: Counter[str] = Counter()
        self._peer: Origin | None = None
        """To whom it could not be connected yet."""
        self.nobody_listens = False
        """Whether whom it is connected to has said so (ICMP), and nothing since."""
        self.sent_at = 0.0
        """When it sent last, right before: seconds since the epoch."""
        try:
            self._socket = socket.socket(_FAMILIES[version], socket.SOCK_DGRAM)
        except OSError as error:
            raise socket_failure(error) from error
        self._socket.setblocking(False)
        try:
            self._prepare(system, port, ttl_hops, shared=shared)
        except OSError as error:
            self.close()
            raise bind_failure(error, Group(_ALL[version], port or 1)) from error

    @property
    def port(self) -> int:
        """Where it is bound to."""
        return int(self._socket.getsockname()[1])

    def fileno(self) -> int:
        """Return the descriptor, -1 once it is closed."""
        return self._socket.fileno()

    def read(self) -> list[Datagram]:
        """Return what waits, a bounded number."""
        batch = ring_of_this_thread().receive(self._socket, MOST_AT_ONCE)
        if batch.truncated:
            self.dropped["truncated"] += batch.truncated
        if batch.datagrams:
            self.nobody_listens = False
        elif batch.error == errno.ECONNREFUSED:
            self.nobody_listens = True
        return batch.datagrams

    def connect(self, to: Origin) -> str | None:
        """Talk to one address alone from now on; return why not, as yet."""
        self._peer = None
        try:
            self._socket.connect(_address(to))
        except OSError as error:
            self._peer = to
            return self._refused(error)
        return None

    def send(self, data: bytes) -> str | None:
        """Send to whom it is connected; return why not, where the system refuses."""
        if self._peer is not None and (reason := self.connect(self._peer)) is not None:
            return reason
        send = self._socket.send
        for _ in range(2):
            try:
                # Nothing comes between: it would count in a round trip.
                at = time()
                send(data)
            except ConnectionRefusedError:
                # Of the one before, and only this one has not been sent.
                self.nobody_listens = True
                continue
            except OSError as error:
                return self._refused(error)
            self.sent_at = at
            return None
        return _reason(OSError(errno.ECONNREFUSED, ""))

    def send_to(
        self, data: bytes, to: Origin, *, source: _Address | None = None
    ) -> str | None:
        """Send to one address, from ``source``; return why not, where it is refused."""
        self.sent_at = time()
        controls = [] if source is None else [packet_info(self.version, 0, source)]
        return self._sent(data, _address(to), controls)

    def send_to_group(
        self, data: bytes, group: Group, index: int, source: _Address | None
    ) -> str | None:
        """Send to a group by an interface, from an address of it; return why not."""
        address: tuple[object, ...] = (str(group.ip), group.port)
        if self.version == 6:
            address = (*address, 0, index)
        info = packet_info(self.version, index, source)
        return self._sent(data, address, [info])

    def close(self) -> None:
        """Close it; any number of times."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(
        self, system: System, port: int, ttl_hops: int, *, shared: bool
    ) -> None:
        set_receive_buffer(self._socket, _BUFFER_BYTES, system)
        reuse = {number for _, number in system.reuse}
        for option in sharing_options(system, self.version):
            if shared or option.number not in reuse or option.level != 1:
                self._set(option.level, option.number, option.value, option.needed)
        for option in fact_options(system, self.version):
            self._set(option.level, option.number, option.value, option.needed)
        of = system.numbers(self.version)
        self._set(of.level, of.multicast_ttl, ttl_hops, True)
        self._set(*_HOPS[self.version], _TTL_HOPS, True)
        self._socket.bind(("", port))

    def _set(self, level: int, number: int, value: int | bytes, needed: bool) -> None:
        try:
            self._socket.setsockopt(level, number, value)
        except OSError:
            if needed:
                raise

    def _sent(
        self,
        data: bytes,
        address: tuple[object, ...],
        controls: list[tuple[int, int, bytes]],
    ) -> str | None:
        try:
            self._socket.sendmsg([data], controls, 0, address)
        except OSError as error:
            return self._refused(error)
        return None

    def _refused(self, error: OSError) -> str:
        reason = _reason(error)
        self.dropped[f"send-{reason}"] += 1
        return reason


class Rehearsal:
    """Sends to itself on loopback, so that what is sent right after meets warm caches.

    Measured between two namespaces: after a pause a datagram leaves 15 to 70 us after
    the time was read, and 7 to 10 us where another went before. Nobody reads it.
    """

    def __init__(self, version: int) -> None:
        self._socket = socket.socket(_FAMILIES[version], socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        # What is not read is dropped, and soon.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
        with suppress(OSError):  # then there is no loopback, and the first one is late
            self._socket.bind((_LOOPBACK[version], 0))
            self._socket.connect(self._socket.getsockname())

    def send(self, data: bytes) -> None:
        """Send it to nobody."""
        send = self._socket.send
        with suppress(OSError):
            time()
            send(data)

    def close(self) -> None:
        """Close it; any number of times."""
        self._socket.close()


def _address(to: Origin) -> tuple[object, ...]:
    return to[:2] if ":" not in to.host else (to.host, to.port, 0, to.zone)


def _reason(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "refused").lower()
