"""All that an address tells by itself: for ``groupwire explain`` and for warnings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Self

from groupwire.values import notation, rules
from groupwire.values.blocks import Block, block_of, well_known
from groupwire.values.ethernet import colliding, collision_pattern, ethernet_address
from groupwire.values.scope import Scope, is_source_specific, needs_zone, scope_of

__all__ = ["Explanation"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A group's address explained; only here a group may stand without a port.

    Making one raises AddressError for what can be no group.
    """

    ip: IPv4Address | IPv6Address
    port: int | None = None
    source: IPv4Address | IPv6Address | None = None
    interface: str | None = None

    def __post_init__(self) -> None:
        text = str(self)
        rules.require_usable(text, self.ip, self.source, self.interface)
        if self.port is not None:
            rules.require_port(text, self.port)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a group with or without a port; without one, IPv6 needs no brackets."""
        parts = notation.split_bare(text)
        rules.require_usable(text, parts.ip, parts.source, parts.interface)
        port = None if parts.port is None else parts.port_number()
        return cls(parts.ip, port, parts.source, parts.interface)

    def __str__(self) -> str:
        return notation.join(self.ip, self.port, self.source, self.interface)

    @property
    def scope(self) -> Scope:
        """How far the address lets it travel, in ``scope.reach`` in plain words."""
        return scope_of(self.ip)

    @property
    def block(self) -> Block:
        """What its range is meant for, and by which RFC."""
        return block_of(self.ip)

    @property
    def well_known(self) -> str | None:
        """What this very address is used for, where it is known."""
        return well_known(self.ip)

    @property
    def is_source_specific(self) -> bool:
        """Whether it exists only together with a source (RFC 4607)."""
        return is_source_specific(self.ip)

    @property
    def ethernet_address(self) -> str:
        """The address that switches and network cards see."""
        return ethernet_address(self.ip)

    @property
    def colliding(self) -> tuple[IPv4Address, ...] | tuple[IPv6Address, ...]:
        """Other groups with that Ethernet address: IPv4 all 31, IPv6 the likeliest."""
        return colliding(self.ip)

    @property
    def collision_pattern(self) -> str:
        """The groups with that Ethernet address, in words."""
        return collision_pattern(self.ip)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing before using it."""
        return tuple(_notes(self))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why somebody would rather take another group for a program of their own."""
        return tuple(_warnings(self))


_CONTROL = IPv4Network("224.0.0.0/24")
_RELATIVE = (IPv4Network("239.255.255.0/24"), IPv4Network("239.195.255.0/24"))
_ALL_NODES_ID = 1


def _notes(of: Explanation) -> Iterator[str]:
    if not of.scope.forwarded:
        limit = "TTL" if of.ip.version == 4 else "hop limit"
        yield f"a {limit} above 1 does not take it further: no router forwards it"
    if of.is_source_specific and of.source is None:
        yield "a receiver must name the sender: SOURCE@GROUP (RFC 4607)"
    if needs_zone(of.ip) and of.interface is None:
        yield f"it needs an interface: [{of.ip}%eth0], or -i eth0"
    if of.scope.name == "global" and not of.is_source_specific:
        yield (
            "between networks of different operators any-source multicast is "
            "deprecated (RFC 8815): use a source-specific group there"
        )
    if isinstance(of.ip, IPv4Address):
        yield from _owner(of.ip, of.block)


def _owner(ip: IPv4Address, block: Block) -> Iterator[str]:
    _, second, third, fourth = ip.packed
    if block.name == "GLOP Block":
        yield f"it belongs to the autonomous system AS{second << 8 | third} (RFC 3180)"
    if block.name == "Unicast-Prefix-Based Block":
        yield (
            f"it belongs to the network that holds {second}.{third}.{fourth}.0/24, "
            "or the start of it (RFC 6034)"
        )


def _warnings(of: Explanation) -> Iterator[str]:
    if of.block.advice:
        yield f"{of.block.range} is {of.block.name}: {of.block.advice}"
    if of.well_known:
        yield f"it is in use: {of.well_known}"
    elif any(of.ip in scope for scope in _RELATIVE):
        yield (
            "the top 256 addresses of a scope are kept for infrastructure "
            "(RFC 2365 section 9): take a lower one"
        )
    yield from _collision_warnings(of.ip)


def _collision_warnings(ip: IPv4Address | IPv6Address) -> Iterator[str]:
    if isinstance(ip, IPv6Address):
        if int(ip) & 0xFFFF_FFFF == _ALL_NODES_ID and well_known(ip) is None:
            yield "it shares its Ethernet address with ff02::1, which every host hears"
        return
    control = _CONTROL[int(ip) & 0xFF]
    if ip not in _CONTROL and ethernet_address(ip) == ethernet_address(control):
        yield (
            f"it shares its Ethernet address with {control}: "
            "many switches flood it to every port, snooping or not (RFC 4541)"
        )
