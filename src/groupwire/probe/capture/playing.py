"""When each packet of a capture is to leave again, in the capture's own rhythm."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from math import inf
from typing import NamedTuple

from groupwire.probe.capture.packet import Packet

__all__ = ["Playing", "Shot", "Target"]

_MOST_IN_A_ROW, _MOST_BYTES = 64, 60_000
"""What the kernel takes in one call, headers left room for (UDP_SEGMENT)."""


class Target(NamedTuple):
    """Where a packet went, and goes again."""

    ip: IPv4Address | IPv6Address
    port: int


class Shot(NamedTuple):
    """What leaves by one call: a datagram, or a row of them of one size.

    ``due_s`` is when the first was to leave, in seconds from the beginning.
    """

    target: Target
    data: bytes
    segment_bytes: int
    packets: int
    due_s: float


class Playing:
    """Packets in, shots out as they are due; times are seconds from the beginning.

    ``speed`` 2 plays twice as fast, ``max_gap_s`` shortens longer pauses. A packet that
    was captured before the one in front of it leaves right behind that one.
    """

    def __init__(self, *, speed: float = 1.0, max_gap_s: float | None = None) -> None:
        self._speed = speed
        self._max_gap_s = inf if max_gap_s is None else max_gap_s
        self._captured: float | None = None
        self._due = 0.0
        self._waiting: deque[tuple[float, Packet]] = deque()

    def feed(self, packets: Iterable[Packet]) -> None:
        """Take the packets that come next in the file."""
        for packet in packets:
            before = packet.time if self._captured is None else self._captured
            gap = max(packet.time - before, 0.0) / self._speed
            self._captured = max(packet.time, before)
            self._due += min(gap, self._max_gap_s)
            self._waiting.append((self._due, packet))

    def __len__(self) -> int:
        """Return how many packets wait."""
        return len(self._waiting)

    @property
    def due_s(self) -> float | None:
        """When the next one is to leave; None: none waits."""
        return self._waiting[0][0] if self._waiting else None

    def take(self, elapsed_s: float) -> list[Shot]:
        """Return what is due by now, neighbours of one size and target as rows."""
        shots: list[Shot] = []
        while self._waiting and self._waiting[0][0] <= elapsed_s:
            shots.append(self._shot(elapsed_s))
        return shots

    def _shot(self, elapsed_s: float) -> Shot:
        due, first = self._waiting.popleft()
        target, size = Target(first.group, first.port), len(first.data)
        row, total = [first.data], size
        while self._waiting and size and len(row) < _MOST_IN_A_ROW:
            at, packet = self._waiting[0]
            room = min(size, _MOST_BYTES - total)
            if at > elapsed_s or not 0 < len(packet.data) <= room:
                break
            if (packet.group, packet.port) != target:
                break
            self._waiting.popleft()
            row.append(packet.data)
            total += len(packet.data)
            if len(packet.data) < size:  # only the last of a row may be shorter
                break
        segment = size if len(row) > 1 else 0
        return Shot(target, b"".join(row), segment, len(row), due)
