"""Groups joined, as the kernel's tables tell them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from groupwire.net.links.memberships import (
    Memberships,
    parse_igmp,
    parse_igmp6,
    parse_mld_version,
    read_memberships,
)

IGMP = """\
Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
4\teth0      :     2      V2
\t\t\t\t632AFFEF     1 0:00000000\t\t1
\t\t\t\t010000E0     1 0:00000000\t\t0
"""
IGMP6 = """\
1    lo              ff020000000000000000000000000001     1 0000000C 0
4    eth0            ff020000000000000000000000000001     1 0000000C 0
4    eth0            ff150000000000000000000000004242     2 00000004 0
"""


def test_igmp_groups_stand_under_their_interface_in_order() -> None:
    found = parse_igmp(IGMP, "little")
    assert found[1].groups == (IPv4Address("224.0.0.1"),)
    assert found[4].groups == (IPv4Address("224.0.0.1"), IPv4Address("239.255.42.99"))


def test_igmp_version_is_what_the_last_querier_made_it() -> None:
    found = parse_igmp(IGMP, "little")
    assert (found[1].version, found[4].version) == (3, 2)


def test_igmp_addresses_are_the_machines_own_integers() -> None:
    text = IGMP.replace("010000E0", "E0000001").replace("632AFFEF", "EFFF2A63")
    assert parse_igmp(text, "big") == parse_igmp(IGMP, "little")


@pytest.mark.parametrize("text", ["", IGMP.splitlines()[0], "\n\n"])
def test_an_empty_table_means_no_groups(text: str) -> None:
    assert parse_igmp(text) == {}
    assert parse_igmp6("") == {}


def test_igmp6_groups_go_by_interface() -> None:
    found = parse_igmp6(IGMP6)
    assert found[1] == (IPv6Address("ff02::1"),)
    assert found[4] == (IPv6Address("ff02::1"), IPv6Address("ff15::4242"))


@pytest.mark.parametrize(
    ("forced", "version"), [("0\n", 2), ("1\n", 1), ("2", 2), ("", 2)]
)
def test_mld_version_is_two_unless_one_is_forced(forced: str, version: int) -> None:
    assert parse_mld_version(forced) == version


def test_an_unknown_interface_has_joined_nothing() -> None:
    assert read_memberships({999_999: "nowhere0"}) == {999_999: Memberships()}


def test_loopback_on_this_machine_has_joined_all_hosts() -> None:
    import socket

    index = socket.if_nametoindex("lo")
    found = read_memberships({index: "lo"})[index]
    assert IPv4Address("224.0.0.1") in found.groups
    assert found.igmp in {1, 2, 3}
