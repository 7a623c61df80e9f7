"""Many datagrams per system call, and what the kernel says about each.

``recvmmsg`` through ctypes where libc has it, ``recvmsg`` elsewhere; the same
datagrams come out. A batch is copied out of the ring before it is returned, so one ring
serves all sockets of a thread.
"""

from __future__ import annotations

import ctypes
import mmap
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from errno import EAGAIN, EINTR
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple, Protocol

from groupwire.net.batch.libc import find_recvmmsg
from groupwire.values import Datagram, Origin

__all__ = [
    "CONTROL_BYTES",
    "MOST_AT_ONCE",
    "MSG_TRUNC",
    "SLOTS",
    "SLOT_BYTES",
    "Batch",
    "CopiedFacts",
    "ListedFacts",
    "Reader",
    "Ring",
    "as_datagram",
    "ring_of_this_thread",
]

MOST_AT_ONCE = 128
"""Datagrams read before the event loop may do something else."""
SLOTS = 64
SLOT_BYTES = 65_536
"""More than any UDP payload over IPv4 (65,507) or IPv6 (65,527) without jumbograms."""
# The kernel wants the headers in a row; what else belongs to one datagram lies
# together in a row of its own, so that it costs few cache lines.
_HEADER_BYTES, _VECTOR_BYTES, _NAME_BYTES, CONTROL_BYTES = 64, 16, 32, 144
_NAME = _VECTOR_BYTES
_CONTROL = _NAME + _NAME_BYTES
_ROW_BYTES = _CONTROL + CONTROL_BYTES
_HEADERS = range(0, SLOTS * _HEADER_BYTES, _HEADER_BYTES)
_ROWS = range(0, SLOTS * _ROW_BYTES, _ROW_BYTES)
_DATA = range(0, SLOTS * SLOT_BYTES, SLOT_BYTES)

_IOVEC = struct.Struct("@NN")
# struct mmsghdr of 64-bit Linux: name, name length, iov, iov length, control,
# control length, flags, and the received length behind the msghdr.
_MMSGHDR = struct.Struct("@NI4xNNNNi4xI4x")
# Of the same what the kernel has written: control length, flags, received length.
_RESULT = struct.Struct("@40xNi4xI4x").unpack_from
_CMSG = struct.Struct("@Nii")
_TIMESPEC = struct.Struct("@qq")
_INT = struct.Struct("@i")
# The packet info stands behind the time of arrival.
_INDEX = struct.Struct("@I").unpack_from
_HEAD_AND_INDEX = struct.Struct("@32x16sI").unpack_from
_PKTINFO4 = struct.Struct("@I4s4s")
_PKTINFO6 = struct.Struct("@16sI")

# Plain ints: an IntFlag costs more per datagram than all the rest together.
MSG_TRUNC, _MSG_DONTWAIT = int(socket.MSG_TRUNC), int(socket.MSG_DONTWAIT)
_SOL_SOCKET, _SOL_IP, _SOL_IPV6, _SOL_UDP = socket.SOL_SOCKET, 0, 41, 17
_TIMESTAMPNS, _GRO, _PKTINFO = 35, 104, 8
_USUAL_CONTROLS = 3  # IPv4: time of arrival, packet info, TTL
_FAMILY_4 = struct.pack("@H", socket.AF_INET)
_INFO_HEAD_4 = _CMSG.pack(28, _SOL_IP, _PKTINFO)


@dataclass(slots=True)
class _Told:
    """What the control messages of one datagram said."""

    to: IPv4Address | IPv6Address | None = None
    interface: int = 0
    ttl_hops: int | None = None
    time: float | None = None
    segment_bytes: int = 0


_SILENT = _Told()


class Batch(NamedTuple):
    """The datagrams of one system call, and what else it told."""

    datagrams: list[Datagram]
    read: int = 0
    """How many the system call brought; fewer than asked: nothing is left waiting."""
    truncated: int = 0
    """How many of them were cut off, and so are not among the datagrams."""
    joined: bool = False
    """Whether any of them is several, which the kernel coalesced."""
    error: int = 0
    """The socket's pending error (errno), which reading has cleared; else 0."""


