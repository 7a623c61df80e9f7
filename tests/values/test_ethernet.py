from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.values import colliding, collision_pattern, ethernet_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("224.0.0.1", "01:00:5e:00:00:01"),
        ("239.255.42.99", "01:00:5e:7f:2a:63"),
        ("239.127.42.99", "01:00:5e:7f:2a:63"),
        ("224.3.29.71", "01:00:5e:03:1d:47"),
        ("239.255.255.255", "01:00:5e:7f:ff:ff"),
        ("ff02::fb", "33:33:00:00:00:fb"),
        ("ff02::1:ffab:cdef", "33:33:ff:ab:cd:ef"),
    ],
)
def test_the_ethernet_address_is_the_rfc_s(text: str, address: str) -> None:
    assert ethernet_address(ip_address(text)) == address


@given(st.integers(0xE0000000, 0xEFFFFFFF).map(IPv4Address))
def test_thirty_one_other_ipv4_groups_share_it(ip: IPv4Address) -> None:
    others = colliding(ip)
    assert len(set(others)) == 31
    assert ip not in others
    assert all(other.is_multicast for other in others)
    assert {ethernet_address(other) for other in others} == {ethernet_address(ip)}


@given(st.integers(0, (1 << 120) - 1).map(lambda low: IPv6Address(0xFF << 120 | low)))
def test_ipv6_names_the_likeliest_groups_that_share_it(ip: IPv6Address) -> None:
    others = colliding(ip)
    assert others
    assert ip not in others
    assert {ethernet_address(other) for other in others} == {ethernet_address(ip)}


def test_a_group_is_not_among_its_own_collisions() -> None:
    assert IPv6Address("ff12::4242") not in colliding(IPv6Address("ff12::4242"))
    assert IPv6Address("ff02::4242") in colliding(IPv6Address("ff12::4242"))


def test_the_pattern_says_it_in_words() -> None:
    assert collision_pattern(IPv4Address("239.129.2.3")) == (
        "32 groups: 224 to 239 in front, then 1.2.3 or 129.2.3"
    )
    assert collision_pattern(IPv6Address("ff12::1:4242")) == (
        "every IPv6 group that ends in 0001:4242"
    )
