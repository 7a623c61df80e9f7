"""Plain sockets in hosts, so that the laboratory is proved without groupwire."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, ip_address

from tests.lab.harness.host import Host
from tests.lab.harness.waiting import PATIENCE, until

__all__ = [
    "SILENCE",
    "forge",
    "hear",
    "listener",
    "query",
    "saw",
    "sender",
    "wire",
]

_MCAST_JOIN_GROUP = 42
_ETH_P_IP, _ETH_P_ALL = 0x0800, 0x0003
SILENCE = 0.15
"""Seconds after which nothing more is said to come; a cable here takes none."""


@contextmanager
def sender(host: Host, *, ttl: int = 1, version: int = 4) -> Iterator[socket.socket]:
    """Make a socket that sends to groups by the host's first interface."""
    name = host.link.name
    with host:
        index = socket.if_nametoindex(name)
    if version == 4:
        with host.socket(socket.AF_INET) as s:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
            out = struct.pack("@4s4si", bytes(4), bytes(4), index)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, out)
            yield s
    else:
        with host.socket(socket.AF_INET6) as s:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ttl)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            yield s


@contextmanager
def listener(
    host: Host, group: str, port: int, *, join: bool = True
) -> Iterator[socket.socket]:
    """Make a socket bound to a group, joined on the host's first interface."""
    version = ip_address(group).version
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    level = socket.IPPROTO_IP if version == 4 else socket.IPPROTO_IPV6
    with host.socket(family) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind((group, port))
        if join:
            with host:
                index = socket.if_nametoindex(host.link.name)
            s.setsockopt(level, _MCAST_JOIN_GROUP, _group_request(index, group))
            host.wait_for(group)
        yield s


def hear(receiver: socket.socket, *, within: float = PATIENCE) -> bytes | None:
    """Return the next datagram; None after a silence of ``within`` seconds."""
    if not select.select([receiver], [], [], within)[0]:
        return None
    return receiver.recv(65_536)


@contextmanager
def wire(host: Host) -> Iterator[socket.socket]:
    """Make a socket that sees every packet that reaches the first interface."""
    with host.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as s:
        s.bind((host.link.name, _ETH_P_ALL))
        yield s


def saw(cable: socket.socket, data: bytes) -> bool:
    """Whether a packet that holds ``data`` has come, or comes before a silence."""
    while (packet := hear(cable, within=SILENCE)) is not None:
        if data in packet:
            return True
    return False


def forge(
    host: Host, *, source: tuple[str, int], group: tuple[str, int], data: bytes
) -> None:
    """Send a datagram that claims another source; port 0 is possible here."""
    payload = struct.pack("!HHHH", source[1], group[1], 8 + len(data), 0) + data
    header = struct.pack(
        "!BBHHHBBH4s4s",
        *(0x45, 0, 20 + len(payload), 0, 0, 1, socket.IPPROTO_UDP, 0),
        IPv4Address(source[0]).packed,
        IPv4Address(group[0]).packed,
    )
    # The kernel would put its own address where the source is 0.0.0.0, so the frame
    # goes out below IP.
    ether = bytes([1, 0, 0x5E, *(IPv4Address(group[0]).packed[1:])])
    ether = ether[:3] + bytes([ether[3] & 0x7F]) + ether[4:]
    packet = header[:10] + _checksum(header) + header[12:] + payload
    with host.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as s:
        s.sendto(packet, (host.link.name, _ETH_P_IP, 0, 0, ether))


def query(host: Host, version: int = 4, *, interval_s: int = 125) -> None:
    """Ask once who has joined what, as a querier does: IGMPv3 or MLDv2, for 0.1 s.

    ``interval_s``, at most 127, is how often it says that it asks.
    """
    with host:
        index = socket.if_nametoindex(host.link.name)
    if version == 4:
        # RFC 3376 section 4.1; the option is Router Alert (RFC 2113).
        question = struct.pack("!BBH4sBBH", 0x11, 1, 0, bytes(4), 2, interval_s, 0)
        question = question[:2] + _checksum(question) + question[4:]
        with host.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP) as s:
            out = struct.pack("@4s4si", bytes(4), bytes(4), index)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, out)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x94\x04\0\0")
            s.sendto(question, ("224.0.0.1", 0))
    else:
        # RFC 3810 section 5.1; the kernel fills in the checksum.
        body = bytes(16), 2, interval_s, 0
        question = struct.pack("!BBHHH16sBBH", 130, 0, 0, 100, 0, *body)
        with host.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as s:
            alert = b"\0\0\x05\x02\0\0\x01\0"
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, alert)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
            s.sendto(question, ("ff02::1", 0, 0, index))
    # Until members have had the time to answer, a switch floods.
    answered = time.monotonic() + 0.15
    until(lambda: time.monotonic() > answered, "the time for answers is over")


def _checksum(header: bytes) -> bytes:
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def _group_request(index: int, group: str) -> bytes:
    ip = ip_address(group)
    if ip.version == 4:
        address = struct.pack("=HH4s", socket.AF_INET, 0, ip.packed)
    else:
        address = struct.pack("=HHI16s", socket.AF_INET6, 0, 0, ip.packed)
    return struct.pack("I4x", index) + address.ljust(128, b"\0")
