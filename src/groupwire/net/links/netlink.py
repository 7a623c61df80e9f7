"""The little of rtnetlink that interfaces need; decoding is a function of bytes.

RFC 3549 describes the messages, ``linux/rtnetlink.h`` and ``linux/if_link.h`` hold the
numbers.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import (
    IPv4Interface,
    IPv6Interface,
    ip_address,
    ip_interface,
)

from groupwire.errors import DecodeError
from groupwire.net.failures import socket_failure

__all__ = [
    "AddressMessage",
    "LinkMessage",
    "Message",
    "decode",
    "dump",
    "listening",
    "route_to",
]

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE = struct.Struct("=HH")

_ERROR, _DONE = 2, 3
_NEW_LINK, _DELETE_LINK, _GET_LINK = 16, 17, 18
_NEW_ADDRESS, _DELETE_ADDRESS, _GET_ADDRESS = 20, 21, 22
_NEW_ROUTE, _GET_ROUTE = 24, 26
_REQUEST, _DUMP = 1, 0x300
_ATTRIBUTE_TYPE = 0x3FFF  # without the flags "nested" and "byte order"

_IFLA_NAME, _IFLA_MTU, _IFLA_MASTER, _IFLA_LINKINFO = 3, 4, 10, 18
_IFLA_INFO_KIND = 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_RTA_DESTINATION, _RTA_OUT = 1, 4
_FROM_BRIDGE = b"\7"  # AF_BRIDGE
_TENTATIVE_OR_FAILED = 0x40 | 0x08

_MOST_BYTES = 1 << 18
_GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
# RTMGRP_IPV4_ROUTE, _IPV4_RULE, _IPV6_ROUTE and the bit of RTNLGRP_IPV6_RULE (19)
_ROUTE_GROUPS = 0x40 | 0x80 | 0x400 | 1 << 18


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """An interface is there (``gone`` False), or was deleted."""

    index: int
    name: str
    flags: int
    mtu_bytes: int = 1500
    kind: str = ""
    master: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True)
class AddressMessage:
    """An interface has an address, or lost it.

    ``usable`` is False while IPv6 still asks whether somebody else has it.
    """

    index: int
    address: IPv4Interface | IPv6Interface
    usable: bool = True
    gone: bool = False


Message = LinkMessage | AddressMessage


def decode(data: bytes) -> Iterator[Message]:
    """Iterate over the links and addresses in what the kernel sent.

    Other messages are passed over. Raises DecodeError for bytes that are no netlink.
    """
    for kind, body in _messages(data):
        yield from _decoded(kind, body)


def dump() -> tuple[Message, ...]:
    """Ask the kernel for all links and addresses of this network namespace."""
    with closing(_open()) as sock:
        links = _asked(sock, _GET_LINK, _LINK.pack(0, 0, 0, 0, 0))
        return (*links, *_asked(sock, _GET_ADDRESS, _ADDRESS.pack(0, 0, 0, 0, 0)))


def listening(*, routes: bool = False) -> socket.socket:
    """Return a socket that hears when links and addresses change; it never blocks.

    With ``routes`` also when routes and the rules that choose among them do.
    """
    sock = _open()
    sock.setblocking(False)
    sock.bind((0, _GROUPS | _ROUTE_GROUPS if routes else _GROUPS))
    return sock


def route_to(ip: str) -> int | None:
    """Return the interface by which the system would send to ``ip``; None: no route."""
    packed = ip_address(ip).packed
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    body = _ROUTE.pack(family, len(packed) * 8, 0, 0, 0, 0, 0, 0, 0)
    body += _ATTRIBUTE.pack(4 + len(packed), _RTA_DESTINATION) + packed
    with closing(_open()) as sock:
        sock.send(_request(_GET_ROUTE, _REQUEST, body))
        for kind, answer in _messages(sock.recv(_MOST_BYTES)):
            if kind == _NEW_ROUTE:
                out = dict(_attributes(answer, _ROUTE.size)).get(_RTA_OUT)
                return _number(out) if out else None
    return None


def _open() -> socket.socket:
    try:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    except OSError as error:
        raise socket_failure(error) from error


def _request(kind: int, flags: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, 1, 0) + body


def _asked(sock: socket.socket, kind: int, body: bytes) -> list[Message]:
    sock.send(_request(kind, _REQUEST | _DUMP, body))
    found: list[Message] = []
    while True:
        for answer, rest in _messages(sock.recv(_MOST_BYTES)):
            if answer in {_DONE, _ERROR}:
                return found
            found += _decoded(answer, rest)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if len(data) - at < _HEADER.size:
            raise DecodeError("netlink-cut")
        size, kind, *_ = _HEADER.unpack_from(data, at)
        if not _HEADER.size <= size <= len(data) - at:
            raise DecodeError("netlink-length")
        yield kind, data[at + _HEADER.size : at + size]
        at += (size + 3) & ~3


def _decoded(kind: int, body: bytes) -> Iterator[Message]:
    if kind in {_NEW_LINK, _DELETE_LINK}:
        # What a bridge says of a port is about the port's place in the bridge.
        if body[:1] != _FROM_BRIDGE:
            yield _link(body, gone=kind == _DELETE_LINK)
    elif kind in {_NEW_ADDRESS, _DELETE_ADDRESS}:
        yield from _address(body, gone=kind == _DELETE_ADDRESS)


def _attributes(body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + _ATTRIBUTE.size <= len(body):
        size, kind = _ATTRIBUTE.unpack_from(body, at)
        if not _ATTRIBUTE.size <= size <= len(body) - at:
            raise DecodeError("netlink-attribute")
        yield kind & _ATTRIBUTE_TYPE, body[at + _ATTRIBUTE.size : at + size]
        at += (size + 3) & ~3


def _link(body: bytes, *, gone: bool) -> LinkMessage:
    if len(body) < _LINK.size:
        raise DecodeError("netlink-link")
    _, _, index, flags, _ = _LINK.unpack_from(body)
    found = dict(_attributes(body, _LINK.size))
    info = dict(_attributes(found.get(_IFLA_LINKINFO, b""), 0))
    return LinkMessage(
        index,
        _text(found.get(_IFLA_NAME, b"")),
        flags,
        _number(found.get(_IFLA_MTU, b"")),
        _text(info.get(_IFLA_INFO_KIND, b"")),
        _number(found.get(_IFLA_MASTER, b"")),
        gone,
    )


def _address(body: bytes, *, gone: bool) -> Iterator[AddressMessage]:
    if len(body) < _ADDRESS.size:
        raise DecodeError("netlink-address")
    family, prefix, flags, _, index = _ADDRESS.unpack_from(body)
    found = dict(_attributes(body, _ADDRESS.size))
    # On a point-to-point link IFA_ADDRESS is the other end, IFA_LOCAL is us.
    packed = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS) or b""
    if family not in {socket.AF_INET, socket.AF_INET6} or not packed:
        return
    if len(packed) != (4 if family == socket.AF_INET else 16):
        raise DecodeError("netlink-address")
    if prefix > len(packed) * 8:
        raise DecodeError("netlink-address")
    flags |= _number(found.get(_IFA_FLAGS, b""))
    usable = not flags & _TENTATIVE_OR_FAILED
    yield AddressMessage(index, ip_interface((packed, prefix)), usable, gone)


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("utf-8", "replace")


def _number(raw: bytes) -> int:
    return int(struct.unpack("=I", raw)[0]) if len(raw) == 4 else 0
