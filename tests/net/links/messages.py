"""What the kernel would send, byte by byte."""

import socket
import struct
from ipaddress import ip_interface

UP, RUNNING_UP = 1, 0x10001


def attribute(kind: int, value: bytes) -> bytes:
    raw = struct.pack("=HH", 4 + len(value), kind) + value
    return raw + bytes(-len(raw) % 4)


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def link(
    index: int,
    name: str,
    flags: int = RUNNING_UP,
    *,
    kind: str = "",
    master: int = 0,
    mtu: int = 1500,
    gone: bool = False,
    family: int = socket.AF_UNSPEC,
) -> bytes:
    body = struct.pack("=BxHiII", family, 1, index, flags, 0)
    body += attribute(3, name.encode() + b"\0") + attribute(4, struct.pack("=I", mtu))
    if master:
        body += attribute(10, struct.pack("=I", master))
    if kind:
        info = attribute(1, kind.encode() + b"\0")
        body += attribute(18 | 0x8000, info)
    return message(17 if gone else 16, body)


def address(
    index: int, text: str, *, flags: int = 0, peer: str = "", gone: bool = False
) -> bytes:
    own = ip_interface(text)
    family = socket.AF_INET if own.version == 4 else socket.AF_INET6
    body = struct.pack("=BBBBI", family, own.network.prefixlen, 0, 0, index)
    if peer:
        body += attribute(1, ip_interface(peer).ip.packed)
        body += attribute(2, own.ip.packed)
    else:
        body += attribute(1, own.ip.packed)
    body += attribute(8, struct.pack("=I", flags))
    return message(21 if gone else 20, body)
