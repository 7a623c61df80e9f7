"""Socket options as values: what to set on which system, without setting it.

Linux is run by our tests. The macOS and Windows numbers come from their public headers
and are compared as data only: nobody has run them yet (docs/limits.md).
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address

__all__ = [
    "LINUX",
    "MACOS",
    "THIS_SYSTEM",
    "WINDOWS",
    "Numbers",
    "SocketOption",
    "System",
    "bind_address",
    "fact_options",
    "join_option",
    "leave_option",
    "offload_option",
    "packet_info",
    "receive_options",
    "send_options",
    "sharing_options",
]

_IP, _IPV6, _UDP = 0, 41, 17
_IP_PACKET_INFO, _IPV6_PACKET_INFO = 8, 50
_Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class SocketOption:
    """One ``setsockopt``; ``needed`` is False where a refusal costs only comfort."""

    label: str
    level: int
    number: int
    value: int | bytes
    needed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Option numbers of one IP version on one system; 0 where there is none."""

    level: int
    multicast_if: int
    multicast_ttl: int
    multicast_loop: int
    multicast_all: int = 0
    traffic_class: int
    want_packet_info: int
    want_ttl: int


# By identity: plans are cached per system, and hashing all its numbers costs more.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class System:
    """What differs between operating systems, as data."""

    name: str
    tested: bool
    level_socket: int
    reuse: tuple[tuple[str, int], ...]
    """What lets several receivers of one host share a port."""
    v4: Numbers
    v6: Numbers
    v6_only: int
    join: int
    leave: int
    join_source: int
    leave_source: int
    request_pad: int
    """Bytes between the index and the address in ``struct group_req``."""
    sockaddr_length_byte: bool
    inet: int
    inet6: int
    binds_to_group: bool
    """False: bind to the wildcard and let packet info tell the groups apart."""
    timestamp: tuple[str, int] | None
    force_receive_buffer: int = 0
    memory_info: int = 0
    """Where a socket tells its buffers and what they have cost (SO_MEMINFO)."""
    attach_filter: int = 0
    """What has the kernel look at datagrams before it keeps them (SO_ATTACH_FILTER)."""

    def numbers(self, version: int) -> Numbers:
        """Return the option numbers of an IP version."""
        return self.v4 if version == 4 else self.v6


LINUX = System(
    name="Linux",
    tested=True,
    level_socket=1,
    reuse=(("SO_REUSEADDR", 2),),
    v4=Numbers(
        level=_IP,
        multicast_if=32,
        multicast_ttl=33,
        multicast_loop=34,
        multicast_all=49,
        traffic_class=1,
        want_packet_info=8,
        want_ttl=12,
    ),
    v6=Numbers(
        level=_IPV6,
        multicast_if=17,
        multicast_ttl=18,
        multicast_loop=19,
        multicast_all=29,
        traffic_class=67,
        want_packet_info=49,
        want_ttl=51,
    ),
    v6_only=26,
    join=42,
    leave=45,
    join_source=46,
    leave_source=47,
    request_pad=4,
    sockaddr_length_byte=False,
    inet=2,
    inet6=10,
    binds_to_group=True,
    timestamp=("SO_TIMESTAMPNS", 35),
    force_receive_buffer=33,
    memory_info=55,
    attach_filter=26,
)

MACOS = System(
    name="macOS",
    tested=False,
    level_socket=0xFFFF,
    # BSD shares a multicast port only when every socket asks for SO_REUSEPORT.
    reuse=(("SO_REUSEADDR", 4), ("SO_REUSEPORT", 0x200)),
    v4=Numbers(
        level=_IP,
        multicast_if=9,
        multicast_ttl=10,
        multicast_loop=11,
        traffic_class=3,
        want_packet_info=26,
        want_ttl=24,
    ),
    v6=Numbers(
        level=_IPV6,
        multicast_if=9,
        multicast_ttl=10,
        multicast_loop=11,
        traffic_class=36,
        want_packet_info=61,
        want_ttl=37,
    ),
    v6_only=27,
    join=80,
    leave=81,
    join_source=82,
    leave_source=83,
    request_pad=0,
    sockaddr_length_byte=True,
    inet=2,
    inet6=30,
    binds_to_group=True,
    timestamp=("SO_TIMESTAMP", 0x400),
)