class Reader(Protocol):
    """One socket that can be read."""

    def fileno(self) -> int:
        """Return the socket's descriptor, -1 once it is closed."""
        ...

    def read_some(self) -> list[Datagram]:
        """Return what a wake-up should take; what is left wakes again."""
        ...


class CopiedFacts:
    """The control messages of a batch, decoded when asked."""

    __slots__ = ("_last", "_lengths", "_rows", "_told")

    def __init__(self, rows: bytes, lengths: list[int]) -> None:
        self._rows = rows
        self._lengths = lengths
        self._last = -1
        self._told = _SILENT

    def told(self, slot: int) -> _Told:
        """Return everything the kernel said about the datagram in ``slot``."""
        if slot != self._last:
            start = slot * _ROW_BYTES + _CONTROL
            self._told = _read_controls(self._rows, start, self._lengths[slot])
            self._last = slot
        return self._told

    def group(self, slot: int) -> IPv4Address | IPv6Address | None:
        """Return the destination address."""
        return self.told(slot).to

    def ttl_hops(self, slot: int) -> int | None:
        """Return the TTL as received."""
        return self.told(slot).ttl_hops

    def time(self, slot: int) -> float | None:
        """Return the kernel's time of arrival."""
        return self.told(slot).time


class ListedFacts(tuple[tuple[int, int, bytes], ...]):
    """The control messages of one datagram, as Python lists them."""

    __slots__ = ()

    def group(self, slot: int) -> IPv4Address | IPv6Address | None:  # noqa: ARG002
        """Return the destination address."""
        return _interpret(self).to

    def ttl_hops(self, slot: int) -> int | None:  # noqa: ARG002 - one, so no slots
        """Return the TTL as received."""
        return _interpret(self).ttl_hops

    def time(self, slot: int) -> float | None:  # noqa: ARG002
        """Return the kernel's time of arrival."""
        return _interpret(self).time


class Ring:
    """Buffers for up to 64 datagrams, filled by one system call."""

    def __init__(self, recvmmsg: Callable[..., int] | None = None) -> None:
        self._recvmmsg = recvmmsg or find_recvmmsg()
        self._data = _memory(SLOTS * SLOT_BYTES)
        self._rows = _memory(SLOTS * _ROW_BYTES)
        self._headers = _memory(SLOTS * _HEADER_BYTES)
        self._fresh = self._lay_out()
        self._used = 0
        self._first = ctypes.c_void_p(_address(self._headers))

    def receive(self, sock: socket.socket, limit: int = SLOTS) -> Batch:
        """Return what waits in ``sock``, at most ``limit`` datagrams; empty if none.

        What the kernel has joined (UDP_GRO) knows the size of the segments inside.
        Never blocks.
        """
        wanted = min(SLOTS, limit)
        if self._recvmmsg is None:
            return _receive_one_by_one(sock, wanted)
        # What the last call wrote into its headers; the others are still fresh.
        used = self._used
        self._headers[:used] = self._fresh[:used]
        count = self._recvmmsg(sock.fileno(), self._first, wanted, _MSG_DONTWAIT, None)
        if count <= 0:
            self._used = _HEADER_BYTES
            return _nothing()
        self._used = count * _HEADER_BYTES
        headers, data, rows = (
            self._headers,
            self._data,
            self._rows[: count * _ROW_BYTES],
        )
        datagrams: list[Datagram] = []
        lengths: list[int] = []
        facts: CopiedFacts | None = None
        head, joined = b"", False
        for slot, row, start in zip(range(count), _ROWS, _DATA, strict=False):
            length, flags, size = _RESULT(headers, slot * _HEADER_BYTES)
            lengths.append(length)
            if flags & MSG_TRUNC:
                continue
            origin = _origin(rows[row + _NAME : row + _CONTROL])
            part = data[start : start + size]
            if not length:
                datagrams.append(Datagram(part, origin))
                continue
            if facts is None:
                facts = CopiedFacts(rows, lengths)
            index = segment_bytes = 0
            if length == _USUAL_BYTES_4:
                head, index = _HEAD_AND_INDEX(rows, row + _CONTROL)
            if length != _USUAL_BYTES_4 or head != _INFO_HEAD_4:
                told = facts.told(slot)
                index, segment_bytes = told.interface, told.segment_bytes
                joined = joined or segment_bytes > 0
            datagrams.append(Datagram(part, origin, index, facts, slot, segment_bytes))
        return Batch(datagrams, count, count - len(datagrams), joined)

    def _lay_out(self) -> bytes:
        """Point the headers at their buffers once; return them as a template."""
        data, first = _address(self._data), _address(self._rows)
        for header, row, start in zip(_HEADERS, _ROWS, _DATA, strict=True):
            at = first + row
            _IOVEC.pack_into(self._rows, row, data + start, SLOT_BYTES)
            _MMSGHDR.pack_into(
                self._headers,
                header,
                at + _NAME,
                _NAME_BYTES,
                at,
                1,
                at + _CONTROL,
                CONTROL_BYTES,
                0,
                0,
            )
        return self._headers[:]


