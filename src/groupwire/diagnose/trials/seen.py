"""What trials saw, as values without a socket: checks can be tested with them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Arrived",
    "LoopbackSeen",
    "PeerSeen",
    "QueriesSeen",
    "QueryHeard",
    "SoakSeen",
    "Stretch",
    "Way",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackSeen:
    """Whether this host hears itself on one interface.

    The numbers are the system's error numbers, 0 where it took what was asked.
    """

    interface: str
    loopback: bool = False
    """Whether the interface is the host's own, that leads nowhere."""
    join_error: int = 0
    send_error: int = 0
    sent: int = 0
    heard: int = 0
    """By a port that nobody else uses."""
    own_port: bool | None = None
    """By the group's own port; None: there was no need to try."""
    port: int = 0
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryHeard:
    """A querier asked who has joined what."""

    at_s: float
    """Seconds since the listening began."""
    source: str
    version: int
    """Of IGMP, or of MLD."""
    igmp: int
    """The version of IGMP that can do as much: MLD 1 does what IGMP 2 does."""
    response_s: float = 10.0
    interval_s: float | None = None
    robustness: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueriesSeen:
    """What was heard of queriers on one interface."""

    interface: str
    version: int = 4
    """Of IP: IGMP for 4, MLD for 6."""
    listened_s: float
    able: bool = True
    """False: only root may listen for queries."""
    queries: tuple[QueryHeard, ...] = ()
    """The first of them and the last."""
    asked: int = 0
    """How many there were in all."""
    reports: int = 0
    """Packets by which this host said what it has joined."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One test datagram at the other end."""

    number: int
    ttl_hops: int | None
    bytes_: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Multicast in one direction: from one doctor's socket into the other's.

    What passed each station, by the numbers of the test datagrams. None: nobody could
    look there (it takes root).
    """

    sent: tuple[int, ...] = ()
    """The small ones."""
    left: tuple[int, ...] | None = None
    """Seen on the wire behind the sender's host."""
    reached: tuple[int, ...] | None = None
    """Seen on the wire before the receiver's host."""
    arrived: tuple[Arrived, ...] = ()
    """Heard by the receiver's socket."""
    sizes: tuple[tuple[int, int], ...] = ()
    """The others, each with its number and its bytes of payload."""
    farther: tuple[int, ...] = ()
    """Small ones that were sent with a TTL that is enough."""
    farther_hops: int = 0
    renewed: tuple[int, ...] = ()
    """Small ones that were sent after the receiver had joined once more."""
    error: str = ""
    """The system's word where it refused to send."""
    forbidden: bool = False
    """Whether it was a permission that lacked: a firewall's word for sending."""
    reverse_path: int = 0
    """Packets that rp_filter threw away at the receiver's meanwhile."""
    interface: str = ""
    """The receiver's."""

    @property
    def heard(self) -> tuple[int, ...]:
        """Return the small ones that arrived, each once."""
        return self.of_these(self.sent)

    def of_these(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Return those of some tests that arrived."""
        there = {one.number for one in self.arrived}
        return tuple(number for number in numbers if number in there)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSeen:
    """What two ends found out together."""

    address: str
    port: int
    """Where the peer's doctor was asked."""
    group: str
    interface: str = ""
    """By which the tests left."""
    trouble: str = ""
    """Why nothing could be tried."""
    refused: bool = False
    """The peer's host says that nobody listens at that port: it is there."""
    serving: bool = False
    """A doctor answered by unicast."""
    fell_silent: bool = False
    """It answered at first, and then no more: ``there`` or ``back`` is not known."""
    one_way: bool = False
    """Only the way back could be tried: the group is received from others alone."""
    other_group: str = ""
    """The group that it serves, where it is another one."""
    members: tuple[str, ...] = ()
    """Names (or addresses) at the peer's address that answered the multicast."""
    name: str = ""
    hops: int | None = None
    """Routers between, by the TTL of unicast."""
    ttl_hops: int = 1
    """With which the tests were sent."""
    there: Way | None = None
    back: Way | None = None
    mtu_bytes: int = 1500
    peer_mtu_bytes: int | None = None
    queries: int = 0
    """Heard by either end while the tests ran."""
    findings: tuple[tuple[str, str], ...] = ()
    """What the peer's own look at itself found: codes, and what they say."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time without a pause that deserves the name."""

    first_s: float
    last_s: float
    datagrams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakSeen:
    """When the group's datagrams came while this host stayed joined.

    Times are seconds since it joined.
    """

    lasted_s: float
    interfaces: tuple[str, ...] = ()
    trouble: str = ""
    stretches: tuple[Stretch, ...] = ()
    longest_gap_s: float = 0.0
    """The longest pause inside the stretches."""
    queries: tuple[QueryHeard, ...] = ()
    """The first and the last few."""
    able: bool = True
    """Whether queries could be listened for."""
    asked_peer: bool = False
    """Whether a peer was asked to send all the time."""
    peer_answered_s: float | None = None
    """When it answered last."""
