"""A socket of one's own that sends to a group and hears what comes back to it.

It does not join: it is exclusive, so that nobody on this host can take the answers
meant for it (with SO_REUSEADDR any local user could).
"""

from __future__ import annotations

import errno
import socket
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

from groupwire.errors import ClosedError, MachineError, MessageTooLarge
from groupwire.net.batch.libc import release_port
from groupwire.net.batch.ring import MOST_AT_ONCE, Batch, ring_of_this_thread
from groupwire.net.batch.segments import SegmentSender
from groupwire.net.buffers import kernel_drops, set_receive_buffer
from groupwire.net.failures import bind_failure, send_failure, socket_failure
from groupwire.net.options import (
    THIS_SYSTEM,
    SocketOption,
    System,
    fact_options,
    packet_info,
    send_options,
    sharing_options,
)
from groupwire.values import Datagram, Group, Interface, Origin

__all__ = ["Aim", "MulticastSender", "SenderConfig", "datagram_limit"]

_Socket: TypeAlias = socket.socket
_SockAddr: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

_NONBLOCK = int(getattr(socket, "SOCK_NONBLOCK", 0))
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
    group_port: bool = False
    """Whether it sends from the group's port, as members do who are answered there.

    That port is shared: another program of this host may take the answers.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """All about sending to a group that no message changes; made once, used often."""

    group: Group
    interfaces: tuple[Interface, ...]
    config: SenderConfig
    options: tuple[SocketOption, ...]
    address: _SockAddr
    """Where to send, by the first of the interfaces."""
    datagram_limit: int
    payload_limit: int
    """The most bytes that travel unfragmented by every way out."""

    @classmethod
    def at(
        cls,
        group: Group,
        interfaces: Sequence[Interface],
        config: SenderConfig | None = None,
        system: System = THIS_SYSTEM,
    ) -> Self:
        """Aim at a group by these interfaces; none: only to answer, not to send."""
        config = config or SenderConfig()
        limit = datagram_limit(group.version)
        smallest = min((i.mtu_bytes for i in interfaces), default=1500)
        first = interfaces[0] if interfaces else None
        return cls(
            group,
            tuple(interfaces),
            config,
            _options(group, first, config, system) if first else (),
            _group_address(group, first),
            limit,
            min(smallest - _ETHERNET_HEADERS[group.version], limit),
        )


class MulticastSender:
    """Sends to one group by one or several interfaces.

    Raises MachineError where the system cannot do what is asked.
    """

    def __init__(self, aim: Aim, *, system: System = THIS_SYSTEM) -> None:
        self.dropped: defaultdict[str, int] = defaultdict(int)
        self._system = system
        self._aim = aim
        self._socket = _open(aim.group.version)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise
        self._segments: SegmentSender | None = None
        self._receive: Callable[[_Socket, int], Batch] = self._find_ring

    @property
    def segments(self) -> SegmentSender:
        """What sends rows of datagrams, with its count of system calls."""
        if self._segments is None:
            self._segments = SegmentSender(self._socket)
        return self._segments

    @property
    def group(self) -> Group:
        """Where it sends to."""
        return self._aim.group

    @property
    def socket(self) -> _Socket:
        """The socket itself, for those who bring their own event loop."""
        return self._socket

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The ways out."""
        return self._aim.interfaces

    @property
    def port(self) -> int:
        """The local port, to which answers come."""
        return int(self._socket.getsockname()[1])

    @property
    def payload_limit(self) -> int:
        """The most bytes that travel unfragmented by every way out."""
        return self._aim.payload_limit

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
        before = self._aim
        self._aim = Aim.at(before.group, interfaces, before.config, self._system)
        try:
            self._apply(self._aim.options)
        except MachineError:
            self._aim = before
            raise

    def _find_ring(self, sock: _Socket, limit: int) -> Batch:
        """Receive for the first time: in the thread that will go on to read."""
        self._receive = ring_of_this_thread().receive
        return self._receive(sock, limit)

    def send(self, data: bytes | bytearray | memoryview, segment_bytes: int = 0) -> int:
        """Send to the group by every way out; return how many bytes were taken.

        With ``segment_bytes`` the data is a row of datagrams of this size, of which
        fewer may be taken when the send buffer fills. Raises BlockingIOError when
        nothing was taken for that reason, MachineError when no way takes it.
        """
        aim = self._aim
        interfaces = aim.interfaces
        if len(interfaces) == 1:
            if segment_bytes or len(data) > aim.datagram_limit:
                self._check(len(data), segment_bytes)
                return self._send_by(interfaces[0], data, segment_bytes)
            try:
                return self._socket.sendto(data, aim.address)
            except BlockingIOError as error:
                if not self.port:  # none is left for a socket that has to find one
                    raise socket_failure(error) from error
                raise
            except OSError as error:
                raise self._failure(error, interfaces[0]) from error
        self._check(len(data), segment_bytes)
        failure: MachineError | None = None
        taken = 0
        for interface in interfaces:
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
            # host and port, or for IPv6 with flow label and zone
            address = to[:2] if ":" not in to.host else (to.host, to.port, 0, to.zone)
            self._socket.sendto(data, address)
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

    def read(self, limit: int = MOST_AT_ONCE) -> list[Datagram]:
        """Return the answers that wait, at most ``limit`` and 64."""
        batch = self._receive(self._socket, limit)
        if batch.truncated:
            self.dropped["truncated"] += batch.truncated
        return batch.datagrams

    def release(self) -> bool:
        """Give the local port back and forget what waits; False where that fails.

        Until it sends again nothing reaches this socket; then it has another port, as
        a new socket would.
        """
        chosen = self._aim.group.source is not None or self._aim.config.group_port
        if chosen or not release_port(self._socket):
            return False
        try:
            while True:
                self._socket.recv(1)
        except OSError:  # nothing more
            self.dropped.clear()
        return True

    def detach(self) -> tuple[_Socket, _SockAddr]:
        """Give the socket away, with the address to send to; this sender is closed."""
        address = self._aim.address
        given = socket.socket(fileno=self._socket.detach())
        given.setblocking(False)
        return given, address

    def close(self) -> None:
        """Close the socket; any number of times."""
        self._socket.close()

    def _prepare(self) -> None:
        config = self._aim.config
        if not _NONBLOCK:
            self._socket.setblocking(False)
        set_receive_buffer(self._socket, config.receive_buffer_bytes, self._system)
        if config.send_buffer_bytes:
            self._socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDBUF, config.send_buffer_bytes
            )
        self._apply(self._aim.options)
        if config.facts:
            self._apply(fact_options(self._system, self.group.version))
        host = "" if self.group.source is None else str(self.group.source)
        if config.group_port:
            self._bind_to_group_port(host)
        else:
            self._socket.bind((host, 0))

    def _bind_to_group_port(self, host: str) -> None:
        """Hear there what is sent to this machine; whoever has joined hears the rest.

        On Linux the most specific socket gets a datagram, and that of a receiver is
        bound to the group.
        """
        self._apply(sharing_options(self._system, self.group.version))
        try:
            self._socket.bind((host, self.group.port))
        except OSError as error:
            raise bind_failure(error, self.group) from error

    def _apply(self, options: Sequence[SocketOption]) -> None:
        for option in options:
            try:
                self._socket.setsockopt(option.level, option.number, option.value)
            except OSError as error:
                if option.needed:
                    name = self._aim.interfaces[0].name
                    raise send_failure(error, self.group, name) from error

    def _check(self, size: int, segment_bytes: int) -> None:
        if self._socket.fileno() < 0:
            raise ClosedError("this sender")
        limit = self._aim.datagram_limit
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
        address = self._aim.address
        controls: list[tuple[int, int, bytes]] = []
        if named:
            address = _group_address(self.group, interface)
            source = interface.address(self.group.version)
            controls = [packet_info(self.group.version, interface.index, source)]
        try:
            if segment_bytes and len(data) > segment_bytes:
                return self.segments.send(data, segment_bytes, address, controls)
            if named:
                return self._socket.sendmsg([data], controls, 0, address)
            return self._socket.sendto(data, address)
        except BlockingIOError:
            raise
        except OSError as error:
            raise self._failure(error, interface) from error

    def _failure(
        self, error: OSError, interface: Interface
    ) -> MachineError | ClosedError:
        if self._socket.fileno() < 0:
            return ClosedError("this sender")
        return send_failure(error, self.group, interface.name)


def _options(
    group: Group, interface: Interface, config: SenderConfig, system: System
) -> tuple[SocketOption, ...]:
    return send_options(
        system,
        group.version,
        index=interface.index,
        address=interface.address(group.version),
        ttl_hops=config.ttl_hops,
        loopback=config.loopback,
        dscp=config.dscp,
    )


def _group_address(group: Group, interface: Interface | None) -> _SockAddr:
    if group.version == 4:
        return (str(group.ip), group.port)
    return (str(group.ip), group.port, 0, interface.index if interface else 0)


def _open(version: int) -> socket.socket:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    try:
        return socket.socket(family, socket.SOCK_DGRAM | _NONBLOCK)
    except OSError as error:
        raise socket_failure(error) from error
