from ipaddress import IPv4Address, ip_address

import pytest

from groupwire.values import block_of, well_known

# RFC 5771 section 3: first and last address of every row, refined by later RFCs.
ROWS = [
    ("224.0.0.1", "224.0.0.255", "Local Network Control Block"),
    ("224.0.1.0", "224.0.1.255", "Internetwork Control Block"),
    ("224.0.2.0", "224.0.255.255", "AD-HOC Block I"),
    ("224.1.0.0", "224.1.255.255", "RESERVED"),
    ("224.2.0.0", "224.2.255.255", "SDP/SAP Block"),
    ("224.3.0.0", "224.4.255.255", "AD-HOC Block II"),
    ("224.5.0.0", "224.255.255.255", "RESERVED"),
    ("225.0.0.0", "231.255.255.255", "RESERVED"),
    ("232.0.0.1", "232.255.255.255", "Source-Specific Multicast Block"),
    ("233.0.0.0", "233.251.255.255", "GLOP Block"),
    ("233.252.0.0", "233.252.0.255", "MCAST-TEST-NET"),
    ("233.252.1.0", "233.255.255.255", "AD-HOC Block III"),
    ("234.0.0.0", "234.255.255.255", "Unicast-Prefix-Based Block"),
    ("235.0.0.0", "238.255.255.255", "RESERVED"),
    ("239.0.0.0", "239.191.255.255", "Administratively Scoped Block"),
    (
        "239.192.0.0",
        "239.195.255.255",
        "Administratively Scoped Block, Organization Local Scope",
    ),
    ("239.196.0.0", "239.252.255.255", "Administratively Scoped Block"),
    (
        "239.253.0.0",
        "239.254.255.255",
        "Administratively Scoped Block, Local Scope expansion",
    ),
    ("239.255.0.0", "239.255.255.255", "Administratively Scoped Block, Local Scope"),
]


@pytest.mark.parametrize(("first", "last", "name"), ROWS)
def test_every_row_of_the_assignment_table_has_its_block(
    first: str, last: str, name: str
) -> None:
    assert block_of(IPv4Address(first)).name == name
    assert block_of(IPv4Address(last)).name == name


def test_the_blocks_lie_side_by_side_over_the_whole_range() -> None:
    step, end = IPv4Address("224.0.0.0"), IPv4Address("240.0.0.0")
    while step != end:
        first, last = block_of(step).range.split(" to ")
        assert IPv4Address(first) == step
        step = IPv4Address(last) + 1


@pytest.mark.parametrize(
    ("text", "name", "span"),
    [
        ("ff02::fb", "for permanent assignments", "ff0x::/16"),
        ("ff0e::db8:0:1", "for documentation", "ff0x::db8:0:0/96"),
        ("ff1e::db8:0:1", "transient", "ff1x::/16"),
        ("ff15::4242", "transient", "ff1x::/16"),
        ("ff3e::8000:1", "Source-Specific Multicast", "ff3x::/32"),
        ("ff3e:40:2001:db8::1", "unicast-prefix-based", "ff3x::/16"),
        ("ff7e:140:2001:db8::1", "embedded rendezvous point", "ff7x::/16"),
        ("ff2e::1", "undefined", "ff00::/8"),
        ("ffee::1", "undefined", "ff00::/8"),
    ],
)
def test_an_ipv6_block_is_told_by_the_flags(text: str, name: str, span: str) -> None:
    block = block_of(ip_address(text))
    assert (block.name, block.range) == (name, span)


# RFC 4607 sections 1 and 4.3: three parts, of which hosts choose from the last.
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("ff3e::1", "invalid"),
        ("ff3e::3fff:ffff", "invalid"),
        ("ff3e::4000:1", "IANA assigns"),
        ("ff3e::7fff:ffff", "IANA assigns"),
        ("232.0.0.255", "IANA assigns"),
    ],
)
def test_source_specific_groups_that_hosts_do_not_choose_carry_advice(
    text: str, advice: str
) -> None:
    assert advice in block_of(ip_address(text)).advice


@pytest.mark.parametrize(
    "text",
    ["239.255.42.99", "239.192.0.1", "232.0.1.0", "ff15::1", "ff3e::8000:0"],
)
def test_what_is_there_for_the_taking_carries_no_advice(text: str) -> None:
    assert not block_of(ip_address(text)).advice


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("224.0.0.1", "all hosts"),
        ("224.0.0.251", "mDNS (RFC 6762)"),
        ("224.0.1.187", "CoAP"),
        ("239.255.255.250", "SSDP"),
        ("ff02::1", "all nodes"),
        ("ff02::fb", "mDNS (RFC 6762)"),
        ("ff05::fb", "mDNS (RFC 6762)"),
        ("ff05::1:3", "DHCPv6"),
        ("ff02::1:3", "LLMNR"),
        ("ff02::1:ffab:cdef", "solicited-node"),
    ],
)
def test_well_known_groups_are_known(text: str, use: str) -> None:
    assert use in (well_known(ip_address(text)) or "")


@pytest.mark.parametrize(
    "text", ["239.255.42.99", "ff12::fb", "ff05::1", "ff02::1:fe00:1", "ff15::4242"]
)
def test_other_groups_are_not_well_known(text: str) -> None:
    assert well_known(ip_address(text)) is None
