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
from collections.abc import Callable, Sequence
from errno import EAGAIN, EINTR
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from groupwire.net.batch.controls import (
    INFO_AT,
    INFO_BYTES,
    INFO_HEAD_4,
    JOINED_BYTES_4,
    USUAL_BYTES_4,
    USUAL_BYTES_6,
    ListedFacts,
    Told,
    interface_of,
    quick_look,
    read_controls,
    read_joined,
)
from groupwire.net.batch.libc import find_recvmmsg
from groupwire.net.batch.rows import LEAST_BYTES, runs
from groupwire.values import Datagram, Origin

__all__ = [
    "CONTROL_BYTES",
    "MOST_AT_ONCE",
    "MSG_TRUNC",
    "SLOTS",
    "SLOT_BYTES",
    "Batch",
    "CopiedFacts",
    "Reader",
    "Ring",
    "as_datagram",
    "ring_of_this_thread",
]

_T = TypeVar("_T")

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
_RESULT = "40xNi4xI4x"
_result = struct.Struct("@" + _RESULT).unpack_from
_head_and_index = struct.Struct(f"@{INFO_AT}x16sI").unpack_from
_NAMES = {USUAL_BYTES_4: 8, USUAL_BYTES_6: 28}
"""The bytes of a name that tell senders apart, by the length of the usual controls."""
# Of each row the name and the packet info; what lies between and behind them may be
# older.
_MARKS = {
    length: f"{_NAME}x{_NAMES[length]}s{_NAME_BYTES - _NAMES[length] + INFO_AT}x"
    f"{info}s{CONTROL_BYTES - INFO_AT - info}x"
    for length, info in INFO_BYTES.items()
}
_FEW = 6
"""So many are read quicker one by one than column by column."""
# Plain ints: an IntFlag costs more per datagram than all the rest together.
MSG_TRUNC, _MSG_DONTWAIT = int(socket.MSG_TRUNC), int(socket.MSG_DONTWAIT)
_FAMILY_4 = struct.pack("@H", socket.AF_INET)


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


_SILENT = Told()


class CopiedFacts:
    """The control messages of a batch, decoded when asked."""

    __slots__ = ("_last", "_lengths", "_rows", "_told")

    def __init__(self, rows: bytes, lengths: Sequence[int]) -> None:
        self._rows = rows
        self._lengths = lengths
        self._last = -1
        self._told = _SILENT

    def told(self, slot: int) -> Told:
        """Return everything the kernel said about the datagram in ``slot``."""
        if slot != self._last:
            start = slot * _ROW_BYTES + _CONTROL
            self._told = read_controls(self._rows, start, self._lengths[slot])
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


class _Columns(NamedTuple):
    """What the kernel wrote of a batch, if it wrote the usual of each."""

    facts: CopiedFacts
    sizes: tuple[int, ...]
    names: tuple[bytes, ...]
    infos: tuple[bytes, ...]
    indexes: list[int]