_local = threading.local()


def ring_of_this_thread() -> Ring:
    """Return the ring that all sockets of the calling thread share."""
    ring = getattr(_local, "ring", None)
    if not isinstance(ring, Ring):
        ring = _local.ring = Ring()
    return ring


def _nothing() -> Batch:
    code = ctypes.get_errno()
    return Batch([], error=0 if code in {EAGAIN, EINTR} else code)


def _receive_one_by_one(sock: socket.socket, wanted: int) -> Batch:
    """Do what the ring does with a call per datagram."""
    datagrams: list[Datagram] = []
    read = code = 0
    while read < wanted:
        try:
            data, controls, flags, name = sock.recvmsg(SLOT_BYTES, CONTROL_BYTES)
        except (BlockingIOError, InterruptedError):
            break
        except OSError as error:
            code = error.errno or 0
            break
        read += 1
        if not flags & MSG_TRUNC:
            datagrams.append(as_datagram(data, controls, name))
    joined = any(d.segment_bytes for d in datagrams)
    return Batch(datagrams, read, read - len(datagrams), joined, code)


def as_datagram(
    data: bytes,
    controls: list[tuple[int, int, bytes]],
    name: tuple[str, int] | tuple[str, int, int, int],
) -> Datagram:
    """Return what ``recvmsg`` has brought as a datagram."""
    origin = Origin(name[0], name[1]) if len(name) == 2 else _named(name)
    if len(controls) == _USUAL_CONTROLS and controls[1][1] == _PKTINFO:
        index, segment_bytes = _INDEX(controls[1][2])[0], 0
    else:
        told = _interpret(controls)
        index, segment_bytes = told.interface, told.segment_bytes
    return Datagram(data, origin, index, ListedFacts(controls), 0, segment_bytes)


def _named(name: tuple[str, int, int, int]) -> Origin:
    host, port, _, zone = name
    return Origin(str(IPv6Address(host.partition("%")[0])), port, zone)


# A million strangers must not fill memory: the least recently heard are forgotten.
@lru_cache(maxsize=4096)
def _origin(name: bytes) -> Origin:
    port = name[2] << 8 | name[3]
    if name[:2] == _FAMILY_4:
        return Origin(socket.inet_ntoa(name[4:8]), port)
    (zone,) = struct.unpack_from("@I", name, 24)
    return Origin(str(_address6(name[8:24])), port, zone)


