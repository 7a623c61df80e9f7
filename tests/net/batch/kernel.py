"""A kernel in memory: it writes what it is told into the headers of ``recvmmsg``."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address
from random import Random

__all__ = ["Arrival", "MemoryKernel", "mixture"]

_HEADER_BYTES = 64
_PLACES = (
    (("192.0.2.1", "192.0.2.2"), ("239.1.2.3", "239.1.2.4")),
    (("fe80::1", "fe80::2"), ("ff15::3", "ff15::4")),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A datagram, and what the kernel says about it."""

    data: bytes = b"x" * 1000
    host: str = "192.0.2.1"
    port: int = 5000
    group: str = "239.1.2.3"
    interface: int = 2
    ttl_hops: int = 7
    time: tuple[int, int] = (1_700_000_000, 5)
    segment_bytes: int = 0
    truncated: bool = False
    silent: bool = False
    """Whether the kernel says nothing about it."""
    turned: bool = False
    """Whether it says everything in another order."""

    @property
    def name(self) -> bytes:
        address = ip_address(self.host)
        port = struct.pack("!H", self.port)
        if isinstance(address, IPv4Address):
            family = struct.pack("@H", socket.AF_INET)
            return family + port + address.packed + bytes(8)
        family, zone = struct.pack("@H", socket.AF_INET6), self.interface
        return family + port + bytes(4) + address.packed + struct.pack("@I", zone)

    @property
    def controls(self) -> list[bytes]:
        """Each message without what pads it."""
        if self.silent:
            return []
        to, index = ip_address(self.group), self.interface
        said = [_message(1, 35, struct.pack("@qq", *self.time))]
        if self.segment_bytes:
            said.append(_message(17, 104, struct.pack("@i", self.segment_bytes)))
        hops = struct.pack("@i", self.ttl_hops)
        if isinstance(to, IPv4Address):
            info = struct.pack("@I4s4s", index, bytes((10, 0, 0, 1)), to.packed)
            said += [_message(0, 8, info), _message(0, 2, hops)]
        else:
            info = struct.pack("@16sI", to.packed, index)
            said += [_message(41, 50, info), _message(41, 52, hops)]
        return said[::-1] if self.turned else said


def _message(level: int, kind: int, data: bytes) -> bytes:
    return struct.pack("@Nii", 16 + len(data), level, kind) + data


class MemoryKernel:
    """What ``recvmmsg`` is to a ring; all that arrived waits in one queue."""

    def __init__(self, waiting: Sequence[Arrival] = ()) -> None:
        self.waiting = list(waiting)

    def __call__(
        self, _: int, first: ctypes.c_void_p, wanted: int, *_rest: object
    ) -> int:
        assert first.value is not None
        taken, self.waiting = self.waiting[:wanted], self.waiting[wanted:]
        for number, arrival in enumerate(taken):
            _write(first.value + number * _HEADER_BYTES, arrival)
        return len(taken) or -1


def _write(header: int, arrival: Arrival) -> None:
    raw = ctypes.string_at(header, _HEADER_BYTES)
    name, vectors, controls, room = struct.unpack("@N8xN8xNN16x", raw)
    (data,) = struct.unpack("@N", ctypes.string_at(vectors, 8))
    ctypes.memmove(data, arrival.data, len(arrival.data))
    ctypes.memmove(name, arrival.name, len(arrival.name))
    length = 0
    # As put_cmsg does it: what pads a message is left as it was.
    for message in arrival.controls:
        ctypes.memmove(controls + length, message, len(message))
        length += (len(message) + 7) & ~7
    assert length <= room
    flags = socket.MSG_TRUNC if arrival.truncated else 0
    ctypes.memmove(header + 8, struct.pack("@I", len(arrival.name)), 4)
    ctypes.memmove(header + 40, struct.pack("@Ni", length, flags), 12)
    ctypes.memmove(header + 56, struct.pack("@I", len(arrival.data)), 4)


def mixture(rng: Random, groups: int) -> list[Arrival]:
    """Return at most 64 of one IP version, many of them like the one before."""
    hosts, nets = rng.choice(_PLACES)
    odd = rng.choice((0.0, 0.0, 0.05))
    mixed: list[Arrival] = []
    while len(mixed) < rng.randrange(1, 64):
        like = Arrival(
            host=rng.choice(hosts),
            port=rng.choice((5000, 5000, 5001)),
            group=rng.choice(nets[:groups]),
            interface=rng.choice((2, 2, 3)),
            segment_bytes=700 if rng.random() < odd else 0,
            truncated=rng.random() < odd,
            silent=rng.random() < odd,
            turned=rng.random() < odd,
        )
        size = rng.choice((0, 1, 511, 512, 1432, 1432, 1432, 3000))
        mixed += [_next(rng, like, size) for _ in range(rng.choice((1, 2, 5, 64)))]
    return mixed[:64]


def _next(rng: Random, like: Arrival, size: int) -> Arrival:
    time = (rng.randrange(2_000_000_000), rng.randrange(1_000_000_000))
    hops = rng.randrange(256)
    return replace(like, data=rng.randbytes(size), ttl_hops=hops, time=time)
