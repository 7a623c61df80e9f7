from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupwire.errors import AddressError
from groupwire.values import (
    DEFAULT_DELIVERY_GROUP,
    DEFAULT_GROUP,
    DEFAULT_MESSAGE_GROUP,
    Group,
)

V4 = IPv4Address("239.255.42.99")
V6 = IPv6Address("ff12::4242")

CANONICAL = [
    ("239.255.42.99:10000", Group(V4, 10000)),
    ("239.255.255.255:65535", Group(IPv4Address("239.255.255.255"), 65535)),
    ("224.0.0.1:1", Group(IPv4Address("224.0.0.1"), 1)),
    ("239.255.42.99%eth0.100:7", Group(V4, 7, interface="eth0.100")),
    ("239.255.42.99%br-lan:7", Group(V4, 7, interface="br-lan")),
    ("239.255.42.99%10.0.0.1:7", Group(V4, 7, interface="10.0.0.1")),
    ("239.255.42.99%3:7", Group(V4, 7, interface="3")),
    ("239.255.42.99%all:7", Group(V4, 7, interface="all")),
    ("239.255.42.99%eth0:1:7", Group(V4, 7, interface="eth0:1")),
    ("[ff12::4242%eth0]:10000", Group(V6, 10000, interface="eth0")),
    ("[ff12::4242%fe80::1]:10000", Group(V6, 10000, interface="fe80::1")),
    (
        "10.0.0.7@232.1.1.1%eth0:5000",
        Group(IPv4Address("232.1.1.1"), 5000, IPv4Address("10.0.0.7"), "eth0"),
    ),
    (
        "[2001:db8::7]@[ff3e::4242%eth0]:5000",
        Group(IPv6Address("ff3e::4242"), 5000, IPv6Address("2001:db8::7"), "eth0"),
    ),
]


@pytest.mark.parametrize(("text", "group"), CANONICAL)
def test_a_group_reads_and_prints_the_same(text: str, group: Group) -> None:
    assert Group.parse(text) == group
    assert str(group) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("udp://@239.1.1.1:5000", "239.1.1.1:5000"),
        ("UDP://@239.1.1.1:5000/", "239.1.1.1:5000"),
        ("udp://239.1.1.1:5000", "239.1.1.1:5000"),
        ("udp://10.0.0.7@232.1.1.1:5000", "10.0.0.7@232.1.1.1:5000"),
        ("rtp://@[ff15::1%eth0]:5004", "[ff15::1%eth0]:5004"),
        ("rtp://@[ff15::1%25eth0]:5004", "[ff15::1%eth0]:5004"),
        ("udp://@239.1.1.1%25:5000", "239.1.1.1%25:5000"),
        ("2001:db8::7@[ff3e::1]:5000", "[2001:db8::7]@[ff3e::1]:5000"),
        ("[2001:DB8:0::7]@[FF3E::1]:5000", "[2001:db8::7]@[ff3e::1]:5000"),
        ("[ff12:0:0::0:4242]:5000", "[ff12::4242]:5000"),
    ],
)
def test_other_spellings_print_canonically(text: str, canonical: str) -> None:
    assert str(Group.parse(text)) == canonical


def test_groups_of_other_spelling_are_equal_and_hash_alike() -> None:
    one, other = Group.parse("[FF15::1]:5"), Group.parse("udp://@[ff15:0::1]:5")
    assert one == other
    assert len({one, other}) == 1
    assert one != Group.parse("[ff15::1]:6")


