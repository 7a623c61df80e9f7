"""Datagrams as the octets of a pcapng file; it opens none.

The headers are made anew from what the kernel tells of each datagram, so that no right
to look at the wire is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Self

from groupwire.probe.capture.blocks import (
    enhanced_head,
    interface_block,
    section_block,
)
from groupwire.probe.capture.packet import headers, with_checksum
from groupwire.values import Datagram, Group, Origin

__all__ = ["CaptureWriter"]

_headers = lru_cache(maxsize=1024)(headers)


class CaptureWriter:
    """Turns what is received into blocks; begin the file with :meth:`begin`.

    ``name_of`` gives an interface's name by its index.
    """

    def __init__(self, name_of: Callable[[int], str]) -> None:
        self._name_of = name_of
        self._numbers: dict[int, int] = {}
        self.packets = 0

    def begin(self) -> bytes:
        """Return what stands first in a file."""
        return section_block("groupwire")

    def add(self, group: Group, datagram: Datagram, *, time: float) -> bytes:
        """Return the blocks of a datagram, or of every one in a row.

        ``time`` serves where the kernel has told none; a row has one time.
        """
        number, introduced = self._interface(datagram.interface)
        frame = _Frame.of(group, datagram, number, time)
        out: list[bytes | memoryview] = [introduced]
        for payload in datagram.segments():
            out += frame.around(payload)
            self.packets += 1
        return b"".join(out)

    def _interface(self, index: int) -> tuple[int, bytes]:
        """Return its number in the file, and the block that introduces a new one."""
        number = self._numbers.get(index)
        if number is not None:
            return number, b""
        number = self._numbers[index] = len(self._numbers)
        return number, interface_block(self._name_of(index))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all the payloads of a row have in common."""

    origin: Origin
    to: tuple[IPv4Address | IPv6Address, int]
    ttl_hops: int
    interface: int
    time_ns: int

    @classmethod
    def of(cls, group: Group, datagram: Datagram, interface: int, time: float) -> Self:
        ttl, at = datagram.ttl_hops, datagram.time
        return cls(
            datagram.origin,
            (datagram.group or group.ip, group.port),
            0 if ttl is None else ttl,
            interface,
            round((time if at is None else at) * 1e9),
        )

    def around(self, payload: memoryview) -> tuple[bytes, bytes, memoryview, bytes]:
        """Return a payload with all that stands before and behind it."""
        size = len(payload)
        below = _headers(self.origin, self.to, self.ttl_hops, size)
        if self.to[0].version == 6:
            below = with_checksum(below, bytes(payload))
        head, tail = enhanced_head(self.interface, self.time_ns, len(below) + size)
        return head, below, payload, tail
