from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import AddressError
from groupwire.values import Explanation


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("239.255.42.99", "239.255.42.99"),
        ("239.255.42.99:10000", "239.255.42.99:10000"),
        ("239.255.42.99%eth0", "239.255.42.99%eth0"),
        ("10.0.0.7@232.1.1.1", "10.0.0.7@232.1.1.1"),
        ("udp://@239.1.1.1:5", "239.1.1.1:5"),
        ("ff02::fb", "[ff02::fb]"),
        ("ff02::fb%eth0", "[ff02::fb%eth0]"),
        ("[ff02::fb]", "[ff02::fb]"),
        ("[ff02::fb%eth0]:5353", "[ff02::fb%eth0]:5353"),
    ],
)
def test_a_group_is_explained_with_and_without_a_port(text: str, printed: str) -> None:
    assert str(Explanation.parse(text)) == printed
    assert Explanation.parse(printed) == Explanation.parse(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10.1.1.1", "not a group"),
        ("2001:db8::1", "not a group"),
        ("255.255.255.255", "broadcast"),
        ("cameras", "no IP address"),
        ("", "empty"),
        ("239.1.1.1:0", "out of range"),
        ("239.1.1.1:", "no port"),
        ("10.0.0.7@224.0.0.5", "filtered by source"),
        ("ff02::fb%", "no interface"),
        ("ff02::fb%eth0:5", "in brackets"),
    ],
)
def test_what_is_no_group_is_politely_refused(text: str, problem: str) -> None:
    with pytest.raises(AddressError) as caught:
        Explanation.parse(text)
    assert problem in caught.value.problem
    assert caught.value.text == text
    assert caught.value.fix


def test_one_made_by_hand_is_checked_as_well() -> None:
    with pytest.raises(AddressError, match="out of range"):
        Explanation(IPv4Address("239.1.1.1"), 0)


def test_the_default_group_is_all_clear() -> None:
    told = Explanation.parse("239.255.42.99:10000")
    assert told.scope.name == "local"
    assert "site" in told.scope.reach
    assert told.block.name == "Administratively Scoped Block, Local Scope"
    assert told.block.rfc == "RFC 2365 section 6.1"
    assert told.well_known is None
    assert not told.is_source_specific
    assert told.ethernet_address == "01:00:5e:7f:2a:63"
    assert len(told.colliding) == 31
    assert "127.42.99 or 255.42.99" in told.collision_pattern
    assert told.notes == ()
    assert told.warnings == ()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("224.0.0.251", "a TTL above 1 does not take it further"),
        ("ff02::fb", "a hop limit above 1 does not take it further"),
        ("ff02::fb", "[ff02::fb%eth0], or -i eth0"),
        ("232.1.1.1", "SOURCE@GROUP"),
        ("ff3e::8000:1", "SOURCE@GROUP"),
        ("224.3.29.71", "RFC 8815"),
        ("ff1e::1", "RFC 8815"),
        ("233.1.2.3", "AS258"),
        ("234.192.0.2", "192.0.2.0/24"),
    ],
)
def test_what_is_worth_knowing_is_noted(text: str, note: str) -> None:
    assert note in "\n".join(Explanation.parse(text).notes)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("10.0.0.7@232.1.1.1", "SOURCE@GROUP"),
        ("232.1.1.1", "RFC 8815"),
        ("ff02::fb%eth0", "-i eth0"),
        ("239.1.1.1", "RFC 8815"),
    ],
)
def test_what_is_settled_already_is_not_noted(text: str, note: str) -> None:
    assert note not in "\n".join(Explanation.parse(text).notes)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("224.3.29.71", "AD-HOC Block II: assigned global space"),
        ("230.255.255.255", "must not use reserved space (RFC 5771 section 13)"),
        ("233.252.0.1", "must not appear on the public Internet"),
        ("224.0.0.251", "in use: mDNS"),
        ("239.255.255.250", "in use: SSDP"),
        ("239.255.255.17", "RFC 2365 section 9"),
        ("239.195.255.17", "RFC 2365 section 9"),
        ("ff05::4242", "as in ff15::4242"),
        ("239.128.0.5", "Ethernet address with 224.0.0.5"),
        ("224.128.0.5", "Ethernet address with 224.0.0.5"),
        ("232.0.0.5", "Ethernet address with 224.0.0.5"),
        ("ff15::1", "Ethernet address with ff02::1"),
    ],
)
def test_reasons_to_take_another_group_are_warnings(text: str, warning: str) -> None:
    assert warning in "\n".join(Explanation.parse(text).warnings)


@pytest.mark.parametrize(
    "text", ["224.0.0.5", "ff02::1", "239.128.1.5", "ff15::2", "239.64.0.5"]
)
def test_no_collision_is_seen_where_none_is(text: str) -> None:
    assert "Ethernet" not in "\n".join(Explanation.parse(text).warnings)


def test_a_known_relative_address_is_warned_of_once() -> None:
    assert len(Explanation.parse("239.255.255.250").warnings) == 1


@given(
    st.integers(0xE0000001, 0xEFFFFFFF)
    .filter(lambda n: n != 0xE8000000)
    .map(IPv4Address)
    | st.integers(0xFF01 << 112, (0xFF0F << 112) - 1).map(IPv6Address)
)
def test_every_group_has_an_explanation(ip: IPv4Address | IPv6Address) -> None:
    told = Explanation.parse(str(ip))
    assert told == Explanation(ip)
    assert told.scope.reach
    assert told.block.use
    assert all(told.notes)
    assert all(told.warnings)
