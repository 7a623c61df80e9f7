"""UDP datagrams out of a capture file, pcapng or pcap; it opens none.

Whatever else a capture holds is counted by reason and left out.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from groupwire.errors import DecodeError
from groupwire.probe.capture.blocks import (
    ENHANCED_PACKET,
    INTERFACE,
    SECTION,
    SIMPLE_PACKET,
)
from groupwire.probe.capture.frames import ip_of
from groupwire.probe.capture.packet import Packet, ip_packet

__all__ = ["CaptureReader"]

_MAX_BLOCK_BYTES = 16 << 20
"""A longer block is no block."""
_MAX_INTERFACES = 65_536
_BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_TIME_RESOLUTION, _INTERFACE_BYTES = 9, 8
_ENHANCED = {"<": struct.Struct("<5I"), ">": struct.Struct(">5I")}
_ENHANCED_BYTES = 20


@dataclass(frozen=True, slots=True)
class _Interface:
    link: int
    tick_s: float


class _Frame(NamedTuple):
    data: bytes
    link: int
    time: float
    size_bytes: int
    """As it was on the wire."""


class CaptureReader:
    """Reads a capture from ``take(size)``, as a file's ``read`` gives it.

    ``dropped`` counts what was left out, by reason. DecodeError where the file is no
    capture; one that ends in the middle of a packet ends there, and is counted.
    """

    def __init__(self, take: Callable[[int], bytes]) -> None:
        self._take = take
        self.dropped: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Packet]:
        """Iterate over its UDP datagrams, in the order of the file."""
        for frame in self._frames():
            try:
                yield _packet(frame)
            except DecodeError as error:
                self.dropped[error.reason] += 1

    def _frames(self) -> Iterator[_Frame]:
        magic = self._exactly(4) or b""
        if magic == SECTION.to_bytes(4):
            return self._blocks()
        if magic in _PCAP:
            return self._records(*_PCAP[magic])
        raise DecodeError("capture-no-capture")

    def _records(self, order: str, tick_s: float) -> Iterator[_Frame]:
        """Read classic pcap: a head, then records of 16 octets and their packet."""
        head = self._exactly(20)
        link = 0 if head is None else _number(order, head[16:]) & 0xFFFF
        record = struct.Struct(f"{order}IIII")
        while (raw := self._exactly(record.size)) is not None:
            seconds, fraction, size, original = record.unpack(raw)
            if size > _MAX_BLOCK_BYTES:
                self.dropped["capture-damaged"] += 1
                return
            data = self._exactly(size)
            if data is None:
                return
            yield _Frame(data, link, seconds + fraction * tick_s, original)

    def _blocks(self) -> Iterator[_Frame]:
        """Read pcapng; a section may have another byte order than the one before."""
        interfaces: list[_Interface] = []
        order = self._section(first=True)
        while order and (raw := self._exactly(4)) is not None:
            kind = _number(order, raw)
            if kind == SECTION:
                order, interfaces = self._section(), []
                continue
            body = self._body(order)
            if body is None:
                return
            if kind == INTERFACE:
                self._introduce(body, order, interfaces)
            elif kind == ENHANCED_PACKET:
                yield from self._enhanced(body, order, interfaces)
            elif kind == SIMPLE_PACKET:
                # It has no time; what cannot be timed cannot be played.
                self.dropped["capture-timeless"] += 1

    def _section(self, *, first: bool = False) -> str:
        """Read a section's head behind its type; return its byte order, or nothing."""
        head = self._exactly(8)
        if head is None:
            return ""
        order = _BYTE_ORDERS.get(head[4:])
        if order is None:
            if first:
                raise DecodeError("capture-no-capture")
            self.dropped["capture-damaged"] += 1
            return ""
        return order if self._rest(order, _number(order, head[:4]), read=12) else ""

    def _body(self, order: str) -> bytes | None:
        raw = self._exactly(4)
        rest = None if raw is None else self._rest(order, _number(order, raw), read=8)
        return None if rest is None else rest[:-4]

    def _rest(self, order: str, total: int, *, read: int) -> bytes | None:
        """Return what is left of a block of which so much has been read."""
        if not read + 4 <= total <= _MAX_BLOCK_BYTES or total % 4:
            self.dropped["capture-damaged"] += 1
            return None
        rest = self._exactly(total - read)
        # The length stands at both ends; where it does not, something is lost between.
        if rest is not None and _number(order, rest[-4:]) != total:
            self.dropped["capture-damaged"] += 1
            return None
        return rest

    def _introduce(self, body: bytes, order: str, interfaces: list[_Interface]) -> None:
        if len(interfaces) == _MAX_INTERFACES or len(body) < _INTERFACE_BYTES:
            self.dropped["capture-damaged"] += 1
        else:
            interfaces.append(_interface(body, order))

    def _enhanced(
        self, body: bytes, order: str, interfaces: list[_Interface]
    ) -> Iterator[_Frame]:
        if len(body) < _ENHANCED_BYTES:
            self.dropped["capture-damaged"] += 1
            return
        words: tuple[int, ...] = _ENHANCED[order].unpack_from(body)
        number, high, low, size, original = words
        if number >= len(interfaces) or len(body) < 20 + size:
            self.dropped["capture-damaged"] += 1
            return
        known = interfaces[number]
        at = (high << 32 | low) * known.tick_s
        yield _Frame(body[20 : 20 + size], known.link, at, original)

    def _exactly(self, size: int) -> bytes | None:
        """Return so many octets; None at the end, which may come too early."""
        data = self._take(size)
        while len(data) < size and (more := self._take(size - len(data))):
            data += more
        if len(data) == size:
            return data
        if data:
            self.dropped["capture-cut-off"] += 1
        return None


def _packet(frame: _Frame) -> Packet:
    if len(frame.data) < frame.size_bytes:
        raise DecodeError("capture-cut")
    return ip_packet(ip_of(frame.data, frame.link), frame.time)


def _number(order: str, octets: bytes) -> int:
    return int.from_bytes(octets, "little" if order == "<" else "big")


def _interface(body: bytes, order: str) -> _Interface:
    """Read an interface's link type, and how fine its time is."""
    link, tick_s, at = _number(order, body[:2]), 1e-6, _INTERFACE_BYTES
    while at + 5 <= len(body):
        code = _number(order, body[at : at + 2])
        size = _number(order, body[at + 2 : at + 4])
        if code == _TIME_RESOLUTION and size == 1:
            power = body[at + 4]
            # The highest bit: a power of two instead of ten.
            tick_s = 2.0 ** -(power & 0x7F) if power & 0x80 else 10.0**-power
        at += 4 + size + -size % 4
    return _Interface(link, tick_s)
