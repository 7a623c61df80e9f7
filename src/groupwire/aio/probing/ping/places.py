"""Where a responder is, and the sockets by which it is asked and heard."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from groupwire.errors import AddressError, InterfaceError
from groupwire.net import (
    MembershipKeeper,
    MulticastReceiver,
    choose_receivers,
    list_interfaces,
    route_interface,
)
from groupwire.net.unicast import UnicastSocket
from groupwire.probe.ssmping.groups import SOURCE_SPECIFIC, as_asked
from groupwire.values import (
    DEFAULT_GROUP,
    Group,
    Interface,
    Origin,
    is_source_specific,
)

__all__ = ["Place", "open_places"]

_ETHERNET = 1500
_EVERYBODY = IPv4Address("255.255.255.255")
_NO_BROADCAST = 31
"""From this prefix on a network has no address for all (RFC 3021)."""
_HEADERS = {4: 28, 6: 48}


@dataclass(frozen=True, slots=True)
class Place:
    """One responder, and how it is talked to."""

    host: str
    address: Origin
    group: Group
    interfaces: tuple[Interface, ...]
    way: str
    """The interface by which the host is reached; empty where there is no route."""
    limit_bytes: int
    """The most that travels there in one packet."""
    socket: UnicastSocket
    receiver: MulticastReceiver
    keeper: MembershipKeeper
    """What joins again where a link goes and comes."""

    def close(self) -> None:
        """Leave the group."""
        self.keeper.close()
        self.socket.close()
        self.receiver.close()


async def open_places(
    hosts: Sequence[str], group: Group | None, interface: str | int | None, port: int
) -> list[Place]:
    """Find the hosts, and join each one's group on the way there.

    Raises AddressError for a host that has no address, MachineErrors.
    """
    version = None if group is None else group.version
    _check_group(group)
    addresses = [await _address(host, version, port, interface) for host in hosts]
    links = list_interfaces()
    places: list[Place] = []
    try:
        for host, address in zip(hosts, addresses, strict=True):
            places.append(_open(host, address, group, interface, links))
    except BaseException:
        for place in places:
            place.close()
        raise
    return places


def _check_group(group: Group | None) -> None:
    if group is not None and is_source_specific(group.ip):
        raise AddressError(
            str(group),
            "with a host it has to be an any-source group",
            fix="leave -g out: then it is source-specific",
        )


def _open(
    host: str,
    address: Origin,
    group: Group | None,
    interface: str | int | None,
    links: tuple[Interface, ...],
) -> Place:
    _check_broadcast(address.ip, links)
    talking = UnicastSocket(address.ip.version, shared=True)
    receiver = MulticastReceiver()
    try:
        asked = _group(address.ip, group, talking.port)
        wanted = interface if interface is not None else _named(group)
        way = _way_to(address, links)
        if wanted is None:
            wanted = _name_of(_known(way, address), links)
        ways = choose_receivers(asked, wanted, links).interfaces
        receiver.join(asked, ways)
        keeper = MembershipKeeper(receiver, asked, wanted)
    except BaseException:
        talking.close()
        receiver.close()
        raise
    limit = _limit(way, links, asked.version)
    reached = "" if way is None else str(_name_of(way, links))
    return Place(host, address, asked, ways, reached, limit, talking, receiver, keeper)


def _group(source: IPv4Address | IPv6Address, group: Group | None, port: int) -> Group:
    """Return what to join: with the responder as its source, where it may be."""
    if group is None:
        return Group(SOURCE_SPECIFIC[source.version], port, source)
    return Group(as_asked(group.ip), port)


def _named(group: Group | None) -> str | None:
    return None if group is None else group.interface


def _way_to(address: Origin, links: Sequence[Interface]) -> int | None:
    """Return the interface by which the host is reached; what it sends comes there."""
    if address.zone:
        return address.zone
    own = (link.index for link in links for a in link.addresses if a.ip == address.ip)
    here = next(own, None)
    if here is not None:  # its own answers come back by loopback, to the group too
        return here
    return route_interface(address.ip)


def _known(way: int | None, address: Origin) -> int:
    if way is None:
        raise InterfaceError(
            f"there is no route to {address.host}",
            fix="see `ip route`, or name the interface with -i",
        )
    return way


def _name_of(index: int, links: Sequence[Interface]) -> str | int:
    # One that is made again has another index.
    return next((link.name for link in links if link.index == index), index)


def _limit(way: int | None, links: Sequence[Interface], version: int) -> int:
    """Return the most octets of a question that is not fragmented."""
    mtu = next((link.mtu_bytes for link in links if link.index == way), _ETHERNET)
    return mtu - _HEADERS[version]


async def _address(
    host: str, version: int | None, port: int, interface: str | int | None
) -> Origin:
    bare, _, zone = host.partition("%")
    try:
        ip = ip_address(bare)
    except ValueError:
        ip = await _looked_up(host, version)
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    _check_host(host, ip)
    if version is not None and ip.version != version:
        raise AddressError(
            host, f"it is no IPv{version} address, as the group is", fix="name another"
        )
    if ip.version == 6 and ip.is_link_local and not zone:
        zone = _zone_of(host, interface)
    return Origin(str(ip), port, _index(host, zone) if zone else 0)


def _check_host(host: str, ip: IPv4Address | IPv6Address) -> None:
    if ip.is_multicast:
        raise AddressError(
            host,
            "it is a group, and no host",
            fix=f"to ask its members: {Group(ip, DEFAULT_GROUP.port)} with -g",
        )
    if ip.is_unspecified or ip == _EVERYBODY:
        raise AddressError(host, "no host has this address", fix="name a host")


def _check_broadcast(ip: IPv4Address | IPv6Address, links: Sequence[Interface]) -> None:
    for link in links:
        for own in link.addresses:
            narrow = own.version == 6 or own.network.prefixlen >= _NO_BROADCAST
            if not narrow and ip == own.network.broadcast_address:
                raise AddressError(
                    str(ip), f"it is all hosts of {link.name}", fix="name one of them"
                )


def _zone_of(host: str, interface: str | int | None) -> str:
    if interface is None:
        raise AddressError(
            host,
            "it is link-local, and means nothing without an interface",
            fix=f"write it as {host}%eth0, or name the interface with -i",
        )
    return str(interface)


def _index(host: str, zone: str) -> int:
    try:
        return int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
    except OSError:
        raise AddressError(
            host, f"there is no interface {zone}", fix="`groupwire interfaces`"
        ) from None


async def _looked_up(host: str, version: int | None) -> IPv4Address | IPv6Address:
    family = {4: socket.AF_INET, 6: socket.AF_INET6, None: socket.AF_UNSPEC}[version]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            host, None, family=family, type=socket.SOCK_DGRAM
        )
    except (OSError, UnicodeError):
        raise AddressError(
            host, "no host of this name is known", fix="check it, or give its address"
        ) from None
    # IPv4 first: a host that has both is asked by what its groups mostly are.
    return min(
        (ip_address(str(entry[4][0]).partition("%")[0]) for entry in found),
        key=lambda ip: ip.version,
    )
