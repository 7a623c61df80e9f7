"""What is received becomes a file that reads back as it was."""

from io import BytesIO
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from groupwire.probe.capture import CaptureReader, CaptureWriter, Packet
from groupwire.probe.capture.packet import headers, with_checksum
from groupwire.values import Datagram, Group, Origin
from groupwire.values.datagram import KnownFacts

GROUP = Group.parse("239.1.2.3:5000")
SENDER = Origin("10.0.0.7", 4000)


def written(*datagrams: Datagram, group: Group = GROUP) -> list[Packet]:
    writer = CaptureWriter(lambda index: f"eth{index}")
    octets = writer.begin()
    for datagram in datagrams:
        octets += writer.add(group, datagram, time=3.0)
    reader = CaptureReader(BytesIO(octets).read)
    packets = list(reader)
    assert len(packets) == writer.packets
    assert not reader.dropped
    return packets


def test_a_datagram_reads_back_with_its_facts() -> None:
    facts = KnownFacts(ip_address("239.1.2.3"), 7, 1_700_000_000.25)
    assert written(Datagram(b"hello", SENDER, 2, facts)) == [
        Packet(1_700_000_000.25, SENDER, ip_address("239.1.2.3"), 5000, 7, b"hello")
    ]


def test_what_the_kernel_did_not_tell_is_the_group_the_time_given_and_no_ttl() -> None:
    assert written(Datagram(b"", SENDER)) == [
        Packet(3.0, SENDER, ip_address("239.1.2.3"), 5000, 0, b"")
    ]


def test_a_row_becomes_as_many_packets_as_there_were_datagrams() -> None:
    row = Datagram(b"aaaabbbbcc", SENDER, segment_bytes=4)
    assert [packet.data for packet in written(row)] == [b"aaaa", b"bbbb", b"cc"]


def test_each_interface_is_introduced_once() -> None:
    facts = KnownFacts()
    several = [Datagram(b"x", SENDER, index, facts) for index in (2, 3, 2)]
    writer = CaptureWriter(lambda index: f"eth{index}")
    octets = b"".join(writer.add(GROUP, each, time=0.0) for each in several)
    assert octets.count(b"eth2") == octets.count(b"eth3") == 1


@given(st.binary(max_size=300), st.integers(1, 65_535), st.integers(0, 255))
def test_any_payload_reads_back_from_ipv6(data: bytes, port: int, hops: int) -> None:
    ip = ip_address("ff15::42")
    sender = Origin("fd00::7", port)
    datagram = Datagram(data, sender, 1, KnownFacts(ip, hops, 5.0))
    group = Group.parse("[ff15::42]:6000")
    assert written(datagram, group=group) == [Packet(5.0, sender, ip, 6000, hops, data)]


@given(st.binary(max_size=64))
def test_the_checksum_over_ipv6_sums_to_all_ones(data: bytes) -> None:
    to = (ip_address("ff15::42"), 6000)
    below = with_checksum(headers(Origin("fd00::7", 9), to, 1, len(data)), data)
    udp = below[40:] + data
    summed = below[8:40] + len(udp).to_bytes(4) + bytes([0, 0, 0, 17]) + udp
    assert int.from_bytes(summed + bytes(len(udp) % 2)) % 0xFFFF == 0
    assert below[-2:] != bytes(2)


def test_the_checksum_of_the_ipv4_header_sums_to_all_ones() -> None:
    below = headers(SENDER, (GROUP.ip, 5000), 64, 11)
    assert int.from_bytes(below[:20]) % 0xFFFF == 0
    assert below[26:28] == bytes(2), "UDP over IPv4 may go without"
