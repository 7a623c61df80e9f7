"""One SAP packet (RFC 2974 §6)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from groupwire.errors import DecodeError

__all__ = ["MAX_PAYLOAD_BYTES", "SDP_TYPE", "SapPacket"]

SDP_TYPE = "application/sdp"
MAX_PAYLOAD_BYTES = 8192
"""RFC 2974 §6 recommends 1 kB; what is longer, unpacked too, is not read."""
_MAX_TYPE_BYTES = 256
_VERSION = 1
_IPV6, _DELETION, _ENCRYPTED, _COMPRESSED = 0x10, 0x04, 0x02, 0x01
_HEAD_BYTES = 4
_SDP_BEGINS = b"v=0"


@dataclass(frozen=True, slots=True)
class SapPacket:
    """An announcement, or the word that it holds no more.

    | version 3 bits, A R T E C | authentication words 1 | hash 2 | source 4 or 16 |
    | authentication | type, NUL | payload |
    """

    source: IPv4Address | IPv6Address
    """Who announced it first."""
    hash: int
    """Names this very text of this source."""
    payload: bytes
    deletes: bool = False
    type: str = SDP_TYPE

    def encode(self) -> bytes:
        """Return its bytes; neither signed nor compressed."""
        first = _VERSION << 5
        first |= _IPV6 if self.source.version == 6 else 0
        first |= _DELETION if self.deletes else 0
        head = bytes((first, 0)) + self.hash.to_bytes(2, "big") + self.source.packed
        return head + self.type.encode("ascii") + b"\0" + self.payload

    @classmethod
    def decode(cls, data: bytes) -> SapPacket:
        """Read one; DecodeError for what is none, or cannot be read.

        A signature is passed over: nobody here knows the keys.
        """
        if len(data) < _HEAD_BYTES or data[0] >> 5 != _VERSION:
            raise DecodeError("sap-no-sap")
        at = _HEAD_BYTES + (16 if data[0] & _IPV6 else 4)
        source, body = data[_HEAD_BYTES:at], data[at + 4 * data[1] :]
        if len(data) < at + 4 * data[1]:
            raise DecodeError("sap-cut")
        if data[0] & _ENCRYPTED:
            raise DecodeError("sap-encrypted")
        if data[0] & _COMPRESSED:
            body = _unpacked(body)
        kind, payload = _typed(body)
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise DecodeError("sap-size")
        number = int.from_bytes(data[2:4], "big")
        return cls(ip_address(source), number, payload, bool(data[0] & _DELETION), kind)


def _unpacked(body: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(body, MAX_PAYLOAD_BYTES + _MAX_TYPE_BYTES)
    except zlib.error:
        raise DecodeError("sap-compression") from None
    if unpacking.unconsumed_tail:
        raise DecodeError("sap-size")
    return found


def _typed(body: bytes) -> tuple[str, bytes]:
    """Return type and payload; version 1 of SAP told no type, and was SDP always."""
    if body.startswith(_SDP_BEGINS):
        return SDP_TYPE, body
    name, end, payload = body.partition(b"\0")
    if not end:
        # A deletion needs no more than the o= line, or nothing at all.
        return SDP_TYPE, body
    if len(name) > _MAX_TYPE_BYTES or not name.isascii():
        raise DecodeError("sap-type")
    return name.decode("ascii").lower(), payload
