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
from dataclasses import dataclass, field
from errno import EAGAIN, EINTR
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Protocol

from groupwire.values import Datagram, KnownFacts, Origin

__all__ = ["SLOTS", "Batch", "CopiedFacts", "Reader", "Ring", "ring_of_this_thread"]

SLOTS = 64
SLOT_BYTES = 65_536
"""More than any UDP payload over IPv4 (65,507) or IPv6 (65,527) without jumbograms."""
_NAME_BYTES, _CONTROL_BYTES, _HEADER_BYTES = 32, 192, 64

_IOVEC = struct.Struct("@NN")
# struct mmsghdr of 64-bit Linux: name, name length, iov, iov length, control,
# control length, flags, and the received length behind the msghdr.
_MMSGHDR = struct.Struct("@NI4xNNNNi4xI4x")
_RESULT = struct.Struct("@40xNi4xI4x")
# The same as a table of 32-bit words, of which whole columns are read at once.
_WORDS, _CONTROL_LENGTH, _FLAGS, _LENGTH = 16, 10, 12, 14
_CMSG = struct.Struct("@Nii")
_TIMESPEC = struct.Struct("@qq")
_INT = struct.Struct("@i")
_PKTINFO4 = struct.Struct("@I4s4s")
_PKTINFO6 = struct.Struct("@16sI")

# Plain ints: an IntFlag costs more per datagram than all the rest together.
_MSG_TRUNC, _MSG_DONTWAIT = int(socket.MSG_TRUNC), int(socket.MSG_DONTWAIT)
_SOL_SOCKET, _SOL_IP, _SOL_IPV6, _SOL_UDP = socket.SOL_SOCKET, 0, 41, 17
_TIMESTAMPNS, _GRO = 35, 104


@dataclass(slots=True)
class _Told:
    """What the control messages of one datagram said."""

    to: IPv4Address | IPv6Address | None = None
    interface: int = 0
    ttl_hops: int | None = None
    time: float | None = None
    segment_bytes: int = 0


@dataclass(slots=True)
class Batch:
    """The datagrams of one system call, and how many were cut off."""

    datagrams: list[Datagram] = field(default_factory=list[Datagram])
    truncated: int = 0
    read: int = 0
    """How many the system call brought; fewer than asked: nothing is left waiting."""
    error: int = 0
    """The socket's pending error (errno), which reading has cleared; else 0."""


class Reader(Protocol):
    """One socket that can be read."""

    def fileno(self) -> int:
        """Return the socket's descriptor, -1 once it is closed."""
        ...

    def read(self, limit: int) -> list[Datagram]:
        """Return what waits, at most ``limit``."""
        ...


class CopiedFacts:
    """The names and control messages of a batch, decoded when asked."""

    __slots__ = ("_controls", "_last", "_lengths", "_names", "_told")

    def __init__(self, names: bytes, controls: bytes, lengths: list[int]) -> None:
        self._names = names
        self._controls = controls
        self._lengths = lengths
        self._last = -1
        self._told = _Told()

    def told(self, slot: int) -> _Told:
        """Return everything the kernel said about the datagram in ``slot``."""
        if slot != self._last:
            start = slot * _CONTROL_BYTES
            self._told = _read_controls(self._controls, start, self._lengths[slot])
            self._last = slot
        return self._told

    def origin(self, slot: int) -> Origin:
        """Return the sender."""
        start = slot * _NAME_BYTES
        return _origin(self._names[start : start + _NAME_BYTES])

    def group(self, slot: int) -> IPv4Address | IPv6Address | None:
        """Return the destination address."""
        return self.told(slot).to

    def interface(self, slot: int) -> int:
        """Return the index of the interface it came in by."""
        return self.told(slot).interface

    def ttl_hops(self, slot: int) -> int | None:
        """Return the TTL as received."""
        return self.told(slot).ttl_hops

    def time(self, slot: int) -> float | None:
        """Return the kernel's time of arrival."""
        return self.told(slot).time


