"""One network interface as it was when it was listed; it asks the system nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

__all__ = ["MOST_NAMED", "Interface", "listed"]

MOST_NAMED = 8
"""Names that a sentence bears."""


@dataclass(frozen=True, slots=True)
class Interface:
    """Name, index and what matters for multicast.

    ``addresses`` carry their prefix length, so that "is this neighbour on-link?" can
    be answered without asking the system. ``kind`` is the kernel's word for virtual
    devices (``bridge``, ``veth``, ``tun``, ``wireguard``), empty for real ones.
    """

    name: str
    index: int
    addresses: tuple[IPv4Interface | IPv6Interface, ...] = ()
    up: bool = False
    carrier: bool = False
    """False: nothing is plugged in; what is sent is lost without an error."""
    multicast: bool = False
    """The interface's own MULTICAST flag. Loopback lacks it and carries groups."""
    loopback: bool = False
    point_to_point: bool = False
    wireless: bool = False
    mtu_bytes: int = 1500
    kind: str = ""
    master: int = 0
    """Index of the bridge or bond that owns this interface, or 0."""

    def address(self, version: int) -> IPv4Address | IPv6Address | None:
        """Return the source address to send with: the first of this IP version.

        For version 6 the link-local one, which every interface has.
        """
        own = [a.ip for a in self.addresses if a.version == version]
        if version == 6:
            own.sort(key=lambda ip: not ip.is_link_local)
        return own[0] if own else None

    def reaches(self, ip: IPv4Address | IPv6Address) -> bool:
        """Tell whether ``ip`` is a neighbour on this interface's link."""
        if ip.version == 6 and ip.is_link_local:
            return True
        return any(
            ip.version == own.version and ip in own.network for own in self.addresses
        )


def listed(names: Sequence[str], *, between: str = ", ") -> str:
    """Return ``a, b, c``; of many the first eight, and how many more there are."""
    more = len(names) - MOST_NAMED
    shown = between.join(names[:MOST_NAMED])
    return f"{shown} and {more:,} more" if more > 0 else shown
