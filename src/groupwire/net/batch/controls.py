"""What the kernel's control messages say: group, interface, TTL, time, segments.

These are the messages of Linux. Elsewhere the port works without these facts.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

__all__ = [
    "INFO_AT",
    "INFO_BYTES",
    "INFO_HEAD_4",
    "JOINED_BYTES_4",
    "USUAL_BYTES_4",
    "USUAL_BYTES_6",
    "ListedFacts",
    "Told",
    "interface_of",
    "interpret",
    "quick_look",
    "read_controls",
    "read_joined",
    "walk",
]

_CMSG = struct.Struct("@Nii")
_TIMESPEC = struct.Struct("@qq")
_INT = struct.Struct("@i")
_INDEX = struct.Struct("@I").unpack_from
_PKTINFO4 = struct.Struct("@I4s4s")
_PKTINFO6 = struct.Struct("@16sI")

_SOL_SOCKET, _SOL_IP, _SOL_IPV6, _SOL_UDP = socket.SOL_SOCKET, 0, 41, 17
_TIMESTAMPNS, _GRO, _PKTINFO = 35, 104, 8

# What the kernel writes for nearly every datagram: time, packet info, TTL, in this
# order. Anything else is walked.
INFO_AT = 32
"""Where the packet info stands then: behind the time of arrival."""
USUAL_BYTES_4, USUAL_BYTES_6 = 32 + 32 + 24, 32 + 40 + 24
JOINED_BYTES_4 = USUAL_BYTES_4 + 24
"""With the size of the segments between the time and the packet info."""
INFO_BYTES = {USUAL_BYTES_4: 28, USUAL_BYTES_6: 36}
"""The length of the packet info by that of all; what pads it may be older."""
_USUAL_CONTROLS = 3
_TIME_HEAD = _CMSG.pack(32, _SOL_SOCKET, _TIMESTAMPNS)
INFO_HEAD_4 = _CMSG.pack(28, _SOL_IP, _PKTINFO)
_INFO_HEAD_6 = _CMSG.pack(36, _SOL_IPV6, 50)
_GRO_HEAD = _CMSG.pack(20, _SOL_UDP, _GRO)
_JOINED = struct.Struct(f"@{INFO_AT}x16si4x16sI").unpack_from
_INDEX_AT = {
    (INFO_BYTES[USUAL_BYTES_4], INFO_HEAD_4): _CMSG.size,
    (INFO_BYTES[USUAL_BYTES_6], _INFO_HEAD_6): _CMSG.size + 16,
}


@dataclass(slots=True)
class Told:
    """What the control messages of one datagram said."""

    to: IPv4Address | IPv6Address | None = None
    interface: int = 0
    ttl_hops: int | None = None
    time: float | None = None
    segment_bytes: int = 0


class ListedFacts(tuple[tuple[int, int, bytes], ...]):
    """The control messages of one datagram, as Python lists them."""

    __slots__ = ()

    def group(self, slot: int) -> IPv4Address | IPv6Address | None:  # noqa: ARG002
        """Return the destination address."""
        return interpret(self).to

    def ttl_hops(self, slot: int) -> int | None:  # noqa: ARG002 - one, so no slots
        """Return the TTL as received."""
        return interpret(self).ttl_hops

    def time(self, slot: int) -> float | None:  # noqa: ARG002
        """Return the kernel's time of arrival."""
        return interpret(self).time


def quick_look(controls: list[tuple[int, int, bytes]]) -> tuple[int, int]:
    """Return interface and size of the segments, which every datagram must know."""
    if len(controls) == _USUAL_CONTROLS and controls[1][1] == _PKTINFO:
        return _INDEX(controls[1][2])[0], 0
    told = interpret(controls)
    return told.interface, told.segment_bytes


