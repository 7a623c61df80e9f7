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
"""Sources whose rate is remembered; the least recent is forgotten first."""
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
    HEARD = "heard"
    """The asker has our answer already."""
    NOT_ASKED = "not-asked"
    """It wants no answer, or none of ours."""
    ANSWERED = "answered"
    FORGOTTEN = "forgotten"
    """Too many messages came since."""
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
class _Bucket:
    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the address alone decides; ``limit`` None: the question's own size."""

    refusal: Refusal | None
    limit: int | None = None


class AnswerPolicy:
    """Decides by address, port, size and rate (design rule: safe without keys)."""

    def __init__(self, limits: Limits, interfaces: Iterable[Interface]) -> None:
        self._limits = limits
        self._interfaces = {i.index: i for i in interfaces}
        self._buckets: OrderedDict[Address, _Bucket] = OrderedDict()
        self._verdicts: OrderedDict[tuple[Origin, int], _Verdict] = OrderedDict()

    def update_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Use these interfaces from now on."""
        self._interfaces = {i.index: i for i in interfaces}
        self._verdicts.clear()

    def refusal(
        self, sender: Origin, index: int, *, asked_bytes: int, bytes_: int, now: float
    ) -> Refusal | None:
        """Return why this answer is not given, None when it is (and is counted)."""
        verdict = self._verdict(sender, index)
        if verdict.refusal is not None:
            return verdict.refusal
        limit = verdict.limit
        if bytes_ > (asked_bytes + MAX_GAIN_BYTES if limit is None else limit):
            return Refusal.TOO_LARGE
        return None if self._may(sender.ip, now) else Refusal.RATE

    def _verdict(self, sender: Origin, index: int) -> _Verdict:
        key = (sender, index)
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = self._verdicts[key] = self._judge(sender, index)
            if len(self._verdicts) > MAX_SOURCES:
                self._verdicts.popitem(last=False)
        return verdict

    def _judge(self, sender: Origin, index: int) -> _Verdict:
        ip, interface = sender.ip, self._interfaces.get(index)
        if (no_host := _no_host(sender, interface)) is not None:
            return _Verdict(no_host)
        if interface is not None and interface.reaches(ip):
            room = interface.mtu_bytes - _HEADERS[ip.version]
            return _Verdict(None, min(room, _LARGEST[ip.version]))
        limits = self._limits
        if ip == limits.source or any(_holds(n, ip) for n in limits.answer_to):
            return _Verdict(None)
        return _Verdict(Refusal.OFF_LINK)

    def _may(self, ip: Address, now: float) -> bool:
        rate = self._limits.rate
        bucket = self._buckets.get(ip)
        if bucket is None:
            bucket = self._buckets[ip] = _Bucket(rate, now)
            if len(self._buckets) > MAX_SOURCES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(ip)
        bucket.tokens = min(rate, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _no_host(sender: Origin, interface: Interface | None) -> Refusal | None:
    """Return why nobody could have sent from there, None where somebody could."""
    if sender.port < _FIRST_FREE_PORT:
        return Refusal.LOW_PORT if sender.port else Refusal.PORT_ZERO
    if sender.ip.is_unspecified:
        return Refusal.ZERO_SOURCE
    if sender.ip.is_multicast:
        return Refusal.MULTICAST_SOURCE
    if sender.ip == _BROADCAST or _is_broadcast_of(sender.ip, interface):
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
