"""The Ethernet address of a group, and which other groups share it.

A switch and a network card see only that address: who joins one group is sent all
that share it, and the system throws the others away.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

__all__ = ["colliding", "collision_pattern", "ethernet_address"]


def ethernet_address(ip: IPv4Address | IPv6Address) -> str:
    """Return the group's Ethernet address, as ``01:00:5e:7f:2a:63``."""
    if isinstance(ip, IPv6Address):
        # RFC 2464 section 7: 33-33, then the last four octets.
        return (b"\x33\x33" + ip.packed[-4:]).hex(":")
    # RFC 1112 section 6.4: the low-order 23 bits into 01-00-5E-00-00-00.
    return (b"\x01\x00\x5e" + _low23(ip).to_bytes(3)).hex(":")


def colliding(
    ip: IPv4Address | IPv6Address,
) -> tuple[IPv4Address, ...] | tuple[IPv6Address, ...]:
    """Return other groups with the same Ethernet address.

    For IPv4 all 31 of them, in order; for IPv6 the likeliest of 2 to the power of 88.
    """
    if isinstance(ip, IPv6Address):
        low = int(ip) & 0xFFFF_FFFF
        others = (IPv6Address(start << 112 | low) for start in _LIKELY_STARTS)
        return tuple(other for other in others if other != ip)
    # 28 bits make a group, 23 the Ethernet address: five bits are free.
    alike = (IPv4Address(0xE << 28 | top << 23 | _low23(ip)) for top in range(32))
    return tuple(other for other in alike if other != ip)


def collision_pattern(ip: IPv4Address | IPv6Address) -> str:
    """Say in words which groups share the Ethernet address."""
    if isinstance(ip, IPv6Address):
        high, low = ip.packed[-4:-2].hex(), ip.packed[-2:].hex()
        return f"every IPv6 group that ends in {high}:{low}"
    _, second, third, fourth = ip.packed
    second &= 0x7F
    return (
        f"32 groups: 224 to 239 in front, then {second}.{third}.{fourth} "
        f"or {second | 0x80}.{third}.{fourth}"
    )


_LIKELY_STARTS = (0xFF02, 0xFF05, 0xFF08, 0xFF0E, 0xFF12, 0xFF15, 0xFF18, 0xFF1E)


def _low23(ip: IPv4Address) -> int:
    return int(ip) & 0x7F_FFFF
