"""Reads IGMP and MLD packets: who asks who has joined, and who says so.

A packet is given from its IP header on. Junk is no packet of either: None.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

__all__ = ["QueryPacket", "ReportPacket", "parse_membership"]

_IGMP, _HOP_BY_HOP, _ICMP6 = 2, 0, 58
_IGMP_QUERY = 0x11
_IGMP_REPORTS = {0x12: 1, 0x16: 2, 0x22: 3}
_MLD_QUERY = 130
_MLD_REPORTS = {131: 1, 143: 2}
_V1_RESPONSE_S = 10.0
"""RFC 3376 section 7: version 1 knows no other time to answer in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPacket:
    """A querier asks; MLD versions 1 and 2 do what IGMP versions 2 and 3 do."""

    source: IPv4Address | IPv6Address
    version: int
    group: IPv4Address | IPv6Address
    """Zero: about all groups."""
    response_s: float
    """Members answer within this."""
    interval_s: float | None = None
    """How often it asks (QQIC), where the version tells."""
    robustness: int | None = None

    @property
    def igmp(self) -> int:
        """The version of IGMP that can do as much."""
        return self.version + (self.source.version == 6)


@dataclass(frozen=True, slots=True)
class ReportPacket:
    """A member says what it has joined."""

    source: IPv4Address | IPv6Address
    version: int


def parse_membership(packet: bytes) -> QueryPacket | ReportPacket | None:
    """Return what an IP packet says about memberships; None: nothing."""
    if not packet:
        return None
    match packet[0] >> 4:
        case 4:
            return _igmp(packet)
        case 6:
            return _mld(packet)
        case _:
            return None


def _igmp(packet: bytes) -> QueryPacket | ReportPacket | None:
    at = (packet[0] & 15) * 4
    if at < 20 or len(packet) < at + 8 or packet[9] != _IGMP:
        return None
    source, body = IPv4Address(packet[12:16]), packet[at:]
    if body[0] == _IGMP_QUERY:
        return _igmp_query(source, body)
    version = _IGMP_REPORTS.get(body[0])
    return None if version is None else ReportPacket(source, version)


def _igmp_query(source: IPv4Address, body: bytes) -> QueryPacket:
    """Tell the versions apart as RFC 3376 section 7.1 does."""
    group = IPv4Address(body[4:8])
    if len(body) >= 12:
        return QueryPacket(
            source=source,
            version=3,
            group=group,
            response_s=_float8(body[1]) / 10,
            interval_s=_float8(body[9]) or None,
            robustness=body[8] & 7 or None,
        )
    if body[1]:
        return QueryPacket(
            source=source, version=2, group=group, response_s=body[1] / 10
        )
    return QueryPacket(source=source, version=1, group=group, response_s=_V1_RESPONSE_S)


def _mld(packet: bytes) -> QueryPacket | ReportPacket | None:
    # RFC 3810 section 5: always behind a hop-by-hop header with Router Alert.
    if len(packet) < 42 or packet[6] != _HOP_BY_HOP or packet[40] != _ICMP6:
        return None
    at = 40 + 8 * (packet[41] + 1)
    source, body = IPv6Address(packet[8:24]), packet[at:]
    if len(body) < 8:
        return None
    if body[0] == _MLD_QUERY:
        return _mld_query(source, body)
    version = _MLD_REPORTS.get(body[0])
    return None if version is None else ReportPacket(source, version)


def _mld_query(source: IPv6Address, body: bytes) -> QueryPacket | None:
    if len(body) < 24:
        return None
    group, code = IPv6Address(body[8:24]), int.from_bytes(body[4:6], "big")
    if len(body) < 28:
        return QueryPacket(
            source=source, version=1, group=group, response_s=code / 1000
        )
    return QueryPacket(
        source=source,
        version=2,
        group=group,
        response_s=_float16(code) / 1000,
        interval_s=_float8(body[25]) or None,
        robustness=body[24] & 7 or None,
    )


def _float8(code: int) -> int:
    """Read a Max Resp Code or QQIC (RFC 3376 section 4.1.1)."""
    return code if code < 128 else ((code & 15) | 16) << ((code >> 4 & 7) + 3)


def _float16(code: int) -> int:
    """Read a Maximum Response Code (RFC 3810 section 5.1.3)."""
    if code < 32_768:
        return code
    return ((code & 0xFFF) | 0x1000) << ((code >> 12 & 7) + 3)
