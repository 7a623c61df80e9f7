"""The headers below a payload: made where the kernel took them off, read from files.

UDP (RFC 768) over IPv4 (RFC 791) and IPv6 (RFC 8200), without fragments: a capture
holds what a program received, and that was whole.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from groupwire.errors import DecodeError
from groupwire.values import Origin

__all__ = ["Packet", "headers", "ip_packet", "with_checksum"]

_UDP, _UDP_BYTES, _IPV4_BYTES, _IPV6_BYTES = 17, 8, 20, 40
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION = 0, 43, 44, 60
_EXTENSIONS = frozenset({_HOP_BY_HOP, _ROUTING, _DESTINATION})
_MORE_OR_OFFSET = 0x3FFF
"""More fragments, or not the first (RFC 791 section 3.1)."""

_IPv4 = struct.Struct("!BBHHHBBH4s4s")
_IPv6 = struct.Struct("!IHBB16s16s")
_UDP_HEAD = struct.Struct("!HHHH")


@dataclass(frozen=True, slots=True)
class Packet:
    """One datagram of a capture; ``time`` is in seconds since the epoch."""

    time: float
    origin: Origin
    group: IPv4Address | IPv6Address
    port: int
    ttl_hops: int
    data: bytes


def headers(
    origin: Origin, to: tuple[IPv4Address | IPv6Address, int], ttl_hops: int, size: int
) -> bytes:
    """Return IP and UDP header in front of ``size`` octets of payload.

    The checksum of UDP is left out: IPv4 allows that, and for IPv6 see
    :func:`with_checksum`.
    """
    group, port = to
    udp = _UDP_HEAD.pack(origin.port, port, _UDP_BYTES + size, 0)
    source = origin.ip.packed
    if group.version == 6:
        fields = (6 << 28, _UDP_BYTES + size, _UDP, ttl_hops)
        return _IPv6.pack(*fields, source, group.packed) + udp
    total = _IPV4_BYTES + _UDP_BYTES + size
    head = (0x45, 0, total, 0, 0, ttl_hops, _UDP)
    plain = _IPv4.pack(*head, 0, source, group.packed)
    return _IPv4.pack(*head, _checksum(plain), source, group.packed) + udp


def with_checksum(below: bytes, data: bytes) -> bytes:
    """Return IPv6's headers with the checksum of UDP, which it insists on.

    RFC 8200 section 8.1: addresses, length and protocol are summed up too.
    """
    size = _UDP_BYTES + len(data)
    summed = below[8:40] + struct.pack("!II", size, _UDP) + below[40:] + data
    return below[:-2] + _checksum(summed + bytes(size % 2)).to_bytes(2)


def ip_packet(data: bytes, time: float) -> Packet:
    """Read an IP packet; DecodeError for all that is no whole UDP datagram."""
    version = data[0] >> 4 if data else 0
    if version == 4:
        return _ipv4(data, time)
    if version == 6:
        return _ipv6(data, time)
    raise DecodeError("capture-no-ip")


def _ipv4(data: bytes, time: float) -> Packet:
    if len(data) < _IPV4_BYTES:
        raise DecodeError("capture-cut")
    first, _, total, _, fragment, ttl, protocol, _, source, group = _IPv4.unpack_from(
        data
    )
    header = (first & 0x0F) * 4
    if fragment & _MORE_OR_OFFSET:
        raise DecodeError("capture-fragment")
    if protocol != _UDP or header < _IPV4_BYTES:
        raise DecodeError("capture-no-udp")
    return _udp(data[header:total], time, source, group, ttl)


def _ipv6(data: bytes, time: float) -> Packet:
    if len(data) < _IPV6_BYTES:
        raise DecodeError("capture-cut")
    _, length, protocol, ttl, source, group = _IPv6.unpack_from(data)
    at, end = _IPV6_BYTES, _IPV6_BYTES + length
    while protocol in _EXTENSIONS and at + 2 <= len(data):
        # RFC 8200 section 4: the next header, and the length in further 8 octets.
        protocol, at = data[at], at + 8 + data[at + 1] * 8
    if protocol == _FRAGMENT:
        raise DecodeError("capture-fragment")
    if protocol != _UDP:
        raise DecodeError("capture-no-udp")
    return _udp(data[at:end], time, source, group, ttl)


def _udp(data: bytes, time: float, source: bytes, group: bytes, ttl: int) -> Packet:
    if len(data) < _UDP_BYTES:
        raise DecodeError("capture-cut")
    from_port, port, length, _ = _UDP_HEAD.unpack_from(data)
    # RFC 2675 section 4: a jumbogram's length is 0; nobody sends one to a group.
    if length < _UDP_BYTES or length > len(data):
        raise DecodeError("capture-cut")
    origin = Origin(str(_address(source)), from_port)
    return Packet(time, origin, _address(group), port, ttl, data[_UDP_BYTES:length])


_address = lru_cache(maxsize=1024)(ip_address)


def _checksum(summed: bytes) -> int:
    # RFC 1071: a one's complement sum of 16 bits is the number modulo 0xFFFF.
    return 0xFFFF - int.from_bytes(summed) % 0xFFFF
