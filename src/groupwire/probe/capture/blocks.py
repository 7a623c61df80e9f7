"""pcapng, the part that others read and write (draft-ietf-opsawg-pcapng).

::

    | type 4 | total length 4 | body, padded to 4 | total length 4 |
"""

from __future__ import annotations

import struct
from collections.abc import Callable

__all__ = [
    "ENHANCED_PACKET",
    "INTERFACE",
    "LINK_RAW",
    "NANOSECONDS",
    "SECTION",
    "SIMPLE_PACKET",
    "enhanced_head",
    "interface_block",
    "section_block",
    "whole_bytes",
]

SECTION, INTERFACE, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 3, 6
_BYTE_ORDER = 0x1A2B3C4D
LINK_RAW = 101
"""LINKTYPE_RAW: a packet begins with its IP header, of either version."""
NANOSECONDS = 9
"""The time's resolution, as a power of ten, negated (if_tsresol)."""
_IF_NAME, _IF_TIME_RESOLUTION, _SECTION_APPLICATION = 2, 9, 4
_MOST_OCTETS = 65_575
"""What an interface's packets have at most: IPv6's header and 65,535 octets."""

_LEAST_BLOCK = 12
_HEAD = struct.Struct("<II")
_ENHANCED = struct.Struct("<IIIIIII")


def section_block(application: str) -> bytes:
    """Return the block that a file begins with; of unknown length."""
    fixed = struct.pack("<IHHq", _BYTE_ORDER, 1, 0, -1)
    options = _option(_SECTION_APPLICATION, application.encode())
    return _block(SECTION, fixed + options + _option(0, b""))


def interface_block(name: str) -> bytes:
    """Return the block that introduces an interface, in the order of their numbers."""
    fixed = struct.pack("<HHI", LINK_RAW, 0, _MOST_OCTETS)
    options = _option(_IF_NAME, name.encode(errors="replace"))
    options += _option(_IF_TIME_RESOLUTION, bytes([NANOSECONDS]))
    return _block(INTERFACE, fixed + options + _option(0, b""))


def enhanced_head(interface: int, time_ns: int, size: int) -> tuple[bytes, bytes]:
    """Return what stands before and behind a packet of ``size`` octets."""
    padding = -size % 4
    total = _ENHANCED.size + size + padding + 4
    head = _ENHANCED.pack(
        ENHANCED_PACKET,
        total,
        interface,
        time_ns >> 32,
        time_ns & 0xFFFF_FFFF,
        size,
        size,
    )
    return head, bytes(padding) + total.to_bytes(4, "little")


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    total = _HEAD.size + len(body) + 4
    return _HEAD.pack(kind, total) + body + total.to_bytes(4, "little")


def whole_bytes(size: int, read: Callable[[int, int], bytes]) -> int:
    """Return how many octets of a file of ``size`` are whole blocks.

    ``read(at, count)`` gives its octets. The last block is looked at from behind,
    because its length stands there too; only where that does not fit are all of them
    walked from the beginning.
    """
    last = int.from_bytes(read(max(size - 4, 0), 4), "little")
    likely = _LEAST_BLOCK <= last <= size and size % 4 == 0
    if likely and int.from_bytes(read(size - last + 4, 4), "little") == last:
        return size
    at = 0
    while at + _LEAST_BLOCK <= size:
        total = int.from_bytes(read(at + 4, 4), "little")
        if total % 4 or not _LEAST_BLOCK <= total <= size - at:
            break
        at += total
    return at
