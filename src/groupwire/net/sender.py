"""A socket of one's own that sends to a group and hears what comes back to it.

It does not join: it is exclusive, so that nobody on this host can take the answers
meant for it (with SO_REUSEADDR any local user could).
"""

from __future__ import annotations

import errno
import socket
import struct
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from groupwire.errors import ClosedError, MachineError, MessageTooLarge
from groupwire.net.buffers import kernel_drops, set_receive_buffer
from groupwire.net.failures import send_failure, socket_failure
from groupwire.net.options import (
    THIS_SYSTEM,
    SocketOption,
    System,
    fact_options,
    send_options,
)
from groupwire.net.ring import ring_of_this_thread
from groupwire.net.segments import SegmentSender
from groupwire.values import Datagram, Group, Interface, Origin

__all__ = ["MulticastSender", "SenderConfig", "datagram_limit"]

_Socket: TypeAlias = socket.socket
_SockAddr: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

_ETHERNET_HEADERS = {4: 28, 6: 48}


def datagram_limit(version: int) -> int:
    """Return the most bytes that one UDP datagram can carry."""
    return 65_507 if version == 4 else 65_527


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderConfig:
    """How to send; a buffer of 0 bytes leaves the system's default."""

    ttl_hops: int = 1
    loopback: bool = True
    dscp: int = 0
    receive_buffer_bytes: int = 4 << 20
    send_buffer_bytes: int = 4 << 20
    facts: bool = False
    """Whether answers come with interface, TTL and time of arrival."""