# As many as there are groups on interfaces; each datagram of a flood has one of few.
@lru_cache(maxsize=1024)
def interface_of(info: bytes) -> int | None:
    """Return the interface that this packet info names; None if it is none."""
    at = _INDEX_AT.get((len(info), info[: _CMSG.size]))
    return None if at is None else int(_INDEX(info, at)[0])


def read_joined(controls: bytes, start: int) -> tuple[int, int] | None:
    """Return interface and size of the segments of the usual joined datagram.

    None where there is anything else. Each row of a flood has to know both.
    """
    gro, segment_bytes, info, index = _JOINED(controls, start)
    if gro != _GRO_HEAD or info != INFO_HEAD_4:
        return None
    return index, segment_bytes


def read_controls(controls: bytes, start: int, size: int) -> Told:
    """Return what ``size`` bytes of control messages from ``start`` on say."""
    usual = _USUAL.get(size)
    if usual is None:
        return interpret(walk(controls, start, start + size))
    layout, heads = usual
    a, seconds, nanoseconds, b, to, index, c, hops = layout(controls, start)
    if (a, b, c) != heads:
        return interpret(walk(controls, start, start + size))
    if size == USUAL_BYTES_4:
        to, index = _address4(index), to
    else:
        to = _address6(to)
    return Told(to, index, hops, seconds + nanoseconds * 1e-9)


def walk(controls: bytes, at: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Iterate over (level, type, data); the kernel aligns each to eight bytes."""
    while at + _CMSG.size <= end:
        size, level, kind = _CMSG.unpack_from(controls, at)
        if size < _CMSG.size:
            return
        yield level, kind, controls[at + _CMSG.size : at + size]
        at += (size + 7) & ~7


def interpret(messages: Iterable[tuple[int, int, bytes]]) -> Told:
    """Return what these messages say; unknown ones are passed over."""
    told = Told()
    for level, kind, data in messages:
        read = _READERS.get((level, kind))
        if read is not None:
            read(told, data)
    return told


def _read_timestamp(told: Told, data: bytes) -> None:
    seconds, nanoseconds = _TIMESPEC.unpack_from(data)
    told.time = seconds + nanoseconds * 1e-9


def _read_segment(told: Told, data: bytes) -> None:
    (told.segment_bytes,) = _INT.unpack_from(data)


def _read_ttl(told: Told, data: bytes) -> None:
    (told.ttl_hops,) = _INT.unpack_from(data)


def _read_packet_info4(told: Told, data: bytes) -> None:
    told.interface, _, to = _PKTINFO4.unpack_from(data)
    told.to = _address4(to)


def _read_packet_info6(told: Told, data: bytes) -> None:
    to, told.interface = _PKTINFO6.unpack_from(data)
    told.to = _address6(to)


_READERS: dict[tuple[int, int], Callable[[Told, bytes], None]] = {
    (_SOL_SOCKET, _TIMESTAMPNS): _read_timestamp,
    (_SOL_UDP, _GRO): _read_segment,
    (_SOL_IP, 2): _read_ttl,
    (_SOL_IPV6, 52): _read_ttl,
    (_SOL_IP, _PKTINFO): _read_packet_info4,
    (_SOL_IPV6, 50): _read_packet_info6,
}

_USUAL: dict[int, tuple[Callable[[bytes, int], tuple[Any, ...]], tuple[bytes, ...]]] = {
    USUAL_BYTES_4: (
        struct.Struct("@16sqq16sI4x4s4x16si4x").unpack_from,
        (_TIME_HEAD, INFO_HEAD_4, _CMSG.pack(20, _SOL_IP, 2)),
    ),
    USUAL_BYTES_6: (
        struct.Struct("@16sqq16s16sI4x16si4x").unpack_from,
        (_TIME_HEAD, _INFO_HEAD_6, _CMSG.pack(20, _SOL_IPV6, 52)),
    ),
}

_address4 = lru_cache(maxsize=256)(IPv4Address)
_address6 = lru_cache(maxsize=256)(IPv6Address)
