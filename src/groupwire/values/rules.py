"""What makes an address usable: each rule raises AddressError and says what would do.

Every rule takes first the ``text`` that the error is to name.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address

from groupwire.errors import AddressError
from groupwire.values.scope import RESERVED_SCOPES, ipv6_scope, is_source_specific

__all__ = [
    "MAX_PORT",
    "require_group",
    "require_interface_text",
    "require_port",
    "require_source",
    "require_usable",
]

MAX_PORT = 65_535

_ANY_GROUP4 = "a group lies in 224.0.0.1 to 239.255.255.255, such as 239.255.42.99"
_ANY_GROUP6 = "a group begins with ff, such as ff15::4242"
_CONTROL = IPv4Network("224.0.0.0/24")
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_BROADCAST = IPv4Address("255.255.255.255")
_SSM6_MASK = (1 << 96) - 1
_SSM6_NOBODY = 0x4000_0000
_RESERVED4 = {
    IPv4Address("224.0.0.0"): "is never assigned to any group (RFC 1112 section 4)",
    IPv4Address("232.0.0.0"): "is reserved as nobody's (RFC 4607 section 4.3)",
}


def require_usable(
    text: str,
    ip: IPv4Address | IPv6Address,
    source: IPv4Address | IPv6Address | None,
    interface: str | None,
) -> None:
    """Refuse what does not go together, the port aside."""
    require_group(text, ip)
    if source is not None:
        require_source(text, ip, source)
    if interface is not None:
        require_interface_text(text, interface)


def require_group(text: str, ip: IPv4Address | IPv6Address) -> None:
    """Refuse what is no multicast address, and what the RFCs reserve."""
    if isinstance(ip, IPv4Address):
        _require_group4(text, ip)
    else:
        _require_group6(text, ip)


def require_port(text: str, port: int) -> None:
    """Refuse what is outside 1 to 65535."""
    if not 1 <= port <= MAX_PORT:
        raise AddressError(
            text, f"port {port} is out of range", fix=f"use one from 1 to {MAX_PORT}"
        )


def require_source(
    text: str, ip: IPv4Address | IPv6Address, source: IPv4Address | IPv6Address
) -> None:
    """Refuse what cannot be the sender's address for the group ``ip``."""
    if source.version != ip.version:
        raise AddressError(
            text,
            f"the source {source} is IPv{source.version}, the group IPv{ip.version}",
            fix=f"name the sender's IPv{ip.version} address",
        )
    if kind := _no_sender(source):
        raise AddressError(
            text,
            f"the source {source} is {kind}",
            fix="the part before @ is the sender's own address",
        )
    if ip in _CONTROL:
        raise AddressError(
            text,
            "groups in 224.0.0.0/24 cannot be filtered by source",
            fix="leave the source out, or take another group",
        )


def require_interface_text(text: str, interface: str) -> None:
    """Refuse what can be no interface's name, index or address."""
    if not interface:
        raise AddressError(
            text,
            "no interface stands after %",
            fix="name one, such as %eth0, or leave the % out",
        )
    odd = [c for c in interface if c.isspace() or c in "@%/[]" or not c.isprintable()]
    if odd:
        raise AddressError(
            text,
            f"the interface holds {odd[0]!r}",
            fix="give its name, index or address, or all",
        )


def _require_group4(text: str, ip: IPv4Address) -> None:
    if reason := _RESERVED4.get(ip):
        raise AddressError(text, f"{ip} {reason}", fix=_ANY_GROUP4)
    if not ip.is_multicast:
        raise AddressError(text, f"{ip} is {_kind4(ip)}, not a group", fix=_ANY_GROUP4)


def _require_group6(text: str, ip: IPv6Address) -> None:
    if ip.scope_id is not None:
        raise AddressError(
            text, "the zone stands inside the address", fix="give it as the interface"
        )
    if mapped := ip.ipv4_mapped:
        raise AddressError(text, f"{ip} is IPv4 in disguise", fix=f"write {mapped}")
    if not ip.is_multicast:
        kind = "the unspecified address" if ip.is_unspecified else "a unicast address"
        raise AddressError(text, f"{ip} is {kind}, not a group", fix=_ANY_GROUP6)
    if (scop := ipv6_scope(ip)) in RESERVED_SCOPES:
        raise AddressError(
            text,
            f"{ip} has the reserved scope {scop:x} (RFC 7346 section 2)",
            fix="the fourth digit is the scope: 2 for the link, 5 for the site, "
            "e for the world",
        )
    if is_source_specific(ip) and int(ip) & _SSM6_MASK == _SSM6_NOBODY:
        raise AddressError(
            text,
            f"{ip} is reserved (RFC 4607 section 4.3)",
            fix="take one from ff3x::8000:0 upwards",
        )


def _kind4(ip: IPv4Address) -> str:
    if ip == _BROADCAST:
        return "the broadcast address"
    if ip.is_reserved:
        return "a reserved address"
    return "the unspecified address" if ip.is_unspecified else "a unicast address"


def _no_sender(source: IPv4Address | IPv6Address) -> str:
    """Return what ``source`` is when it can send nothing, else nothing."""
    if source.is_multicast:
        return "itself a group"
    if source.is_unspecified:
        return "the unspecified address"
    if isinstance(source, IPv6Address):
        return _no_sender6(source)
    if source in _THIS_NETWORK or source.is_reserved:
        return "the broadcast address" if source == _BROADCAST else "a reserved address"
    return ""


def _no_sender6(source: IPv6Address) -> str:
    if source.scope_id is not None:
        return "written with a zone, which belongs to the group"
    return "IPv4 in disguise" if source.ipv4_mapped else ""
