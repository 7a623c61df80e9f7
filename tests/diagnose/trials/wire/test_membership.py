import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.diagnose.trials.wire.membership import (
    QueryPacket,
    ReportPacket,
    parse_membership,
)

SOURCE4, SOURCE6 = IPv4Address("198.18.1.9"), IPv6Address("fe80::9")
NONE4, NONE6 = IPv4Address(0), IPv6Address(0)


def ip4(body: bytes, *, protocol: int = 2, options: bytes = b"\x94\x04\0\0") -> bytes:
    """Return an IPv4 packet with Router Alert."""
    words = 5 + len(options) // 4
    head = struct.pack(
        "!BBHHHBBH4s4s",
        *(0x40 | words, 0, words * 4 + len(body), 0, 0, 1, protocol, 0),
        *(SOURCE4.packed, IPv4Address("224.0.0.1").packed),
    )
    return head + options + body


def ip6(body: bytes, *, following: int = 0, icmp: int = 58) -> bytes:
    """Return an IPv6 packet with Router Alert in a hop-by-hop header."""
    addresses = SOURCE6.packed + IPv6Address("ff02::1").packed
    head = struct.pack("!IHBB", 6 << 28, 8 + len(body), following, 1) + addresses
    return head + bytes([icmp, 0, 5, 2, 0, 0, 1, 0]) + body


def igmp(kind: int, code: int, *more: int, group: IPv4Address = NONE4) -> bytes:
    return struct.pack("!BBH4s", kind, code, 0, group.packed) + bytes(more)


def mld(kind: int, code: int, *more: int) -> bytes:
    return struct.pack("!BBHHH16s", kind, 0, 0, code, 0, NONE6.packed) + bytes(more)


def test_a_query_of_version_3_tells_its_interval() -> None:
    assert parse_membership(ip4(igmp(0x11, 100, 2, 125, 0, 0))) == QueryPacket(
        source=SOURCE4,
        version=3,
        group=NONE4,
        response_s=10.0,
        interval_s=125,
        robustness=2,
    )


def test_older_queries_are_told_apart_by_length_and_time() -> None:
    group = IPv4Address("239.1.1.1")
    second = parse_membership(ip4(igmp(0x11, 10, group=group)))
    first = parse_membership(ip4(igmp(0x11, 0), options=b""))
    assert second == QueryPacket(source=SOURCE4, version=2, group=group, response_s=1)
    assert first == QueryPacket(source=SOURCE4, version=1, group=NONE4, response_s=10)


@pytest.mark.parametrize(
    ("code", "value"), [(127, 127), (0x80, 128), (0x8F, 248), (0xFF, 31_744)]
)
def test_large_times_are_written_with_an_exponent(code: int, value: int) -> None:
    found = parse_membership(ip4(igmp(0x11, code, 0, code, 0, 0)))
    assert isinstance(found, QueryPacket)
    assert (found.response_s, found.interval_s) == (value / 10, value)


def test_what_a_querier_leaves_out_is_not_known() -> None:
    found = parse_membership(ip4(igmp(0x11, 1, 8, 0, 0, 0)))
    assert isinstance(found, QueryPacket)
    assert (found.interval_s, found.robustness) == (None, None)


@pytest.mark.parametrize(("kind", "version"), [(0x12, 1), (0x16, 2), (0x22, 3)])
def test_reports_are_told_by_version(kind: int, version: int) -> None:
    assert parse_membership(ip4(igmp(kind, 0))) == ReportPacket(SOURCE4, version)


def test_queries_of_mld_are_told_apart_by_length() -> None:
    second = parse_membership(ip6(mld(130, 10_000, 2, 125, 0, 0)))
    first = parse_membership(ip6(mld(130, 1000)))
    assert second == QueryPacket(
        source=SOURCE6,
        version=2,
        group=NONE6,
        response_s=10,
        interval_s=125,
        robustness=2,
    )
    assert first == QueryPacket(source=SOURCE6, version=1, group=NONE6, response_s=1)
    assert isinstance(second, QueryPacket)
    assert isinstance(first, QueryPacket)
    assert (second.igmp, first.igmp) == (3, 2)


def test_large_times_of_mld_are_written_with_an_exponent() -> None:
    found = parse_membership(ip6(mld(130, 0x8001, 0, 0, 0, 0)))
    assert isinstance(found, QueryPacket)
    assert (found.response_s, found.interval_s) == (0x1001 * 8 / 1000, None)


@pytest.mark.parametrize(("kind", "version"), [(131, 1), (143, 2)])
def test_reports_of_mld_are_told_by_version(kind: int, version: int) -> None:
    assert parse_membership(ip6(mld(kind, 0))) == ReportPacket(SOURCE6, version)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x00" * 60,
        ip4(igmp(0x11, 1), protocol=17),
        ip4(igmp(0x17, 0)),
        ip4(igmp(0x11, 1))[:-1],
        b"\x41" + ip4(igmp(0x11, 1))[1:],
        ip6(mld(130, 1), following=58),
        ip6(mld(130, 1), icmp=17),
        ip6(mld(130, 1))[:50],
        ip6(mld(130, 1))[:-1],
        ip6(mld(136, 1)),
    ],
)
def test_all_else_is_nothing(packet: bytes) -> None:
    assert parse_membership(packet) is None


@given(st.binary(max_size=90), st.sampled_from([0x45, 0x46, 0x60]))
def test_arbitrary_bytes_raise_nothing(data: bytes, first: int) -> None:
    parse_membership(data)
    parse_membership(bytes([first]) + data)
