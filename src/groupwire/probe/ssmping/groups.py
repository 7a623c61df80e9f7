"""The groups that a responder answers in, so that nobody has it flood another one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

__all__ = ["PORT", "SOURCE_SPECIFIC", "answers_in", "as_asked"]

PORT = 4321
SOURCE_SPECIFIC: dict[int, IPv4Address | IPv6Address] = {
    4: IPv4Address("232.43.211.234"),
    6: IPv6Address("ff3e::4321:1234"),
}
"""The group of each version that a responder sends to as its source."""
_LAST_OCTET = 234
_LAST_BITS6, _LAST6 = 32, 0x4321_1234
_SOURCE_SPECIFIC4 = 232


def answers_in(group: IPv4Address | IPv6Address) -> bool:
    """Tell whether a responder sends to this group.

    As ssmpingd does: to its own source-specific one, and to any-source groups whose
    address ends in 234, or in ::4321:1234.
    """
    if group == SOURCE_SPECIFIC[group.version]:
        return True
    if not group.is_multicast or isinstance(group, IPv6Address):
        return group.is_multicast and int(group) % (1 << _LAST_BITS6) == _LAST6
    first, *_, last = group.packed
    return last == _LAST_OCTET and first != _SOURCE_SPECIFIC4


def as_asked(group: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the group nearest to this one in which responders answer."""
    if isinstance(group, IPv6Address):
        return IPv6Address(int(group) >> _LAST_BITS6 << _LAST_BITS6 | _LAST6)
    return IPv4Address(group.packed[:3] + bytes([_LAST_OCTET]))
