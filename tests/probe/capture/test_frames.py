"""Frames of every kind, and what is in them besides whole UDP datagrams."""

from ipaddress import ip_address

import pytest

from groupwire.errors import DecodeError
from groupwire.probe.capture.frames import ip_of
from groupwire.probe.capture.packet import headers, ip_packet
from groupwire.values import Origin

SENDER = Origin("10.0.0.7", 4000)
IPV4 = headers(SENDER, (ip_address("239.1.2.3"), 5000), 3, 2) + b"hi"
IPV6 = headers(Origin("fd00::7", 4000), (ip_address("ff15::1"), 5000), 3, 2) + b"hi"


@pytest.mark.parametrize(
    ("frame", "link"),
    [
        (IPV4, 101),
        (IPV4, 228),
        (bytes(12) + b"\x08\x00" + IPV4, 1),
        (bytes(12) + b"\x81\x00\x00\x07" + b"\x08\x00" + IPV4, 1),
        (bytes(4) + IPV4, 0),
        (bytes(16) + IPV4, 113),
        (bytes(20) + IPV4, 276),
    ],
)
def test_the_packet_is_found_in_its_frame(frame: bytes, link: int) -> None:
    assert ip_of(frame, link) == IPV4


@pytest.mark.parametrize(
    ("frame", "link", "reason"),
    [
        (IPV4, 147, "capture-link-type"),
        (bytes(12) + b"\x08\x06" + bytes(28), 1, "capture-no-ip"),
        (b"", 1, "capture-no-ip"),
    ],
)
def test_a_frame_with_nothing_for_us_says_why(
    frame: bytes, link: int, reason: str
) -> None:
    with pytest.raises(DecodeError, match=reason):
        ip_of(frame, link)


def changed(packet: bytes, at: int, octets: bytes) -> bytes:
    return packet[:at] + octets + packet[at + len(octets) :]


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", "capture-no-ip"),
        (b"\x10" + bytes(40), "capture-no-ip"),
        (IPV4[:19], "capture-cut"),
        (IPV4[:24], "capture-cut"),
        (IPV4[:-1], "capture-cut"),
        (changed(IPV4, 24, b"\x00\x07"), "capture-cut"),
        (changed(IPV4, 6, b"\x20\x00"), "capture-fragment"),
        (changed(IPV4, 6, b"\x00\x01"), "capture-fragment"),
        (changed(IPV4, 9, b"\x06"), "capture-no-udp"),
        (changed(IPV4, 0, b"\x44"), "capture-no-udp"),
        (IPV6[:39], "capture-cut"),
        (changed(IPV6, 6, b"\x06"), "capture-no-udp"),
        (changed(IPV6, 6, b"\x2c"), "capture-fragment"),
        (changed(IPV6, 6, b"\x00")[:41], "capture-no-udp"),
    ],
)
def test_what_is_no_whole_datagram_says_why(packet: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        ip_packet(packet, 0.0)


def test_extensions_of_ipv6_are_passed_over() -> None:
    options = bytes([17, 0, 0, 0, 0, 0, 0, 0])
    length = (10 + 8).to_bytes(2)
    packet = changed(changed(IPV6, 6, b"\x00"), 4, length)
    read = ip_packet(packet[:40] + options + packet[40:], 0.0)
    assert read.data == b"hi"


def test_octets_behind_the_packet_are_the_frame_s_padding() -> None:
    assert ip_packet(IPV4 + bytes(18), 0.0).data == b"hi"