class Ring:
    """Buffers for up to 64 datagrams, filled by one system call."""

    def __init__(self, recvmmsg: Callable[..., int] | None = None) -> None:
        self._recvmmsg = recvmmsg or find_recvmmsg()
        self._data = _memory(SLOTS * SLOT_BYTES)
        self._view = memoryview(self._data)
        self._rows = _memory(SLOTS * _ROW_BYTES)
        self._headers = _memory(SLOTS * _HEADER_BYTES)
        self._fresh = self._lay_out()
        self._used = 0
        self._first = ctypes.c_void_p(_address(self._headers))

    def receive(
        self, sock: socket.socket, limit: int = SLOTS, rows: bool = False
    ) -> Batch:
        """Return what waits in ``sock``, at most ``limit`` datagrams; empty if none.

        What the kernel has joined (UDP_GRO) knows the size of the segments inside.
        Where ``rows`` are wanted, so do equal datagrams of one sender to one group
        which are joined here where that is cheap. Never blocks.
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
        if count > (1 if rows else _FEW):
            columns = self._columns(count)
            if columns is not None:
                take = self._in_rows if rows else self._apart
                return Batch(take(columns), count)
        return self._slot_by_slot(count)

    def _columns(self, count: int) -> _Columns | None:
        """Read all at once; None where each has to be looked at by itself."""
        results = _reader(_RESULT, count)(self._headers)
        lengths, flags = results[::3], results[1::3]
        layout = _MARKS.get(lengths[0])
        if layout is None or lengths.count(lengths[0]) < count:
            return None
        if flags.count(0) < count:
            return None
        rows = self._rows[: count * _ROW_BYTES]
        marks = _reader(layout, count)(rows)
        names, infos = marks[::2], marks[1::2]
        indexes = _each(interface_of, infos)
        if None in indexes:
            return None
        facts = CopiedFacts(rows, lengths)
        return _Columns(facts, results[2::3], names, infos, cast(list[int], indexes))

    def _in_rows(self, columns: _Columns) -> list[Datagram]:
        """Return equal datagrams of a sender behind each other as one."""
        facts, sizes, names, infos, indexes = columns
        if max(sizes) < LEAST_BYTES:
            return self._apart(columns)
        rows: list[Datagram] = []
        for first, after in runs(sizes, names, infos):
            origin, size = _origin(names[first]), sizes[first]
            data = b"".join(self._pieces(first, after, size))
            step = size if after > first + 1 else 0
            rows.append(Datagram(data, origin, indexes[first], facts, first, step))
        return rows

    def _pieces(self, first: int, after: int, size: int) -> Sequence[memoryview]:
        view, places = self._view, _places(size)
        if after == first + 1:
            return (view[places[first]],)
        return _picker(places[first:after])(view)

    def _apart(self, columns: _Columns) -> list[Datagram]:
        """Return each datagram by itself."""
        facts, sizes, names, _, indexes = columns
        data, origins = self._data, _each(_origin, names)
        each = zip(range(SLOTS), _DATA, sizes, origins, indexes, strict=False)
        return [
            Datagram(data[start : start + size], origin, index, facts, slot)
            for slot, start, size, origin, index in each
        ]

    def _slot_by_slot(self, count: int) -> Batch:
        """Do the same where anything may stand."""
        headers, data = self._headers, self._data
        rows = self._rows[: count * _ROW_BYTES]
        datagrams: list[Datagram] = []
        lengths: list[int] = []
        facts = CopiedFacts(rows, lengths)
        joined = False
        for slot, row, start in zip(range(count), _ROWS, _DATA, strict=False):
            length, flags, size = _result(headers, slot * _HEADER_BYTES)
            lengths.append(length)
            if flags & MSG_TRUNC:
                continue
            origin = _origin(rows[row + _NAME : row + _CONTROL])
            part = data[start : start + size]
            if not length:
                datagrams.append(Datagram(part, origin))
                continue
            index, segment_bytes = _way(rows, row + _CONTROL, length, facts, slot)
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


def _way(
    rows: bytes, at: int, length: int, facts: CopiedFacts, slot: int
) -> tuple[int, int]:
    """Return interface and size of the segments: quickly where it is the usual."""
    if length == USUAL_BYTES_4:
        head, index = _head_and_index(rows, at)
        if head == INFO_HEAD_4:
            return index, 0
    elif length == JOINED_BYTES_4:
        found = read_joined(rows, at)
        if found is not None:
            return found
    told = facts.told(slot)
    return told.interface, told.segment_bytes


_local = threading.local()


def ring_of_this_thread() -> Ring:
    """Return the ring that all sockets of the calling thread share."""
    ring = getattr(_local, "ring", None)
    if not isinstance(ring, Ring):
        ring = _local.ring = Ring()
    return ring


@lru_cache(maxsize=256)
def _reader(layout: str, count: int) -> Callable[..., tuple[Any, ...]]:
    """Return what reads so many of a layout that lie behind each other."""
    return struct.Struct("@" + layout * count).unpack_from


@lru_cache(maxsize=32)
def _places(size_bytes: int) -> tuple[slice, ...]:
    """Return where datagrams of this size lie in the ring."""
    return tuple(slice(start, start + size_bytes) for start in _DATA)


def _picker(
    places: Sequence[slice],
) -> Callable[[memoryview], Sequence[memoryview]]:
    return itemgetter(*places)


def _each(function: Callable[[bytes], _T], column: tuple[bytes, ...]) -> list[_T]:
    """Apply a function to all, which are the same nearly always."""
    first, count = column[0], len(column)
    if column.count(first) == count:
        return [function(first)] * count
    return list(map(function, column))


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
    origin = _named(name)
    index, segment_bytes = quick_look(controls)
    return Datagram(data, origin, index, ListedFacts(controls), 0, segment_bytes)


# A million strangers must not fill memory: the least recently heard are forgotten.
@lru_cache(maxsize=4096)
def _named(name: tuple[str, int] | tuple[str, int, int, int]) -> Origin:
    if len(name) == 2:
        return Origin(*name)
    host, port, _, zone = name
    return Origin(str(IPv6Address(host.partition("%")[0])), port, zone)


@lru_cache(maxsize=4096)
def _origin(name: bytes) -> Origin:
    port = name[2] << 8 | name[3]
    if name[:2] == _FAMILY_4:
        return Origin(socket.inet_ntoa(name[4:8]), port)
    (zone,) = struct.unpack_from("@I", name, 24)
    return Origin(str(IPv6Address(name[8:24])), port, zone)


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