def _read_controls(controls: bytes, start: int, size: int) -> _Told:
    usual = _USUAL.get(size)
    if usual is None:
        return _interpret(_walk(controls, start, start + size))
    layout, heads = usual
    a, seconds, nanoseconds, b, to, index, c, hops = layout(controls, start)
    if (a, b, c) != heads:
        return _interpret(_walk(controls, start, start + size))
    if size == _USUAL_BYTES_4:
        to, index = _address4(index), to
    else:
        to = _address6(to)
    return _Told(to, index, hops, seconds + nanoseconds * 1e-9)


def _walk(controls: bytes, at: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Iterate over (level, type, data); the kernel aligns each to eight bytes."""
    while at + _CMSG.size <= end:
        size, level, kind = _CMSG.unpack_from(controls, at)
        if size < _CMSG.size:
            return
        yield level, kind, controls[at + _CMSG.size : at + size]
        at += (size + 7) & ~7


def _interpret(messages: Iterable[tuple[int, int, bytes]]) -> _Told:
    told = _Told()
    for level, kind, data in messages:
        read = _READERS.get((level, kind))
        if read is not None:
            read(told, data)
    return told


def _read_timestamp(told: _Told, data: bytes) -> None:
    seconds, nanoseconds = _TIMESPEC.unpack_from(data)
    told.time = seconds + nanoseconds * 1e-9


def _read_segment(told: _Told, data: bytes) -> None:
    (told.segment_bytes,) = _INT.unpack_from(data)


def _read_ttl(told: _Told, data: bytes) -> None:
    (told.ttl_hops,) = _INT.unpack_from(data)


def _read_packet_info4(told: _Told, data: bytes) -> None:
    told.interface, _, to = _PKTINFO4.unpack_from(data)
    told.to = _address4(to)


def _read_packet_info6(told: _Told, data: bytes) -> None:
    to, told.interface = _PKTINFO6.unpack_from(data)
    told.to = _address6(to)


# The control messages of Linux; elsewhere the port works without these facts.
_READERS: dict[tuple[int, int], Callable[[_Told, bytes], None]] = {
    (_SOL_SOCKET, _TIMESTAMPNS): _read_timestamp,
    (_SOL_UDP, _GRO): _read_segment,
    (_SOL_IP, 2): _read_ttl,
    (_SOL_IPV6, 52): _read_ttl,
    (_SOL_IP, _PKTINFO): _read_packet_info4,
    (_SOL_IPV6, 50): _read_packet_info6,
}

# What the kernel writes for nearly every datagram, read in one go: time, packet info,
# TTL, in this order. Anything else is walked.
_TIME_HEAD = _CMSG.pack(32, _SOL_SOCKET, _TIMESTAMPNS)
_USUAL_BYTES_4 = 32 + 32 + 24
_USUAL: dict[int, tuple[Callable[[bytes, int], tuple[Any, ...]], tuple[bytes, ...]]] = {
    _USUAL_BYTES_4: (
        struct.Struct("@16sqq16sI4x4s4x16si4x").unpack_from,
        (_TIME_HEAD, _INFO_HEAD_4, _CMSG.pack(20, _SOL_IP, 2)),
    ),
    32 + 40 + 24: (
        struct.Struct("@16sqq16s16sI4x16si4x").unpack_from,
        (_TIME_HEAD, _CMSG.pack(36, _SOL_IPV6, 50), _CMSG.pack(20, _SOL_IPV6, 52)),
    ),
}

_address4 = lru_cache(maxsize=256)(IPv4Address)
_address6 = lru_cache(maxsize=256)(IPv6Address)


def _memory(size_bytes: int) -> mmap.mmap:
    """Return pages that cost memory only once a datagram has touched them.

    Private ones: a forked child must not write into its parent's.
    """
    private = getattr(mmap, "MAP_PRIVATE", None)
    if private is None:
        return mmap.mmap(-1, size_bytes)
    return mmap.mmap(-1, size_bytes, flags=private | mmap.MAP_ANONYMOUS)


def _address(buffer: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
