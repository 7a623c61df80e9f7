"""Where sessions are announced (RFC 2974 §3), by the scope of their group."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address

from groupwire.values import Group

__all__ = ["SAP_PORT", "announcement_group", "listened_groups"]

SAP_PORT = 9875
_GLOBAL = IPv4Address("224.2.127.254")
_ZONES = {
    # The highest address of each scope zone that RFC 2365 names, and of the link.
    IPv4Network("224.0.0.0/24"): IPv4Address("224.0.0.255"),
    IPv4Network("239.192.0.0/14"): IPv4Address("239.195.255.255"),
    IPv4Network("239.0.0.0/8"): IPv4Address("239.255.255.255"),
}
_SAP6 = 0x2_7FFE
_SCOPES6 = (5, 8, 14)


def announcement_group(ip: IPv4Address | IPv6Address) -> Group:
    """Return where a session on this group is announced."""
    if isinstance(ip, IPv6Address):
        return _sap6(ip.packed[1] & 0xF)
    zones = (to for zone, to in _ZONES.items() if ip in zone)
    return Group(next(zones, _GLOBAL), SAP_PORT)


def listened_groups() -> tuple[Group, ...]:
    """Return where announcements are heard, without those of one link in IPv6."""
    found = [Group(ip, SAP_PORT) for ip in (_GLOBAL, *_ZONES.values())]
    return (*found, *map(_sap6, _SCOPES6))


def _sap6(scope: int) -> Group:
    """FF0X::2:7FFE."""
    return Group(IPv6Address((0xFF00 | scope) << 112 | _SAP6), SAP_PORT)
