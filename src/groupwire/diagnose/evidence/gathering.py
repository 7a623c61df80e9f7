"""Reads what this machine tells, without changing anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path

from groupwire.diagnose.evidence.firewall.reading import read_firewall
from groupwire.diagnose.evidence.owners import find_owners
from groupwire.diagnose.evidence.places import read_place
from groupwire.diagnose.evidence.settings import LinkSettings, read_settings
from groupwire.diagnose.evidence.surroundings import (
    Counters,
    Filtered,
    LinkFacts,
    Owner,
    Surroundings,
    UdpSocket,
)
from groupwire.diagnose.evidence.tables import (
    parse_counters,
    parse_devices,
    parse_mcfilter,
    parse_pending,
    parse_routes,
    parse_udp,
)
from groupwire.errors import MachineError
from groupwire.net.links import list_interfaces, route_interface
from groupwire.net.links.memberships import Memberships, read_memberships
from groupwire.net.sockets import udp_buffers
from groupwire.values import Interface

__all__ = ["gather", "gather_again"]

# Not /proc/net, which is the first thread's network namespace.
_NET = Path("/proc/thread-self/net")


def gather(
    toward: Iterable[IPv4Address | IPv6Address] = (), *, root: bool = False
) -> Surroundings:
    """Return this moment; ``toward``: the addresses whose routes are asked for.

    With ``root`` the firewall is read too. MachineError where the system tells nothing.
    """
    if not _NET.is_dir():
        raise MachineError(
            f"this system does not tell of its network in {_NET}",
            fix="run the doctor on Linux, with /proc mounted",
        )
    now = _now(toward)
    owners = find_owners(one.inode for one in now.sockets)
    return replace(
        now,
        sockets=_owned(now.sockets, owners),
        firewall=read_firewall(allowed=root),
        place=read_place(),
    )


def gather_again(before: Surroundings) -> Surroundings:
    """Return a later moment; what takes long to read is taken from ``before``."""
    now = _now(before.routes)
    owners = {one.inode: one.owners for one in before.sockets}
    return replace(
        now,
        sockets=_owned(now.sockets, owners),
        firewall=before.firewall,
        place=before.place,
    )


def _now(toward: Iterable[IPv4Address | IPv6Address]) -> Surroundings:
    interfaces, ways = list_interfaces(), tuple(toward)
    return Surroundings(
        interfaces=interfaces,
        links=_links(interfaces),
        routes={ip: route_interface(ip) for ip in ways},
        matched=_matched(ways),
        settings=read_settings(),
        counters=_counters(),
        sockets=_sockets(),
        filtered=_filtered(),
    )


def _matched(
    ways: Iterable[IPv4Address | IPv6Address],
) -> dict[IPv4Address | IPv6Address, IPv4Network]:
    routes = parse_routes(_read("route"))
    fitting = {ip: next((one for one in routes if ip in one), None) for ip in ways}
    return {ip: one for ip, one in fitting.items() if one is not None}


def _links(interfaces: Iterable[Interface]) -> dict[int, LinkFacts]:
    joined = read_memberships({link.index: link.name for link in interfaces})
    counted = parse_devices(_read("dev"))
    pending = parse_pending(_read("if_inet6"))
    return {
        link.index: _facts(
            link,
            joined.get(link.index, Memberships()),
            counted.get(link.name, (0, 0)),
            pending=link.index in pending,
        )
        for link in interfaces
    }


def _facts(
    link: Interface, joined: Memberships, counted: tuple[int, int], *, pending: bool
) -> LinkFacts:
    settings = LinkSettings(link.name)
    return LinkFacts(
        index=link.index,
        rp_filter=settings.rp_filter,
        force_igmp=settings.force_igmp,
        force_mld=settings.force_mld,
        ipv6=settings.ipv6,
        ipv6_pending=pending,
        igmp=joined.igmp,
        mld=joined.mld,
        groups=joined.groups,
        received=counted[0],
        dropped=counted[1],
    )


def _counters() -> Counters:
    return parse_counters(_read("netstat"), _read("snmp"), _read("snmp6"))


def _sockets() -> tuple[UdpSocket, ...]:
    buffers = udp_buffers()
    found = (*parse_udp(_read("udp")), *parse_udp(_read("udp6")))
    return tuple(replace(one, buffer_bytes=buffers.get(one.inode)) for one in found)


def _owned(
    sockets: Iterable[UdpSocket], owners: Mapping[int, tuple[Owner, ...]]
) -> tuple[UdpSocket, ...]:
    return tuple(replace(one, owners=owners.get(one.inode, ())) for one in sockets)


def _filtered() -> tuple[Filtered, ...]:
    return (*parse_mcfilter(_read("mcfilter")), *parse_mcfilter(_read("mcfilter6")))


def _read(table: str) -> str:
    try:
        return (_NET / table).read_text("ascii", "replace")
    except OSError:
        return ""
