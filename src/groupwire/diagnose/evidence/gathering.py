"""Reads what this machine tells, without changing anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from groupwire.diagnose.evidence.surroundings import LinkFacts, Surroundings
from groupwire.net.links import list_interfaces, route_interface
from groupwire.net.links.memberships import Memberships, read_memberships
from groupwire.values import Interface

__all__ = ["gather", "gather_again"]


def gather(toward: Iterable[IPv4Address | IPv6Address] = ()) -> Surroundings:
    """Return this moment; ``toward``: the addresses whose routes are asked for."""
    interfaces = list_interfaces()
    return Surroundings(
        interfaces=interfaces,
        links=_links(interfaces),
        routes={ip: route_interface(ip) for ip in toward},
    )


def gather_again(before: Surroundings) -> Surroundings:
    """Return a later moment; what takes long to read is taken from ``before``."""
    now = gather(before.routes)
    return replace(now, firewall=before.firewall, place=before.place)


def _links(interfaces: Iterable[Interface]) -> dict[int, LinkFacts]:
    joined = read_memberships({link.index: link.name for link in interfaces})
    return {
        link.index: _facts(link, joined.get(link.index, Memberships()))
        for link in interfaces
    }


def _facts(link: Interface, joined: Memberships) -> LinkFacts:
    return LinkFacts(
        index=link.index,
        igmp=joined.igmp,
        mld=joined.mld,
        groups=joined.groups,
        wireless=link.wireless,
    )
