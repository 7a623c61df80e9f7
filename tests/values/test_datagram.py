from ipaddress import IPv4Address

import pytest

from groupwire.values import Datagram, KnownFacts, Origin, Transmit

SENDER = Origin("10.0.0.7", 5000)


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (SENDER, "10.0.0.7:5000"),
        (Origin("2001:db8::7", 5), "[2001:db8::7]:5"),
        (Origin("fe80::7", 5, zone=3), "[fe80::7%3]:5"),
    ],
)
def test_an_origin_prints_as_address_and_port(origin: Origin, text: str) -> None:
    assert str(origin) == text
    assert str(origin.ip) == origin.host


def test_a_datagram_reads_its_facts_when_asked() -> None:
    group = IPv4Address("239.1.1.1")
    facts = KnownFacts(to=group, hops=1, at=12.5)
    datagram = Datagram(b"hello", SENDER, 2, facts)
    assert datagram.origin == SENDER
    assert datagram.group == group
    assert datagram.interface == 2
    assert datagram.ttl_hops == 1
    assert datagram.time == 12.5


def test_what_the_system_did_not_tell_is_none() -> None:
    datagram = Datagram(b"", SENDER)
    assert datagram.group is None
    assert datagram.interface == 0
    assert datagram.ttl_hops is None
    assert datagram.time is None


@pytest.mark.parametrize(
    ("data", "segment_bytes", "segments"),
    [
        (b"plain", 0, [b"plain"]),
        (b"", 0, [b""]),
        (b"", 4, [b""]),
        (b"aaaabbbb", 4, [b"aaaa", b"bbbb"]),
        (b"aaaabb", 4, [b"aaaa", b"bb"]),
    ],
)
def test_coalesced_datagrams_are_taken_apart(
    data: bytes, segment_bytes: int, segments: list[bytes]
) -> None:
    datagram = Datagram(data, SENDER, segment_bytes=segment_bytes)
    assert [bytes(segment) for segment in datagram.segments()] == segments


def test_other_bytes_keep_the_facts_and_the_segment_size() -> None:
    datagram = Datagram(b"aabb", SENDER, 2, segment_bytes=2)
    other = datagram.with_data(b"ccdde")
    assert other.origin == SENDER
    assert other.interface == 2
    assert [bytes(s) for s in other.segments()] == [b"cc", b"dd", b"e"]
    assert datagram.data == b"aabb"


def test_a_datagram_shows_its_size_and_sender() -> None:
    shown = repr(Datagram(b"hello", SENDER))
    assert shown == "<Datagram 5 bytes from 10.0.0.7:5000>"


def test_a_transmit_goes_to_the_group_unless_told_otherwise() -> None:
    assert Transmit(b"x").to is None
    assert Transmit(b"x", to=SENDER).to == SENDER


def test_the_parts_of_joined_datagrams_share_their_facts() -> None:
    joined = Datagram(b"aaabbbc", SENDER, 3, KnownFacts(hops=2), segment_bytes=3)
    parts = list(joined.parts())
    assert [p.data for p in parts] == [b"aaa", b"bbb", b"c"]
    assert {(p.origin, p.interface, p.ttl_hops) for p in parts} == {(SENDER, 3, 2)}
    alone = Datagram(b"aaa", SENDER)
    assert list(alone.parts()) == [alone]


def test_a_datagram_counts_those_inside() -> None:
    counts = [Datagram(b"aabbc", SENDER, segment_bytes=n).count for n in (0, 1, 2, 5)]
    assert counts == [1, 5, 3, 1]
    assert Datagram(b"", SENDER).count == 1


def test_a_row_has_the_facts_of_its_first_datagram() -> None:
    facts = KnownFacts(hops=1, at=12.5)
    first = Datagram(b"aa", SENDER, 2, facts)
    row = first.followed_by([Datagram(b"bb", SENDER), Datagram(b"c", SENDER)])
    assert [bytes(part.data) for part in row.parts()] == [b"aa", b"bb", b"c"]
    assert (row.interface, row.ttl_hops, row.time) == (2, 1, 12.5)