WINDOWS = System(
    name="Windows",
    tested=False,
    level_socket=0xFFFF,
    reuse=(("SO_REUSEADDR", 4),),
    v4=Numbers(
        level=_IP,
        multicast_if=9,
        multicast_ttl=10,
        multicast_loop=11,
        traffic_class=3,
        want_packet_info=19,
        want_ttl=21,
    ),
    v6=Numbers(
        level=_IPV6,
        multicast_if=9,
        multicast_ttl=10,
        multicast_loop=11,
        traffic_class=39,
        want_packet_info=19,
        want_ttl=21,
    ),
    v6_only=27,
    join=41,
    leave=42,
    join_source=45,
    leave_source=46,
    request_pad=4,
    sockaddr_length_byte=False,
    inet=2,
    inet6=23,
    binds_to_group=False,
    timestamp=None,
)

THIS_SYSTEM = {"darwin": MACOS, "win32": WINDOWS}.get(sys.platform, LINUX)


@cache
def receive_options(system: System, version: int) -> tuple[SocketOption, ...]:
    """Return what a receiving socket needs before it is bound.

    Strict delivery: bound to the group and with IP_MULTICAST_ALL off, a socket gets
    only what came to its own groups on its own interfaces. Either alone leaks.
    """
    return (*sharing_options(system, version), *fact_options(system, version))


@cache
def sharing_options(system: System, version: int) -> tuple[SocketOption, ...]:
    """Return what lets a socket share its port, without what others have joined."""
    of = system.numbers(version)
    options = [
        SocketOption(label, system.level_socket, number, 1)
        for label, number in system.reuse
    ]
    if version == 6:
        options.append(SocketOption("IPV6_V6ONLY", _IPV6, system.v6_only, 1))
    if of.multicast_all:
        label = "IP_MULTICAST_ALL" if version == 4 else "IPV6_MULTICAST_ALL"
        # IPV6_MULTICAST_ALL is younger (Linux 4.20); packet info covers for it.
        options.append(
            SocketOption(label, of.level, of.multicast_all, 0, needed=version == 4)
        )
    return tuple(options)


@cache
def fact_options(system: System, version: int) -> tuple[SocketOption, ...]:
    """Return what makes the kernel tell the facts of each datagram."""
    of = system.numbers(version)
    prefix = "IP" if version == 4 else "IPV6"
    want_ttl = "IP_RECVTTL" if version == 4 else "IPV6_RECVHOPLIMIT"
    needed = not system.binds_to_group or version == 6
    options = [
        SocketOption(f"{prefix}_RECVPKTINFO", of.level, of.want_packet_info, 1, needed),
        SocketOption(want_ttl, of.level, of.want_ttl, 1, needed=False),
    ]
    if system.timestamp:
        label, number = system.timestamp
        options.append(
            SocketOption(label, system.level_socket, number, 1, needed=False)
        )
    return tuple(options)