class Ring:
    """Buffers for up to 64 datagrams, filled by one system call."""

    def __init__(self, recvmmsg: Callable[..., int] | None = None) -> None:
        self._recvmmsg = recvmmsg or _find_recvmmsg()
        # Anonymous maps: a page costs memory only once a datagram has touched it.
        self._data = mmap.mmap(-1, SLOTS * SLOT_BYTES)
        self._names = mmap.mmap(-1, SLOTS * _NAME_BYTES)
        self._controls = mmap.mmap(-1, SLOTS * _CONTROL_BYTES)
        self._headers = mmap.mmap(-1, SLOTS * _HEADER_BYTES)
        self._vectors = mmap.mmap(-1, SLOTS * _IOVEC.size)
        self._columns = memoryview(self._headers).cast("I")
        self._fresh = self._lay_out()
        self._used = 0
        self._header_address = _address(self._headers)

    def receive(
        self, sock: socket.socket, limit: int = SLOTS, *, coalesced: bool = False
    ) -> Batch:
        """Return what waits in ``sock``, at most ``limit`` datagrams; empty if none.

        ``coalesced`` says that the socket has UDP_GRO on: each datagram then knows the
        size of the segments inside. Never blocks.
        """
        wanted = min(limit, SLOTS)
        if self._recvmmsg is None:
            return _receive_one_by_one(sock, wanted)
        # What the last call wrote into its headers; the others are still fresh.
        self._headers[: self._used] = self._fresh[: self._used]
        count = self._recvmmsg(
            sock.fileno(), self._header_address, wanted, _MSG_DONTWAIT, None
        )
        self._used = max(count, 1) * _HEADER_BYTES
        if count == 1:
            # What most wake-ups find, so it takes the straight way.
            control_bytes, flags, size = _RESULT.unpack_from(self._headers)
            if flags & _MSG_TRUNC:
                return Batch([], 1, 1)
            names = self._names[:_NAME_BYTES]
            facts = CopiedFacts(names, self._controls[:control_bytes], [control_bytes])
            joined = 0
            if coalesced and control_bytes not in _USUAL:
                joined = facts.told(0).segment_bytes
            return Batch([Datagram(self._data[:size], facts, 0, joined)], 0, 1)
        return self._take(count, coalesced) if count > 0 else _nothing()

    def _take(self, count: int, coalesced: bool) -> Batch:
        """Copy ``count`` datagrams out of the ring."""
        lengths = self._columns[_CONTROL_LENGTH : count * _WORDS : _WORDS].tolist()
        facts = CopiedFacts(
            self._names[: count * _NAME_BYTES],
            self._controls[: count * _CONTROL_BYTES],
            lengths,
        )
        sizes = self._columns[_LENGTH : count * _WORDS : _WORDS].tolist()
        data, starts = self._data, range(0, count * SLOT_BYTES, SLOT_BYTES)
        batch = Batch(
            [
                Datagram(data[start : start + size], facts, slot)
                for slot, (start, size) in enumerate(zip(starts, sizes, strict=True))
            ],
            read=count,
        )
        if coalesced:
            for slot, datagram in enumerate(batch.datagrams):
                if lengths[slot] not in _USUAL:
                    datagram.segment_bytes = facts.told(slot).segment_bytes
        if any(self._columns[_FLAGS : count * _WORDS : _WORDS]):
            self._drop_truncated(batch, count)
        return batch

    def _drop_truncated(self, batch: Batch, count: int) -> None:
        flags = self._columns[_FLAGS : count * _WORDS : _WORDS].tolist()
        kept = [
            datagram
            for datagram, flag in zip(batch.datagrams, flags, strict=True)
            if not flag & _MSG_TRUNC
        ]
        batch.truncated = count - len(kept)
        batch.datagrams = kept

    def _lay_out(self) -> bytes:
        """Point the headers at their buffers once; return them as a template."""
        data, names = _address(self._data), _address(self._names)
        controls, vectors = _address(self._controls), _address(self._vectors)
        for slot in range(SLOTS):
            _IOVEC.pack_into(
                self._vectors,
                slot * _IOVEC.size,
                data + slot * SLOT_BYTES,
                SLOT_BYTES,
            )
            _MMSGHDR.pack_into(
                self._headers,
                slot * _HEADER_BYTES,
                names + slot * _NAME_BYTES,
                _NAME_BYTES,
                vectors + slot * _IOVEC.size,
                1,
                controls + slot * _CONTROL_BYTES,
                _CONTROL_BYTES,
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


def _find_recvmmsg() -> Callable[..., int] | None:
    """Return libc's recvmmsg, or None where structures or systems differ."""
    if struct.calcsize("@N") != 8 or not hasattr(socket, "AF_NETLINK"):
        return None
    try:
        function = ctypes.CDLL(None, use_errno=True).recvmmsg
    except (OSError, AttributeError):
        return None
    function.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_void_p,
    ]
    function.restype = ctypes.c_int
    return function


