"""Files of other programs, of both kinds and byte orders, and damaged ones."""

import struct
from contextlib import suppress
from io import BytesIO
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.probe.capture import CaptureReader, Packet
from groupwire.probe.capture import reader as module
from groupwire.probe.capture.packet import headers
from groupwire.values import Origin

SENDER, GROUP = Origin("10.0.0.7", 4000), ip_address("239.1.2.3")
IP = headers(SENDER, (GROUP, 5000), 3, 5) + b"hello"
ETHERNET = b"\x01\x00\x5e\x01\x02\x03" + b"\x02" * 6 + b"\x08\x00"


def read(octets: bytes) -> tuple[list[Packet], dict[str, int]]:
    reader = CaptureReader(BytesIO(octets).read)
    return list(reader), dict(reader.dropped)


def hello(time: float) -> Packet:
    return Packet(time, SENDER, GROUP, 5000, 3, b"hello")


def pcap(
    *packets: bytes, order: str = "<", magic: int = 0xA1B2C3D4, link: int = 1
) -> bytes:
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65_535, link)
    records = (
        struct.pack(f"{order}IIII", 10, 500_000, len(each), len(each)) + each
        for each in packets
    )
    return head + b"".join(records)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    total = struct.pack(f"{order}I", 12 + len(body))
    return struct.pack(f"{order}I", kind) + total + body + total


def section(order: str = "<") -> bytes:
    body = struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1)
    return block(0x0A0D0D0A, body, order)


def interface(
    link: int = 101, order: str = "<", resolution: int | None = None
) -> bytes:
    body = struct.pack(f"{order}HHI", link, 0, 0)
    if resolution is not None:
        body += struct.pack(f"{order}HHB3xHHB3x", 2, 1, 65, 9, 1, resolution)
        body += bytes(4)
    return block(1, body, order)


def enhanced(
    packet: bytes, ticks: int, order: str = "<", *, original: int | None = None
) -> bytes:
    size = len(packet)
    words = (0, ticks >> 32, ticks & 0xFFFF_FFFF, size, original or size)
    return block(
        6, struct.pack(f"{order}5I", *words) + packet + bytes(-size % 4), order
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "time"), [(0xA1B2C3D4, 10.5), (0xA1B23C4D, 10.0005)])
def test_classic_pcap_is_read_in_both_byte_orders_and_resolutions(
    order: str, magic: int, time: float
) -> None:
    packets, dropped = read(pcap(ETHERNET + IP, order=order, magic=magic))
    assert packets == [hello(pytest.approx(time))]
    assert not dropped


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("resolution", "ticks", "time"),
    [(None, 1_500_000, 1.5), (3, 1_500, 1.5), (0x80 | 10, 1_536, 1.5)],
)
def test_pcapng_is_read_in_both_byte_orders_and_any_resolution(
    order: str, resolution: int | None, ticks: int, time: float
) -> None:
    octets = section(order) + interface(101, order, resolution)
    packets, dropped = read(octets + enhanced(IP, ticks, order))
    assert packets == [hello(pytest.approx(time))]
    assert not dropped


def test_a_second_section_has_its_own_interfaces_and_byte_order() -> None:
    first = section() + interface() + enhanced(IP, 0)
    second = section(">") + interface(order=">") + enhanced(IP, 1_000_000, ">")
    assert read(first + second) == ([hello(0.0), hello(1.0)], {})


def test_blocks_that_are_not_known_are_passed_over() -> None:
    octets = section() + block(0x0BAD, b"1234") + interface() + enhanced(IP, 0)
    assert read(octets) == ([hello(0.0)], {})


def test_a_packet_without_a_time_is_counted() -> None:
    octets = section() + interface() + block(3, b"\x00\x00\x00\x05hello\x00\x00\x00")
    assert read(octets) == ([], {"capture-timeless": 1})


def test_a_packet_that_was_cut_is_counted() -> None:
    octets = section() + interface() + enhanced(IP, 0, original=1400)
    assert read(octets) == ([], {"capture-cut": 1})


def test_a_packet_of_no_interface_is_damage() -> None:
    assert read(section() + enhanced(IP, 0)) == ([], {"capture-damaged": 1})


def test_an_interface_that_is_too_short_is_damage() -> None:
    assert read(section() + block(1, b"1234")) == ([], {"capture-damaged": 1})


def test_interfaces_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_INTERFACES", 1)
    octets = section() + interface() + interface() + enhanced(IP, 0)
    assert read(octets) == ([hello(0.0)], {"capture-damaged": 1})


@pytest.mark.parametrize("total", [4, 13, 1 << 30])
def test_a_block_of_an_impossible_length_ends_the_file(total: int) -> None:
    octets = section() + struct.pack("<II", 6, total) + bytes(100)
    assert read(octets) == ([], {"capture-damaged": 1})


def test_a_block_whose_two_lengths_differ_ends_the_file() -> None:
    torn = enhanced(IP, 0)[:-4] + struct.pack("<I", 16)
    octets = section() + interface() + enhanced(IP, 0) + torn + enhanced(IP, 0)
    assert read(octets) == ([hello(0.0)], {"capture-damaged": 1})


def test_a_second_section_that_is_none_ends_the_file() -> None:
    octets = section() + interface() + enhanced(IP, 0) + b"\x0a\x0d\x0d\x0a" + bytes(12)
    assert read(octets) == ([hello(0.0)], {"capture-damaged": 1})


def test_a_packet_block_that_is_too_short_is_damage() -> None:
    octets = section() + interface() + block(6, bytes(16))
    assert read(octets) == ([], {"capture-damaged": 1})


def test_a_section_of_an_impossible_length_ends_the_file() -> None:
    head = struct.pack("<III", 0x0A0D0D0A, 8, 0x1A2B3C4D)
    assert read(head) == ([], {"capture-damaged": 1})


def test_a_record_of_an_impossible_length_ends_the_file() -> None:
    octets = pcap() + struct.pack("<IIII", 0, 0, 1 << 30, 1 << 30)
    assert read(octets) == ([], {"capture-damaged": 1})


@pytest.mark.parametrize("octets", [b"", b"GIF8", b"\x0a\x0d\x0d\x0a" + bytes(12)])
def test_what_is_no_capture_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError, match="capture-no-capture"):
        read(octets)


@pytest.mark.parametrize(
    "whole", [pcap(ETHERNET + IP), section() + interface() + enhanced(IP, 0)]
)
def test_a_file_that_ends_in_the_middle_ends_there(whole: bytes) -> None:
    for size in range(4, len(whole)):
        packets, dropped = read(whole[:size])
        assert not packets
        assert set(dropped) <= {"capture-cut-off"}


def test_a_pipe_that_gives_little_at_a_time_is_read_on() -> None:
    octets = BytesIO(pcap(ETHERNET + IP))
    reader = CaptureReader(lambda size: octets.read(min(size, 3)))
    assert list(reader) == [hello(10.5)]


@given(st.binary(max_size=200), st.sampled_from([pcap()[:24], section() + interface()]))
def test_nothing_that_follows_a_head_hurts(tail: bytes, head: bytes) -> None:
    with suppress(DecodeError):
        read(head + tail)