REFUSED = [
    ("", "empty", "such as 239.255.42.99:10000"),
    (" 239.1.1.1:5", "white space", ""),
    ("239.1.1.1:5\n", "white space", ""),
    ("239.1.1.1", "no port", "add one: 239.1.1.1:10000"),
    ("10.0.0.7@232.1.1.1%eth0", "no port", "10.0.0.7@232.1.1.1%eth0:10000"),
    ("[ff15::1]", "no port", "add one: [ff15::1]:10000"),
    ("239.1.1.1:", "no port", ""),
    ("239.1.1.1:0", "port 0 is out of range", "from 1 to 65535"),
    ("239.1.1.1:65536", "port 65536 is out of range", "from 1 to 65535"),
    ("239.1.1.1:" + "9" * 9999, "out of range", "from 1 to 65535"),
    ("239.1.1.1:http", "'http' is no number", "from 1 to 65535"),
    ("239.1.1.1:-5", "'-5' is no number", ""),
    ("239.1.1.1:٣", "is no number", ""),
    ("239.1.1.1:0500", "leading zeros", "without them"),
    ("239.01.1.1:5", "leading zeros", "without them"),
    ("239.1.1:5", "'239.1.1' is no IPv4 address", "0 to 255"),
    ("239.1.1.256:5", "no IPv4 address", "0 to 255"),
    ("cameras.example:5", "'cameras.example' is no IP address", "239.255.42.99:10000"),
    (":5", "no group is named", ""),
    ("10.0.0.7@:5", "no group is named", ""),
    ("@239.1.1.1:5", "no source stands before @", "write 239.1.1.1:5"),
    ("http://239.1.1.1:5", "http:// names no group", "udp://@"),
    ("udp://@239.1.1.1:5?ttl=3", "options in a URL", "from ? on"),
    ("192.168.1.1:5", "is a unicast address, not a group", "239.255.255.255"),
    ("192.168.1.255:5", "is a unicast address", "239.255.255.255"),
    ("0.0.0.0:5", "unspecified", "239.255.42.99"),
    ("255.255.255.255:5", "the broadcast address", "239.255.42.99"),
    ("240.0.0.1:5", "a reserved address", "239.255.42.99"),
    ("223.255.255.255:5", "a unicast address", "224.0.0.1"),
    ("224.0.0.0:5", "never assigned to any group (RFC 1112", "224.0.0.1"),
    ("10.0.0.7@232.0.0.0:5", "RFC 4607 section 4.3", ""),
    ("[fe80::1]:5", "is a unicast address, not a group", "begins with ff"),
    ("[::]:5", "unspecified", "begins with ff"),
    ("[::ffff:239.1.1.1]:5", "IPv4 in disguise", "write 239.1.1.1"),
    ("[ff00::1]:5", "reserved scope 0 (RFC 7346", "2 for the link"),
    ("[ff1f::1]:5", "reserved scope f (RFC 7346", "2 for the link"),
    ("[ff3e::4000:0]:5", "RFC 4607 section 4.3", "ff3x::8000:0"),
    ("ff12::4242:10000", "stands in brackets", "write [ff12::4242]:10000"),
    ("ff12::4242", "stands in brackets", "write [ff12::4242]:PORT"),
    ("ff12::1%eth0:500", "stands in brackets", "write [ff12::1%eth0]:500"),
    ("ff12::1%eth0", "stands in brackets", "write [ff12::1%eth0]:PORT"),
    ("ff12:1:2:3:4:5:6:7", "stands in brackets", "[ff12:1:2:3:4:5:6:7]:PORT"),
    ("a:b:c", "stands in brackets", "write [GROUP]:PORT"),
    ("[ff12::xyz]:5", "'ff12::xyz' is no IPv6 address", "eight numbers"),
    ("[ff12::1", "not closed", ""),
    ("[ff12::1]5", "a colon and the port", ""),
    ("[ff12::1]%eth0:5", "outside the brackets", "write [ff12::1%eth0]:5"),
    ("[ff12::1]%eth0", "outside the brackets", "write [ff12::1%eth0]:PORT"),
    ("[239.1.1.1]:5", "brackets are for IPv6", "write 239.1.1.1:5"),
    ("239.1.1.1%:5", "no interface stands after %", "%eth0"),
    ("[ff12::1%]:5", "no interface stands after %", "%eth0"),
    ("239.1.1.1%a/b:5", "holds '/'", "name, index or address"),
    ("239.1.1.1%a\x1b[2J:5", r"holds '\x1b'", ""),
    ("[ff12::1%fe80::1%eth0]:5", "holds '%'", ""),
    ("10.0.0.7@224.0.0.5:5", "224.0.0.0/24 cannot be filtered by source", "leave"),
    ("cam@239.1.1.1:5", "'cam' is no IP address", ""),
    ("[]@239.1.1.1:5", "no source is named", ""),
    ("224.1.1.1@239.1.1.1:5", "the source 224.1.1.1 is itself a group", "own address"),
    ("0.0.0.0@239.1.1.1:5", "unspecified", "own address"),
    ("0.0.0.1@239.1.1.1:5", "a reserved address", "own address"),
    ("240.0.0.1@239.1.1.1:5", "a reserved address", "own address"),
    ("255.255.255.255@239.1.1.1:5", "the broadcast address", "own address"),
    ("[::]@[ff15::1]:5", "unspecified", "own address"),
    ("[ff15::2]@[ff15::1]:5", "itself a group", "own address"),
    ("[::ffff:10.0.0.7]@[ff15::1]:5", "IPv4 in disguise", "own address"),
    ("::1@239.1.1.1:5", "source ::1 is IPv6, the group IPv4", "IPv4 address"),
    ("10.0.0.7@[ff15::1]:5", "source 10.0.0.7 is IPv4, the group IPv6", "IPv6"),
    ("fe80::1%eth0@[ff12::1]:5", "the source carries a zone", "after the group"),
]


