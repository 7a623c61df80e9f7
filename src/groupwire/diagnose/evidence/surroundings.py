"""All that this machine tells about multicast at one moment, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from groupwire.diagnose.evidence.firewall.rules import Firewall
from groupwire.values import Interface

__all__ = [
    "Counters",
    "Filtered",
    "LinkFacts",
    "Owner",
    "Place",
    "Settings",
    "Surroundings",
    "UdpSocket",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """What else is known of one interface; None: the system does not tell."""

    index: int
    rp_filter: int | None = None
    """Its own; the larger of it and that of ``all`` counts."""
    force_igmp: int = 0
    force_mld: int = 0
    ipv6: bool = True
    ipv6_pending: bool = False
    """Whether it has an IPv6 address of which it still asks who else has it."""
    igmp: int | None = None
    """The version in force: what the last querier heard made of it."""
    mld: int | None = None
    groups: tuple[IPv4Address | IPv6Address, ...] = ()
    """Joined by any program, and by the system itself."""
    received: int = 0
    dropped: int = 0
    """Packets that the interface counted as dropped on their way in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of the whole machine; None: the system does not tell."""

    rp_filter: int | None = None
    force_igmp: int = 0
    force_mld: int = 0
    memberships: int | None = None
    """IPv4 groups that one socket may join."""
    sources: int | None = None
    """IPv4 sources that one socket may name for a group."""
    sources6: int | None = None
    buffer_default_bytes: int | None = None
    buffer_most_bytes: int | None = None
    buffers_settable: bool = True
    """False: a container's network, whose host alone sets them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What the system has dropped since it started."""

    reverse_path: int = 0
    """Thrown away by rp_filter (``IPReversePathFilter``)."""
    receive_buffer: int = 0
    """IPv4 datagrams that found a receive buffer full (``RcvbufErrors``)."""
    receive_buffer6: int = 0


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that holds a socket."""

    pid: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UdpSocket:
    """A UDP socket of any program of this machine (and network namespace)."""

    ip: IPv4Address | IPv6Address
    port: int
    inode: int
    uid: int = 0
    drops: int = 0
    """Datagrams that it lost since it was opened: its buffer was full."""
    waiting_bytes: int = 0
    buffer_bytes: int | None = None
    """Its receive buffer as the system counts it, where that is known."""
    owners: tuple[Owner, ...] = ()
    """Empty: a process of another user, which only root may see."""


@dataclass(frozen=True, slots=True)
class Filtered:
    """A source that some socket asked for, or asked to be spared."""

    index: int
    group: IPv4Address | IPv6Address
    source: IPv4Address | IPv6Address
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this machine stands: names as people know them, empty for none."""

    container: str = ""
    cloud: str = ""
    wsl: bool = False
    kubernetes: bool = False
    evidence: tuple[str, ...] = ()
    """Where that is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """One moment of this machine."""

    interfaces: tuple[Interface, ...] = ()
    links: Mapping[int, LinkFacts] = field(default_factory=dict[int, LinkFacts])
    """By the index of the interface."""
    routes: Mapping[IPv4Address | IPv6Address, int | None] = field(
        default_factory=dict[IPv4Address | IPv6Address, "int | None"]
    )
    """By which interface (its index) the system sends there; None: no route."""
    matched: Mapping[IPv4Address | IPv6Address, IPv4Network] = field(
        default_factory=dict[IPv4Address | IPv6Address, IPv4Network]
    )
    """Which line of the main routing table that is, where one fits (IPv4 only)."""
    settings: Settings = Settings()
    counters: Counters = Counters()
    sockets: tuple[UdpSocket, ...] = ()
    filtered: tuple[Filtered, ...] = ()
    firewall: Firewall = field(default_factory=Firewall)
    place: Place = Place()

    def facts(self, interface: Interface) -> LinkFacts:
        """Return what else is known of an interface; of a stranger nothing is."""
        return self.links.get(interface.index, LinkFacts(index=interface.index))

    def named(self, index: int | None) -> Interface | None:
        """Return the interface with an index, if it is there."""
        return next((one for one in self.interfaces if one.index == index), None)
