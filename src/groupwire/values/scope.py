"""How far a group may travel, by its address alone; TTL and routers are not asked.

RFC 2365 (IPv4, administrative scopes), RFC 5771 (IPv4, link and global) and RFC 7346
(IPv6) say it. What a block is meant for stands in :mod:`groupwire.values.blocks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address

__all__ = [
    "RESERVED_SCOPES",
    "Scope",
    "ipv6_scope",
    "is_source_specific",
    "needs_zone",
    "scope_of",
]

RESERVED_SCOPES = frozenset({0x0, 0xF})
"""Values of the IPv6 scope nibble that no group may carry (RFC 7346 section 2)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A named distance: ``reach`` says it in plain words, ``rfc`` where it is ruled.

    ``forwarded`` is False where no router passes the group on, whatever the TTL.
    """

    name: str
    rfc: str
    reach: str
    forwarded: bool = True


def scope_of(ip: IPv4Address | IPv6Address) -> Scope:
    """Return the scope of a group's address; reserved and unicast ones have none."""
    if isinstance(ip, IPv6Address):
        return _IPV6.get(ipv6_scope(ip), _UNASSIGNED)
    return next((scope for network, scope in _IPV4 if ip in network), _GLOBAL)


def ipv6_scope(ip: IPv6Address) -> int:
    """Return the scope nibble: the fourth digit of ``ff12::1`` is 2."""
    return ip.packed[1] & 0x0F


def is_source_specific(ip: IPv4Address | IPv6Address) -> bool:
    """Tell whether the group exists only together with a source (RFC 4607)."""
    if isinstance(ip, IPv6Address):
        # RFC 4607 section 1: treat all of FF3x::/32 as SSM, not only FF3x::/96.
        return ip.packed[:4] in _SSM6_PREFIXES
    return ip in _SSM4


def needs_zone(ip: IPv4Address | IPv6Address) -> bool:
    """Tell whether the group is another one on every interface (RFC 4007)."""
    return isinstance(ip, IPv6Address) and ipv6_scope(ip) in _ZONED


_ZONED = frozenset({0x1, 0x2})
_SSM4 = IPv4Network("232.0.0.0/8")
_SSM6_PREFIXES = frozenset(bytes((0xFF, 0x30 | scop, 0, 0)) for scop in range(16))

_LINK = "this link only: routers never forward it, whatever the TTL"
_EDGE = "as far as the routers that the network's operators made its boundary"

_GLOBAL = Scope(
    "global",
    "RFC 2365 section 8",
    "no boundary of its own: as far as the TTL and multicast routing carry it",
)
_SCOPED = Scope("administratively scoped", "RFC 2365", _EDGE)
_LOCAL = Scope(
    "local",
    "RFC 2365 section 6.1",
    "the smallest administrative region, such as one site: "
    "every configured scope boundary stops it",
)
_LOCAL_EXPANSION = Scope("local (expansion)", "RFC 2365 section 6.1.1", _LOCAL.reach)
_ORGANIZATION = Scope(
    "organization-local",
    "RFC 2365 section 6.2",
    "one organization: its boundary routers do not let it out",
)
_IPV4 = (
    (
        IPv4Network("224.0.0.0/24"),
        Scope("link-local", "RFC 5771 section 4", _LINK, forwarded=False),
    ),
    (IPv4Network("239.255.0.0/16"), _LOCAL),
    (IPv4Network("239.254.0.0/16"), _LOCAL_EXPANSION),
    (IPv4Network("239.253.0.0/16"), _LOCAL_EXPANSION),
    (IPv4Network("239.192.0.0/14"), _ORGANIZATION),
    (IPv4Network("239.0.0.0/8"), _SCOPED),
)

_RFC7346 = "RFC 7346 section 2"
_UNASSIGNED = Scope("unassigned", _RFC7346, _EDGE)
_IPV6 = {
    0x1: Scope(
        "interface-local",
        _RFC7346,
        "one interface of this machine: it is never sent to a wire",
        forwarded=False,
    ),
    0x2: Scope(
        "link-local",
        _RFC7346,
        "this link only: routers never forward it, whatever the hop limit",
        forwarded=False,
    ),
    0x3: Scope(
        "realm-local",
        _RFC7346,
        "one network of one technology, such as a mesh that shares a PAN ID",
    ),
    0x4: Scope(
        "admin-local",
        _RFC7346,
        "the smallest region that the network's operators configured",
    ),
    0x5: Scope("site-local", _RFC7346, "one site, as its operators drew it"),
    0x8: Scope(
        "organization-local", _RFC7346, "the sites of one organization, not beyond"
    ),
    0xE: Scope(
        "global",
        _RFC7346,
        "no boundary: as far as the hop limit and multicast routing carry it",
    ),
}