def _nothing() -> Batch:
    code = ctypes.get_errno()
    return Batch(error=0 if code in {EAGAIN, EINTR} else code)


def _receive_one_by_one(sock: socket.socket, wanted: int) -> Batch:
    """Do what the ring does with a call per datagram."""
    batch = Batch()
    for _ in range(wanted):
        try:
            data, controls, flags, name = sock.recvmsg(SLOT_BYTES, _CONTROL_BYTES)
        except (BlockingIOError, InterruptedError):
            break
        except OSError as error:
            batch.error = error.errno or 0
            break
        batch.read += 1
        told = _interpret(controls)
        if flags & _MSG_TRUNC:
            batch.truncated += 1
            continue
        facts = KnownFacts(
            _named(name), told.to, told.interface, told.ttl_hops, told.time
        )
        batch.datagrams.append(Datagram(data, facts, 0, told.segment_bytes))
    return batch


def _named(name: tuple[str, int] | tuple[str, int, int, int]) -> Origin:
    host, port, *rest = name
    return Origin(ip_address(host.partition("%")[0]), port, int(rest[1]) if rest else 0)


# A million strangers must not fill memory: the least recently heard are forgotten.
@lru_cache(maxsize=4096)
def _origin(name: bytes) -> Origin:
    (family,) = struct.unpack_from("@H", name)
    (port,) = struct.unpack_from("!H", name, 2)
    if family == socket.AF_INET:
        return Origin(IPv4Address(name[4:8]), port)
    (zone,) = struct.unpack_from("@I", name, 24)
    return Origin(IPv6Address(name[8:24]), port, zone)


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
    (_SOL_IP, 8): _read_packet_info4,
    (_SOL_IPV6, 50): _read_packet_info6,
}

# What the kernel writes for nearly every datagram, read in one go: time, packet info,
# TTL, in this order. Anything else is walked.
_TIME_HEAD = _CMSG.pack(32, _SOL_SOCKET, _TIMESTAMPNS)
_USUAL_BYTES_4 = 32 + 32 + 24
_USUAL: dict[int, tuple[Callable[[bytes, int], tuple[Any, ...]], tuple[bytes, ...]]] = {
    _USUAL_BYTES_4: (
        struct.Struct("@16sqq16sI4x4s4x16si4x").unpack_from,
        (_TIME_HEAD, _CMSG.pack(28, _SOL_IP, 8), _CMSG.pack(20, _SOL_IP, 2)),
    ),
    32 + 40 + 24: (
        struct.Struct("@16sqq16s16sI4x16si4x").unpack_from,
        (_TIME_HEAD, _CMSG.pack(36, _SOL_IPV6, 50), _CMSG.pack(20, _SOL_IPV6, 52)),
    ),
}

_address4 = lru_cache(maxsize=256)(IPv4Address)
_address6 = lru_cache(maxsize=256)(IPv6Address)


def _address(buffer: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