@pytest.mark.parametrize(("text", "problem", "fix"), REFUSED)
def test_an_error_names_the_text_and_what_would_do(
    text: str, problem: str, fix: str
) -> None:
    with pytest.raises(AddressError) as caught:
        Group.parse(text)
    assert caught.value.text == text
    assert problem in caught.value.problem
    assert fix in caught.value.fix
    assert caught.value.fix
    assert str(caught.value).startswith(repr(text))


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (lambda: Group(IPv4Address("10.0.0.1"), 5), "unicast"),
        (lambda: Group(V4, 0), "out of range"),
        (lambda: Group(V4, 5, V4), "itself a group"),
        (lambda: Group(V4, 5, interface=""), "no interface"),
        (lambda: Group(IPv6Address("ff12::1%eth0"), 5), "zone stands inside"),
        (
            lambda: Group(IPv6Address("ff12::1"), 5, IPv6Address("fe80::1%eth0")),
            "written with a zone",
        ),
    ],
)
def test_a_group_that_exists_is_usable(made, problem: str) -> None:
    with pytest.raises(AddressError, match=problem):
        made()


@pytest.mark.parametrize("text", ["232.1.1.1:5", "[ff3e::1]:5", "[ff32::8000:1]:5"])
def test_a_receiver_on_a_source_specific_group_names_the_source(text: str) -> None:
    group = Group.parse(text)
    assert group.is_source_specific
    with pytest.raises(AddressError, match="source-specific") as caught:
        group.for_receiving()
    assert f"SOURCE@{text}" in caught.value.fix


@pytest.mark.parametrize(
    "text",
    ["10.0.0.7@232.1.1.1:5", "239.1.1.1:5", "10.0.0.7@239.1.1.1:5", "[ff15::1]:5"],
)
def test_what_can_be_received_is_returned_as_it_is(text: str) -> None:
    group = Group.parse(text)
    assert group.for_receiving() is group


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("[ff01::1]:5", True),
        ("[ff12::1]:5", True),
        ("[ff32::8000:1]:5", True),
        ("[ff15::1]:5", False),
        ("224.0.0.1:5", False),
        ("239.1.1.1:5", False),
    ],
)
def test_only_interface_and_link_local_ipv6_groups_need_a_zone(
    text: str, needs: bool
) -> None:
    assert Group.parse(text).needs_zone is needs


