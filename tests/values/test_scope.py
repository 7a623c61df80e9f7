from ipaddress import IPv6Address, ip_address

import pytest

from groupwire.values import is_source_specific, needs_zone, scope_of
from groupwire.values.scope import RESERVED_SCOPES, ipv6_scope


@pytest.mark.parametrize(
    ("text", "name", "rfc"),
    [
        ("224.0.0.1", "link-local", "RFC 5771 section 4"),
        ("224.0.0.255", "link-local", "RFC 5771 section 4"),
        ("224.0.1.0", "global", "RFC 2365 section 8"),
        ("238.255.255.255", "global", "RFC 2365 section 8"),
        ("239.0.0.1", "administratively scoped", "RFC 2365"),
        ("239.191.255.255", "administratively scoped", "RFC 2365"),
        ("239.192.0.0", "organization-local", "RFC 2365 section 6.2"),
        ("239.195.255.255", "organization-local", "RFC 2365 section 6.2"),
        ("239.196.0.0", "administratively scoped", "RFC 2365"),
        ("239.253.0.0", "local (expansion)", "RFC 2365 section 6.1.1"),
        ("239.254.255.255", "local (expansion)", "RFC 2365 section 6.1.1"),
        ("239.255.0.0", "local", "RFC 2365 section 6.1"),
        ("239.255.255.255", "local", "RFC 2365 section 6.1"),
    ],
)
def test_the_scope_of_an_ipv4_group_is_the_rfc_s(
    text: str, name: str, rfc: str
) -> None:
    scope = scope_of(ip_address(text))
    assert (scope.name, scope.rfc) == (name, rfc)
    assert scope.reach


# RFC 7346 section 2, the whole table without the reserved ends.
@pytest.mark.parametrize(
    ("scop", "name"),
    [
        (0x1, "interface-local"),
        (0x2, "link-local"),
        (0x3, "realm-local"),
        (0x4, "admin-local"),
        (0x5, "site-local"),
        (0x6, "unassigned"),
        (0x7, "unassigned"),
        (0x8, "organization-local"),
        (0x9, "unassigned"),
        (0xA, "unassigned"),
        (0xD, "unassigned"),
        (0xE, "global"),
    ],
)
def test_the_scope_of_an_ipv6_group_is_its_fourth_digit(scop: int, name: str) -> None:
    ip = IPv6Address(f"ff1{scop:x}::4242")
    assert ipv6_scope(ip) == scop
    assert scop not in RESERVED_SCOPES
    assert scope_of(ip).name == name
    assert scope_of(ip).rfc == "RFC 7346 section 2"


@pytest.mark.parametrize("text", ["224.0.0.251", "ff01::1", "ff12::1"])
def test_what_stays_on_the_link_is_not_forwarded(text: str) -> None:
    assert not scope_of(ip_address(text)).forwarded


@pytest.mark.parametrize("text", ["224.0.1.1", "239.255.0.1", "ff13::1", "ff15::1"])
def test_what_leaves_the_link_is_forwarded(text: str) -> None:
    assert scope_of(ip_address(text)).forwarded


@pytest.mark.parametrize(
    ("text", "specific"),
    [
        ("231.255.255.255", False),
        ("232.0.0.1", True),
        ("232.255.255.255", True),
        ("233.0.0.0", False),
        ("ff31::1", True),
        ("ff3e::8000:1", True),
        ("ff3e:0:1:2:3:4:5:6", True),
        ("ff3e:40:2001:db8::1", False),
        ("ff1e::1", False),
        ("ff7e::1", False),
    ],
)
def test_source_specific_groups_are_those_of_rfc_4607(
    text: str, specific: bool
) -> None:
    assert is_source_specific(ip_address(text)) is specific


@pytest.mark.parametrize(
    ("text", "needs"),
    [("ff11::1", True), ("ff02::1", True), ("ff13::1", False), ("224.0.0.1", False)],
)
def test_a_zone_is_needed_up_to_the_link(text: str, needs: bool) -> None:
    assert needs_zone(ip_address(text)) is needs
