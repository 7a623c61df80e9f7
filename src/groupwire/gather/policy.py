"""Who may be answered: where a forged sender address can do no harm.

Any source address can be forged. Answers therefore stay on the link, go to ports where
no old service listens, and are limited in size and rate; SECURITY.md tells why.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from groupwire.values import Interface, Origin

__all__ = ["AnswerPolicy", "Limits", "Refusal"]

MAX_SOURCES = 4096
"""Sources whose rate is remembered; the oldest is forgotten first."""
MAX_GAIN_BYTES = 64
"""An answer beyond the link is at most so much larger than its question."""
_FIRST_FREE_PORT = 1024
_HEADERS = {4: 28, 6: 48}
_LARGEST = {4: 65_507, 6: 65_527}
_BROADCAST = IPv4Address("255.255.255.255")

Address = IPv4Address | IPv6Address


class Refusal(StrEnum):
    """Why a message is not answered; also the names of counters."""

    PORT_ZERO = "port-0"
    LOW_PORT = "low-port"
    ZERO_SOURCE = "zero-source"
    MULTICAST_SOURCE = "multicast-source"
    BROADCAST_SOURCE = "broadcast-source"
    OFF_LINK = "off-link"
    TOO_LARGE = "too-large"
    RATE = "rate"
    STREAM = "stream"
    """It is plainly a media or NORM stream."""
    UNICAST = "unicast"
    """It is plain, and came to this member alone: it may be an answer itself."""
    HEARD = "heard"
    """The asker has our answer already."""
    NOT_ASKED = "not-asked"
    """It wants no answer, or none of ours."""
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Limits:
    """Whom to answer beyond the link, and how often anyone."""

    source: Address | None = None
    """The SOURCE of a source-specific group."""
    answer_to: tuple[IPv4Network | IPv6Network, ...] = ()
    rate: int = 1000
    """Answers per second and source, and the burst."""


@dataclass(slots=True)
class _Source:
    """What an address alone decides, and its token bucket."""

    refusal: Refusal | None
    limit: int | None
    """The most bytes of an answer; None: by the question's own size."""
    tokens: float = 0
    at: float = 0


class AnswerPolicy:
    """Decides by address, port, size and rate (design rule: safe without keys)."""

    def __init__(self, limits: Limits, interfaces: Iterable[Interface]) -> None:
        self._limits = limits
        self._rate = float(limits.rate)
        self._interfaces = {i.index: i for i in interfaces}
        self._sources: OrderedDict[tuple[str, int], _Source] = OrderedDict()

    def update_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Use these interfaces from now on."""
        self._interfaces = {i.index: i for i in interfaces}
        self._sources.clear()

    def refusal(
        self, sender: Origin, index: int, *, asked_bytes: int, bytes_: int, now: float
    ) -> Refusal | None:
        """Return why this answer is not given, None when it is (and is counted)."""
        if sender.port < _FIRST_FREE_PORT:
            return Refusal.LOW_PORT if sender.port else Refusal.PORT_ZERO
        # By address, not by port: a question comes from a new port every time.
        key = (sender.host, index)
        source = self._sources.get(key)
        if source is None:
            source = self._sources[key] = self._first_seen(sender.ip, index, now)
            if len(self._sources) > MAX_SOURCES:
                self._sources.popitem(last=False)
        if source.refusal is not None:
            return source.refusal
        limit = source.limit
        if bytes_ > (asked_bytes + MAX_GAIN_BYTES if limit is None else limit):
            return Refusal.TOO_LARGE
        tokens = source.tokens + (now - source.at) * self._rate
        if tokens > self._rate:
            tokens = self._rate
        source.at = now
        if tokens < 1.0:
            source.tokens = tokens
            return Refusal.RATE
        source.tokens = tokens - 1.0
        return None

    def _first_seen(self, ip: Address, index: int, now: float) -> _Source:
        refusal, limit = self._judge(ip, self._interfaces.get(index))
        return _Source(refusal, limit, self._rate, now)

    def _judge(
        self, ip: Address, interface: Interface | None
    ) -> tuple[Refusal | None, int | None]:
        if (no_host := _no_host(ip, interface)) is not None:
            return no_host, None
        if interface is not None and interface.reaches(ip):
            room = interface.mtu_bytes - _HEADERS[ip.version]
            return None, min(room, _LARGEST[ip.version])
        limits = self._limits
        if ip == limits.source or any(_holds(n, ip) for n in limits.answer_to):
            return None, None
        return Refusal.OFF_LINK, None


def _no_host(ip: Address, interface: Interface | None) -> Refusal | None:
    """Return why nobody could have sent from there, None where somebody could."""
    if ip.is_unspecified:
        return Refusal.ZERO_SOURCE
    if ip.is_multicast:
        return Refusal.MULTICAST_SOURCE
    if ip == _BROADCAST or _is_broadcast_of(ip, interface):
        return Refusal.BROADCAST_SOURCE
    return None


def _is_broadcast_of(ip: Address, interface: Interface | None) -> bool:
    return interface is not None and any(
        own.version == 4
        and own.network.prefixlen < 31
        # Old systems took the lowest address of a network for its broadcast.
        and ip in {own.network.broadcast_address, own.network.network_address}
        for own in interface.addresses
    )


def _holds(network: IPv4Network | IPv6Network, ip: Address) -> bool:
    return network.version == ip.version and ip in network
