"""The receive buffers of all UDP sockets of this machine, whoever holds them.

``/proc/net/udp`` does not tell them; the kernel's socket diagnosis does, to anybody
(``sock_diag(7)``).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, suppress

__all__ = ["decode_buffers", "udp_buffers"]

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY, _ERROR, _DONE = 20, 2, 3
_REQUEST_DUMP = 0x301
_SKMEMINFO = 7
_EVERY_STATE = 0xFFFF_FFFF
_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBxI48x")
_INODE_AT, _ATTRIBUTES_AT = 68, 72
_ATTRIBUTE = struct.Struct("=HH")
_MEMORY = struct.Struct("=II")
_MOST_BYTES = 1 << 18


def udp_buffers() -> dict[int, int]:
    """Return the receive buffer in bytes by the inode of the socket.

    As the kernel counts it: twice what a program asked for. Empty where the system
    does not tell.
    """
    found: dict[int, int] = {}
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError, AttributeError):
            found.update(_asked(family))
    return found


def decode_buffers(data: bytes) -> Iterator[tuple[int, int] | None]:
    """Iterate over inode and buffer in what the kernel sent; None is its end."""
    at = 0
    while at + _HEADER.size <= len(data):
        size, kind, *_ = _HEADER.unpack_from(data, at)
        if kind in {_ERROR, _DONE} or size < _HEADER.size:
            yield None
            return
        body = data[at + _HEADER.size : at + size]
        if (buffer := _memory(body)) is not None:
            yield struct.unpack_from("=I", body, _INODE_AT)[0], buffer
        at += (size + 3) & ~3


def _asked(family: int) -> dict[int, int]:
    question = _QUESTION.pack(
        family, socket.IPPROTO_UDP, 1 << (_SKMEMINFO - 1), _EVERY_STATE
    )
    head = _HEADER.pack(
        _HEADER.size + len(question), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0
    )
    found: dict[int, int] = {}
    with closing(
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    ) as sock:
        sock.settimeout(1.0)
        sock.send(head + question)
        while True:
            for one in decode_buffers(sock.recv(_MOST_BYTES)):
                if one is None:
                    return found
                found[one[0]] = one[1]


def _memory(body: bytes) -> int | None:
    """Return ``SK_MEMINFO_RCVBUF``, the second number of the attribute."""
    at = _ATTRIBUTES_AT
    while at + _ATTRIBUTE.size <= len(body):
        size, kind = _ATTRIBUTE.unpack_from(body, at)
        if size < _ATTRIBUTE.size:
            return None
        if kind == _SKMEMINFO and len(body) - at >= _ATTRIBUTE.size + _MEMORY.size:
            return int(_MEMORY.unpack_from(body, at + _ATTRIBUTE.size)[1])
        at += (size + 3) & ~3
    return None