@pytest.mark.parametrize("text", ["[ff12::1]:5", "[ff01::1]:5"])
def test_a_link_local_group_without_any_interface_is_an_error(text: str) -> None:
    with pytest.raises(AddressError, match="local IPv6 group") as caught:
        Group.parse(text).with_interface(None)
    assert "%eth0]:5" in caught.value.fix


@pytest.mark.parametrize(
    ("text", "wanted", "used"),
    [
        ("[ff12::1]:5", "eth1", "[ff12::1%eth1]:5"),
        ("[ff12::1]:5", 3, "[ff12::1%3]:5"),
        ("[ff12::1%eth0]:5", None, "[ff12::1%eth0]:5"),
        ("[ff12::1%eth0]:5", "eth1", "[ff12::1%eth1]:5"),
        ("[ff15::1]:5", None, "[ff15::1]:5"),
        ("239.1.1.1:5", None, "239.1.1.1:5"),
        ("239.1.1.1:5", "all", "239.1.1.1%all:5"),
    ],
)
def test_the_interface_that_is_wanted_goes_first(
    text: str, wanted: str | int | None, used: str
) -> None:
    assert str(Group.parse(text).with_interface(wanted)) == used


def test_on_replaces_the_interface_and_nothing_else() -> None:
    group = Group.parse("10.0.0.7@232.1.1.1%eth0:5")
    assert str(group.on("eth1")) == "10.0.0.7@232.1.1.1%eth1:5"
    assert str(group.on(None)) == "10.0.0.7@232.1.1.1:5"


def test_the_default_groups_share_the_address_and_not_the_port() -> None:
    assert str(DEFAULT_GROUP) == "239.255.42.99:10000"
    assert str(DEFAULT_DELIVERY_GROUP) == "239.255.42.99:10001"
    assert str(DEFAULT_MESSAGE_GROUP) == "239.255.42.99:10002"
    assert DEFAULT_GROUP.scope.name == "local"


def test_the_version_is_the_address_s() -> None:
    assert Group(V4, 5).version == 4
    assert Group(V6, 5).version == 6


interfaces = st.none() | st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="@%/[]"),
    min_size=1,
    max_size=20,
)
ports = st.integers(1, 65535)
groups4 = st.builds(
    Group,
    st.integers(0xE0000100, 0xE7FFFFFF).map(IPv4Address),
    ports,
    st.none() | st.integers(0x01000000, 0xDFFFFFFF).map(IPv4Address),
    interfaces,
)
groups6 = st.builds(
    Group,
    st.builds(
        lambda flags, scop, rest: IPv6Address(
            0xFF << 120 | flags << 116 | scop << 112 | rest
        ),
        st.integers(0, 15),
        st.integers(1, 14),
        st.integers(0, (1 << 111) - 1).filter(lambda rest: rest != 0x4000_0000),
    ),
    ports,
    st.none() | st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(IPv6Address),
    interfaces,
)


@given(groups4 | groups6)
def test_what_is_printed_reads_back(group: Group) -> None:
    assert Group.parse(str(group)) == group


WORDS = "udp:// @ % : [ ] :: . 239.1.1.1 ff12::1 eth0 5000 0 10.0.0.7 %25 / fe80::1 é"
pieces = st.lists(
    st.sampled_from([*WORDS.split(), " ", "\ud800"]) | st.text(max_size=3), max_size=9
).map("".join)


@given(st.text() | pieces)
@example("239.1.1.1:" + "0" * 5000)
@example("9" * 5000 + ".1.1.1:5")
@example("[ff12::1%eth0%25]:5")
@example("ff12::1%:")
def test_reading_raises_nothing_but_address_errors(text: str) -> None:
    try:
        group = Group.parse(text)
    except AddressError as caught:
        error = caught
    else:
        assert Group.parse(str(group)) == group
        return
    assert error.text == text
    assert str(error)
