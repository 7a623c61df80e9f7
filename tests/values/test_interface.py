from ipaddress import IPv6Address, ip_address, ip_interface

import pytest

from groupwire.values import Interface
from groupwire.values.interface import listed

ETH0 = Interface(
    "eth0",
    2,
    tuple(
        map(
            ip_interface,
            ["10.0.0.7/24", "192.168.5.1/16", "2001:db8::7/64", "fe80::7/64"],
        )
    ),
)


def test_the_first_ipv4_address_is_the_one_to_send_with() -> None:
    assert str(ETH0.address(4)) == "10.0.0.7"


def test_the_link_local_ipv6_address_is_the_one_to_send_with() -> None:
    assert str(ETH0.address(6)) == "fe80::7"


def test_without_a_link_local_address_another_one_does() -> None:
    only = Interface("lo", 1, (ip_interface("::1/128"),))
    assert only.address(6) == IPv6Address("::1")


@pytest.mark.parametrize("version", [4, 6])
def test_an_interface_without_addresses_has_none_to_send_with(version: int) -> None:
    assert Interface("dummy0", 9).address(version) is None


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("10.0.0.99", True),
        ("192.168.77.1", True),
        ("10.0.1.1", False),
        ("8.8.8.8", False),
        ("2001:db8::99", True),
        ("2001:db8:1::1", False),
        ("fe80::99", True),
    ],
)
def test_neighbours_are_those_of_a_network_of_the_interface(
    text: str, reached: bool
) -> None:
    assert ETH0.reaches(ip_address(text)) is reached


def test_of_many_names_the_first_are_told_and_how_many_more_there_are() -> None:
    names = [f"eth{n}" for n in range(1009)]
    assert listed(names[:2]) == "eth0, eth1"
    assert listed(names[:2], between=" or ") == "eth0 or eth1"
    assert listed(names[:8]).endswith("eth6, eth7")
    assert listed(names).endswith("eth6, eth7 and 1,001 more")
