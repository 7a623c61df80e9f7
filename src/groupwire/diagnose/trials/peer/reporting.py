"""Says once more to routers and switches what this host has joined, as root may.

To leave a group and join it again is silent where another program has joined it, too.
The report is true: it is sent only for a group that this process has joined.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from groupwire.net.links.memberships import read_memberships
from groupwire.values import Interface

__all__ = ["igmp_report", "report"]

_ROUTER_ALERT = b"\x94\x04\0\0"  # RFC 2113
_ALL_ROUTERS = "224.0.0.22"
_V2_REPORT, _V3_REPORT, _CHANGE_TO_EXCLUDE = 0x16, 0x22, 4


def report(ip: IPv4Address | IPv6Address, interfaces: Iterable[Interface]) -> None:
    """Report an IPv4 group on each interface; without the right to, do nothing."""
    if ip.version != 4:
        return
    links = {one.index: one.name for one in interfaces if not one.loopback}
    known = read_memberships(links)
    for index in links:
        if ip in known[index].groups:
            with suppress(OSError):
                _send(IPv4Address(int(ip)), index, known[index].igmp or 3)


def igmp_report(ip: IPv4Address, version: int) -> tuple[bytes, str]:
    """Return the report of one group from any source, and where to send it."""
    if version < 3:
        return _summed(struct.pack("!BBH4s", _V2_REPORT, 0, 0, ip.packed)), str(ip)
    # RFC 3376 section 4.2: one record, no sources.
    record = struct.pack("!BBH4s", _CHANGE_TO_EXCLUDE, 0, 0, ip.packed)
    return _summed(struct.pack("!BBHHH", _V3_REPORT, 0, 0, 0, 1) + record), _ALL_ROUTERS


def _send(ip: IPv4Address, index: int, version: int) -> None:
    packet, to = igmp_report(ip, version)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP) as raw:
        out = struct.pack("@4s4si", bytes(4), bytes(4), index)
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, out)
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, _ROUTER_ALERT)
        raw.sendto(packet, (to, 0))


def _summed(packet: bytes) -> bytes:
    """Return it with its checksum (RFC 1071) at bytes 2 and 3."""
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return packet[:2] + struct.pack("!H", ~total & 0xFFFF) + packet[4:]
