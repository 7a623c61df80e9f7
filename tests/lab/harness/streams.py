"""Streams of numbered packets, sent by plain sockets, many by one call."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

from groupwire.probe.load import LoadHead

__all__ = ["measured", "rtp", "stream"]

_UDP_SEGMENT = 103
_PER_CALL = 50
_LATE_S = 0.002


def rtp(number: int, size: int) -> bytes:
    """Return an RTP packet (RFC 3550) of the payload type that has a known clock."""
    head = struct.pack("!BBHII", 0x80, 33, number & 0xFFFF, number & 0xFFFFFFFF, 42)
    return head.ljust(size, b"\0")


def measured(number: int, size: int) -> bytes:
    """Return a packet of groupwire's own numbered form, whose numbers do not wrap."""
    return LoadHead(1, number, 0).encode().ljust(size, b"\0")


def stream(
    s: socket.socket,
    to: tuple[str, int],
    numbers: range,
    *,
    size: int = 100,
    per_s: float = 50_000,
    packet: Callable[[int, int], bytes] = rtp,
) -> None:
    """Send packets of these numbers at this rate."""
    row = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("@H", size))]
    due = time.monotonic()
    for done in range(0, len(numbers), _PER_CALL):
        while time.monotonic() < due:
            pass  # a sleep would be longer than what is waited for
        # After a pause it does not hurry: a burst would be lost in some other queue.
        due = max(due, time.monotonic() - _LATE_S) + _PER_CALL / per_s
        part = numbers[done : done + _PER_CALL]
        s.sendmsg([b"".join(packet(n, size) for n in part)], row, 0, to)
