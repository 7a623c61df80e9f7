"""The IP packet in a frame of the kinds that captures are made of.

The numbers are the LINKTYPE values of tcpdump.org's registry.
"""

from __future__ import annotations

from groupwire.errors import DecodeError

__all__ = ["ip_of"]

_NULL, _ETHERNET, _RAW, _LOOP, _SLL, _IPV4, _IPV6, _SLL2 = (
    0, 1, 101, 108, 113, 228, 229, 276,
)  # fmt: skip
_BARE = frozenset({_RAW, _IPV4, _IPV6, 12, 14})
"""Those without a frame; 12 and 14 are raw IP as some systems write it."""
_HEADS = {_NULL: 4, _LOOP: 4, _SLL: 16, _SLL2: 20}
_VLAN_TAGS = frozenset({b"\x81\x00", b"\x88\xa8", b"\x91\x00"})
"""IEEE 802.1Q, 802.1ad, and what some switches use for the outer one of two."""
_IP_TYPES = frozenset({b"\x08\x00", b"\x86\xdd"})


def ip_of(frame: bytes, link: int) -> bytes:
    """Return the packet in a frame; DecodeError where there is none for us."""
    if link in _BARE:
        return frame
    if link in _HEADS:
        return frame[_HEADS[link] :]
    if link != _ETHERNET:
        raise DecodeError("capture-link-type")
    at = 12
    while frame[at : at + 2] in _VLAN_TAGS:
        at += 4
    if frame[at : at + 2] not in _IP_TYPES:
        raise DecodeError("capture-no-ip")
    return frame[at + 2 :]
