"""What a watch tells: values, made once an interval; nothing here counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from groupwire.probe.sequence import SequenceCounts
from groupwire.values import Group, Origin

__all__ = ["GroupReport", "SourceReport", "Span", "WatchReport"]


@dataclass(frozen=True, slots=True)
class Span:
    """What came in a time: in the last interval, or since it began."""

    seconds: float = 0.0
    packets: int = 0
    bytes: int = 0
    """Of payload; headers are not counted."""
    counts: SequenceCounts | None = None
    """What the numbers in the packets say; None where they have none."""
    peak_packets: int = 0
    """The most packets in any 10 ms."""
    silence_s: float = 0.0
    """The longest time without a packet."""

    @property
    def packets_per_s(self) -> float:
        """Packets a second."""
        return self.packets / self.seconds if self.seconds > 0 else 0.0

    @property
    def bits_per_s(self) -> float:
        """Bits of payload a second."""
        return 8 * self.bytes / self.seconds if self.seconds > 0 else 0.0

    @property
    def lost(self) -> int | None:
        """How many are missing; None where that cannot be known."""
        return None if self.counts is None else self.counts.lost

    @property
    def loss(self) -> float | None:
        """The part that is missing, 0 to 1; None where that cannot be known."""
        return None if self.counts is None else self.counts.loss


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One sender to one group, as heard on one interface."""

    source: Origin
    interface: int
    """Index of the interface, 0 when unknown."""
    now: Span
    """The last interval."""
    total: Span
    """Since it was first heard."""
    form: str | None = None
    """RTP, MPEG-TS, NORM, ssmping or groupwire; None: loss cannot be known."""
    detail: str = ""
    """What else the form says, such as the payload type."""
    unit: str = "packets"
    """What ``counts`` counts; a datagram may hold several."""
    ttl_hops: int | None = None
    """Of the last packet."""
    ttl_range: tuple[int, int] | None = None
    """The least and the most there was."""
    size_range: tuple[int, int] = (0, 0)
    """The smallest and the largest payload in bytes."""
    jitter_s: float | None = None
    jitter_by_clock: bool = False
    """By the sender's own clock (RFC 3550 §6.4.1); else by the times of arrival."""
    quiet_s: float = 0.0
    """How long nothing has come from it until now."""
    trail: str = ""
    """A glyph for each of the last packets, where that was asked for."""


@dataclass(frozen=True, slots=True)
class GroupReport:
    """One watched group: its sources, and what was lost on this host."""

    group: Group
    sources: tuple[SourceReport, ...] = ()
    now: Span = field(default_factory=Span)
    """All sources, and those that are not told apart."""
    total: Span = field(default_factory=Span)
    dropped_now: int = 0
    """Dropped by this host in the interval because nobody read fast enough."""
    dropped: int = 0
    """The same since it began; such packets count as lost too."""
    dropped_exactly: bool = True
    """False where the kernel dropped several packets as one, so that it is a guess."""
    others: int = 0
    """Packets of sources beyond those that are told apart."""
    refused: Mapping[str, int] = field(default_factory=dict[str, int])
    """What else was not counted, by reason."""

    @property
    def ip(self) -> IPv4Address | IPv6Address:
        """The group's address."""
        return self.group.ip

    @property
    def lost(self) -> int:
        """Packets missing by their numbers, from all sources that have them."""
        return sum(s.total.lost or 0 for s in self.sources)

    @property
    def lost_on_the_way(self) -> int:
        """Of those, what this host has not dropped itself."""
        return max(0, self.lost - self.dropped)


@dataclass(frozen=True, slots=True)
class WatchReport:
    """What was heard of all groups in one interval."""

    time: float
    """Seconds since the epoch."""
    elapsed_s: float
    interval_s: float
    groups: tuple[GroupReport, ...]
    interfaces: Mapping[int, str] = field(default_factory=dict[int, str])
    """Names of the interfaces by their index."""

    @property
    def packets(self) -> int:
        """Packets of all groups in the interval."""
        return sum(g.now.packets for g in self.groups)
