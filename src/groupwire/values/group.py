"""A multicast group as people write it: ``[SOURCE@]GROUP[%INTERFACE]:PORT``.

A Group that exists is usable: what is no group is refused when it is made. Whether its
interface exists is asked elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Self

from groupwire.errors import AddressError
from groupwire.values import notation, rules
from groupwire.values.scope import Scope, is_source_specific, needs_zone, scope_of

__all__ = [
    "DEFAULT_BENCH_GROUP",
    "DEFAULT_DELIVERY_GROUP",
    "DEFAULT_GROUP",
    "DEFAULT_MESSAGE_GROUP",
    "DEFAULT_PIPE_GROUP",
    "Group",
]


@dataclass(frozen=True, slots=True)
class Group:
    """Address and port, perhaps with the one source and the interface.

    ``interface`` is a name, an index, an address or ``all``, as written after ``%``.
    Making one raises AddressError for what can be no group.
    """

    ip: IPv4Address | IPv6Address
    port: int
    source: IPv4Address | IPv6Address | None = None
    interface: str | None = None

    def __post_init__(self) -> None:
        text = str(self)
        rules.require_usable(text, self.ip, self.source, self.interface)
        rules.require_port(text, self.port)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what people write; AddressError names ``text`` and what would do."""
        parts = notation.split(text)
        # Before the port: who has the wrong address need not hear of its port.
        rules.require_usable(text, parts.ip, parts.source, parts.interface)
        return cls(parts.ip, parts.port_number(), parts.source, parts.interface)

    def __str__(self) -> str:
        return notation.join(self.ip, self.port, self.source, self.interface)

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.ip.version

    @property
    def scope(self) -> Scope:
        """How far the address lets it travel."""
        return scope_of(self.ip)

    @property
    def is_source_specific(self) -> bool:
        """Whether it exists only together with a source (RFC 4607)."""
        return is_source_specific(self.ip)

    @property
    def needs_zone(self) -> bool:
        """Whether the address means another group on every interface (RFC 4007)."""
        return needs_zone(self.ip)

    def on(self, interface: str | None) -> Self:
        """Return the same group on another interface, or on none in particular."""
        return replace(self, interface=interface)

    def with_interface(self, wanted: str | int | None) -> Self:
        """Return the group as it is to be used when ``-i`` says ``wanted``.

        ``wanted`` goes before the interface in the address. AddressError when neither
        names one and the group needs it.
        """
        same = wanted is None or str(wanted) == self.interface
        group = self if same else self.on(str(wanted))
        if group.needs_zone and group.interface is None:
            raise AddressError(
                str(self),
                f"every interface has its own {self.scope.name} IPv6 group",
                fix=f"name it: -i eth0, or {self.on('eth0')}",
            )
        return group

    def for_receiving(self) -> Self:
        """Return the group; AddressError where a receiver must name the source."""
        if self.is_source_specific and self.source is None:
            raise AddressError(
                str(self),
                "a source-specific group is received from a source (RFC 4607)",
                fix=f"name the sender: SOURCE@{self}",
            )
        return self


DEFAULT_GROUP = Group(IPv4Address("239.255.42.99"), 10_000)
DEFAULT_DELIVERY_GROUP = replace(DEFAULT_GROUP, port=10_001)
DEFAULT_BENCH_GROUP = replace(DEFAULT_GROUP, port=10_004)
DEFAULT_MESSAGE_GROUP = replace(DEFAULT_GROUP, port=10_002)
DEFAULT_PIPE_GROUP = replace(DEFAULT_GROUP, port=10_005)