class MulticastSender:
    """Sends to one group by one or several interfaces.

    Raises MachineError where the system cannot do what is asked.
    """

    def __init__(
        self,
        group: Group,
        interfaces: Sequence[Interface],
        config: SenderConfig | None = None,
        *,
        system: System = THIS_SYSTEM,
    ) -> None:
        self.group = group
        self.config = config or SenderConfig()
        self.dropped: Counter[str] = Counter()
        self._system = system
        self._interfaces = tuple(interfaces)
        self._socket = _open(group.version)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise
        self.segments = SegmentSender(self._socket)

    @property
    def socket(self) -> _Socket:
        """The socket itself, for those who bring their own event loop."""
        return self._socket

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The ways out."""
        return self._interfaces

    @property
    def port(self) -> int:
        """The local port, to which answers come."""
        return int(self._socket.getsockname()[1])

    @property
    def payload_limit(self) -> int:
        """The most bytes that travel unfragmented by every way out."""
        headers = _ETHERNET_HEADERS[self.group.version]
        smallest = min((i.mtu_bytes for i in self._interfaces), default=1500)
        return min(smallest - headers, datagram_limit(self.group.version))

    @property
    def receive_buffer_bytes(self) -> int:
        """The receive buffer as the kernel granted it, its own overhead included."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    @property
    def kernel_drops(self) -> int:
        """Answers that the kernel dropped because nobody read fast enough."""
        return kernel_drops(self._socket, self._system)

    def aim(self, interfaces: Sequence[Interface]) -> None:
        """Send by these interfaces from now on: they changed index or address.

        Raises MachineError, and then sends as before.
        """
        before, self._interfaces = self._interfaces, tuple(interfaces)
        try:
            if self._interfaces:
                self._apply(self._options(self._interfaces[0]))
        except MachineError:
            self._interfaces = before
            raise

    def send(self, data: bytes | bytearray | memoryview, segment_bytes: int = 0) -> int:
        """Send to the group by every way out; return how many bytes were taken.

        With ``segment_bytes`` the data is a row of datagrams of this size, of which
        fewer may be taken when the send buffer fills. Raises BlockingIOError when
        nothing was taken for that reason, MachineError when no way takes it.
        """
        self._check(len(data), segment_bytes)
        if len(self._interfaces) == 1:
            return self._send_by(self._interfaces[0], data, segment_bytes)
        failure: MachineError | None = None
        taken = 0
        for interface in self._interfaces:
            try:
                sent = self._send_by(interface, data, segment_bytes, named=True)
                taken = max(taken, sent)
            except BlockingIOError:
                self.dropped["send-buffer"] += 1
                taken = len(data)
            except MachineError as error:
                self.dropped["interface-refused"] += 1
                failure = error
        if failure is not None and not taken:
            raise failure
        return taken

    def send_to(self, data: bytes | bytearray | memoryview, to: Origin) -> str | None:
        """Send to one address; return the reason when the system refuses, else None.

        Whatever a stranger's address makes the system say, it never raises but for
        a full send buffer (BlockingIOError).
        """
        try:
            self._socket.sendto(data, _sockaddr(to))
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno == errno.EBADF:
                return "closed"
            reason = errno.errorcode.get(error.errno or 0, "refused").lower()
            self.dropped[f"send-{reason}"] += 1
            return reason
        return None

    def fileno(self) -> int:
        """Return the socket's descriptor, -1 once it is closed."""
        return self._socket.fileno()

    def read(self, limit: int) -> list[Datagram]:
        """Return the answers that wait, at most ``limit`` and 64."""
        batch = ring_of_this_thread().receive(self._socket, limit)
        if batch.truncated:
            self.dropped["truncated"] += batch.truncated
        return batch.datagrams

    def detach(self) -> tuple[_Socket, _SockAddr]:
        """Give the socket away, with the address to send to; this sender is closed."""
        address = self._group_address(self._interfaces[0])
        given = socket.socket(fileno=self._socket.detach())
        given.setblocking(False)
        return given, address

    def close(self) -> None:
        """Close the socket; any number of times."""
        self._socket.close()

    def _prepare(self) -> None:
        self._socket.setblocking(False)
        set_receive_buffer(self._socket, self.config.receive_buffer_bytes, self._system)
        if self.config.send_buffer_bytes:
            with suppress(OSError):
                self._socket.setsockopt(
                    socket.SOL_SOCKET, socket.SO_SNDBUF, self.config.send_buffer_bytes
                )
        if self._interfaces:
            self._apply(self._options(self._interfaces[0]))
        if self.config.facts:
            self._apply(fact_options(self._system, self.group.version))
        self._socket.bind(self._own_address())

    def _own_address(self) -> tuple[str, int]:
        """Any address, any free port; the source where the group names one of ours."""
        source = self.group.source
        if source is not None:
            return (str(source), 0)
        return ("", 0)

    def _options(self, interface: Interface) -> tuple[SocketOption, ...]:
        version = self.group.version
        return send_options(
            self._system,
            version,
            index=interface.index,
            address=interface.address(version),
            ttl_hops=self.config.ttl_hops,
            loopback=self.config.loopback,
            dscp=self.config.dscp,
        )

    def _apply(self, options: Sequence[SocketOption]) -> None:
        for option in options:
            try:
                self._socket.setsockopt(option.level, option.number, option.value)
            except OSError as error:
                if option.needed:
                    name = self._interfaces[0].name if self._interfaces else "?"
                    raise send_failure(error, self.group, name) from error

    def _check(self, size: int, segment_bytes: int) -> None:
        if self._socket.fileno() < 0:
            raise ClosedError("this sender")
        limit = datagram_limit(self.group.version)
        if (segment_bytes or size) > limit:
            raise MessageTooLarge(
                size, limit, fix="split it; a datagram cannot be larger"
            )

    def _send_by(
        self,
        interface: Interface,
        data: bytes | bytearray | memoryview,
        segment_bytes: int,
        *,
        named: bool = False,
    ) -> int:
        address = self._group_address(interface)
        controls = [self._packet_info(interface)] if named else []
        try:
            if segment_bytes and len(data) > segment_bytes:
                return self.segments.send(data, segment_bytes, address, controls)
            if named:
                return self._socket.sendmsg([data], controls, 0, address)
            return self._socket.sendto(data, address)
        except BlockingIOError:
            raise
        except OSError as error:
            raise send_failure(error, self.group, interface.name) from error

    def _group_address(self, interface: Interface) -> _SockAddr:
        group = self.group
        if group.version == 4:
            return (str(group.ip), group.port)
        return (str(group.ip), group.port, 0, interface.index)

    def _packet_info(self, interface: Interface) -> tuple[int, int, bytes]:
        """Name the way out for one datagram (IP_PKTINFO, IPV6_PKTINFO)."""
        address = interface.address(self.group.version)
        if self.group.version == 4:
            source = address.packed if address is not None else bytes(4)
            info = struct.pack("@I4s4s", interface.index, source, bytes(4))
            return (socket.IPPROTO_IP, 8, info)
        source = address.packed if address is not None else bytes(16)
        return (
            socket.IPPROTO_IPV6,
            socket.IPV6_PKTINFO,
            struct.pack("@16sI", source, interface.index),
        )


def _open(version: int) -> socket.socket:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    try:
        return socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise socket_failure(error) from error


@lru_cache(maxsize=1024)
def _sockaddr(to: Origin) -> _SockAddr:
    if to.ip.version == 4:
        return (str(to.ip), to.port)
    return (str(to.ip), to.port, 0, to.zone)