def bind_address(
    system: System, ip: _Address, port: int, zone: int
) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return what a receiving socket binds to.

    A link-local IPv6 group is bound with its zone: the kernel then takes datagrams
    from that interface only, so each interface needs a socket of its own.
    """
    if not system.binds_to_group:
        return ("0.0.0.0", port) if ip.version == 4 else ("::", port, 0, 0)
    return (str(ip), port) if ip.version == 4 else (str(ip), port, 0, zone)


def join_option(
    system: System, group: _Address, index: int, source: _Address | None
) -> SocketOption:
    """Return the option that joins by interface index (RFC 3678).

    By index, because an interface without an address has no other name and an
    address may change while we are joined.
    """
    if source is None:
        return _membership("MCAST_JOIN_GROUP", system, system.join, group, index)
    return _membership(
        "MCAST_JOIN_SOURCE_GROUP", system, system.join_source, group, index, source
    )


def leave_option(
    system: System, group: _Address, index: int, source: _Address | None
) -> SocketOption:
    """Return the option that undoes :func:`join_option`."""
    if source is None:
        return _membership("MCAST_LEAVE_GROUP", system, system.leave, group, index)
    return _membership(
        "MCAST_LEAVE_SOURCE_GROUP", system, system.leave_source, group, index, source
    )


def send_options(  # noqa: PLR0913 - keyword-only
    system: System,
    version: int,
    *,
    index: int,
    address: _Address | None,
    ttl_hops: int,
    loopback: bool,
    dscp: int = 0,
) -> tuple[SocketOption, ...]:
    """Return what a sending socket needs: the way out, how far, and to whom.

    The interface is named by index with its address beside it: by address alone it
    dies with an address change, by index alone loopback sends from 0.0.0.0.
    """
    of = system.numbers(version)
    prefix, hops = ("IP", "TTL") if version == 4 else ("IPV6", "HOPS")
    options = [
        SocketOption(
            f"{prefix}_MULTICAST_IF",
            of.level,
            of.multicast_if,
            _way_out(system, version, index, address),
        ),
        # As an int: the article's signed byte cannot say more than 127.
        SocketOption(
            f"{prefix}_MULTICAST_{hops}", of.level, of.multicast_ttl, ttl_hops
        ),
        SocketOption(
            f"{prefix}_MULTICAST_LOOP", of.level, of.multicast_loop, int(loopback)
        ),
    ]
    if dscp:
        label = "IP_TOS" if version == 4 else "IPV6_TCLASS"
        options.append(SocketOption(label, of.level, of.traffic_class, dscp << 2))
    return tuple(options)


def packet_info(
    version: int, index: int, source: _Address | None
) -> tuple[int, int, bytes]:
    """Return the control message that names the way out for one datagram.

    IP_PKTINFO and IPV6_PKTINFO; without a source the system chooses one.
    """
    packed = source.packed if source is not None else bytes(4 if version == 4 else 16)
    if version == 4:
        info = struct.pack("@I4s4s", index, packed, bytes(4))
        return (_IP, _IP_PACKET_INFO, info)
    return (_IPV6, _IPV6_PACKET_INFO, struct.pack("@16sI", packed, index))


def offload_option(*, receive: bool) -> SocketOption:
    """Return Linux's UDP_GRO for a socket that wants coalesced datagrams."""
    return SocketOption("UDP_GRO", _UDP, 104, int(receive), needed=False)


def _way_out(
    system: System, version: int, index: int, address: _Address | None
) -> int | bytes:
    if version == 6:
        return index
    if system is WINDOWS:
        # An index goes as 0.x.x.x in network order (IP_MULTICAST_IF, ws2ipdef.h).
        return struct.pack("!I", index)
    source = address.packed if address is not None else bytes(4)
    return struct.pack("@4s4si", bytes(4), source, index)


def _membership(
    label: str,
    system: System,
    number: int,
    group: _Address,
    index: int,
    source: _Address | None = None,
) -> SocketOption:
    addresses = _storage(system, group)
    if source is not None:
        addresses += _storage(system, source)
    return SocketOption(
        label,
        _IP if group.version == 4 else _IPV6,
        number,
        struct.pack("=I", index) + bytes(system.request_pad) + addresses,
    )


def _storage(system: System, ip: _Address) -> bytes:
    """Encode struct sockaddr_storage (128 bytes) of an address."""
    family = system.inet if ip.version == 4 else system.inet6
    size = 16 if ip.version == 4 else 28
    if system.sockaddr_length_byte:
        head = struct.pack("=BBH", size, family, 0)
    else:
        head = struct.pack("=HH", family, 0)
    body = ip.packed if ip.version == 4 else bytes(4) + ip.packed
    return (head + body).ljust(128, b"\0")
