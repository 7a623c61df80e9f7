"""Packets of every form that is understood, and rows of them."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable

from groupwire.probe.flow.forms import Row
from groupwire.probe.load import LoadHead
from groupwire.values import Datagram, KnownFacts, Origin

__all__ = [
    "SENDER",
    "datagram",
    "measured",
    "noise",
    "norm",
    "row",
    "rtp",
    "ssmping",
    "transport",
]

SENDER = Origin("10.0.0.7", 40_000)


def rtp(
    number: int, *, ssrc: int = 7, kind: int = 33, stamp: int = 0, size: int = 100
) -> bytes:
    head = struct.pack("!BBHII", 0x80, kind, number & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
    return head.ljust(size, b"m")


def norm(number: int, *, kind: int = 2, source: int = 5, instance: int = 9) -> bytes:
    head = struct.pack("!BBHIH", 0x10 | kind, 5, number & 0xFFFF, source, instance)
    return head.ljust(64, b"n")


def measured(number: int, *, run: int = 3, sent_ns: int = 0, size: int = 64) -> bytes:
    return LoadHead(run, number, sent_ns).encode().ljust(size, b"\0")


def ssmping(number: int, *, kind: bytes = b"A", client: bytes = b"abcd") -> bytes:
    asked, group = struct.pack("!II", 1795657874, 468611), b"\x00\x01\xef\xff\x07\xea"
    options = [(1, client), (2, struct.pack("!I", number)), (3, asked), (4, group)]
    parts = [struct.pack("!HH", code, len(value)) + value for code, value in options]
    return kind + b"".join(parts)


def transport(first: int, *, packets: int = 7, pid: int = 0x100) -> bytes:
    """Return a datagram of a transport stream; its packets count on from ``first``."""
    heads = [
        bytes([0x47, pid >> 8, pid & 0xFF, 0x10 | (first + n) & 0xF])
        for n in range(packets)
    ]
    body = struct.pack("!I", first)
    return b"".join((head + body).ljust(188, b"t") for head in heads)


def noise(dice: random.Random, size: int, first: int | None = None) -> bytes:
    data = dice.randbytes(size)
    return data if first is None else bytes([first]) + data[1:]


def row(packets: Iterable[bytes], at: float = 0.0) -> Row:
    """Return packets as the kernel would have joined them."""
    listed = list(packets)
    return Row(b"".join(listed), len(listed[0]), len(listed), at)


def datagram(
    data: bytes,
    *,
    origin: Origin = SENDER,
    at: float | None = None,
    hops: int | None = 4,
    segment_bytes: int = 0,
    interface: int = 1,
) -> Datagram:
    facts = KnownFacts(hops=hops, at=at)
    return Datagram(data, origin, interface, facts, segment_bytes=segment_bytes)
