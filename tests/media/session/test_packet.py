from contextlib import suppress
from ipaddress import ip_address
from zlib import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.media.session import SapPacket
from groupwire.media.session.packet import MAX_PAYLOAD_BYTES

HERE = ip_address("10.0.0.7")
SDP = b"v=0\r\no=- 1 1 IN IP4 10.0.0.7\r\n"
PACKETS = st.builds(
    SapPacket,
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    st.integers(0, 65_535),
    st.binary(max_size=100),
    st.booleans(),
)


@given(PACKETS)
def test_a_packet_reads_back(packet: SapPacket) -> None:
    assert SapPacket.decode(packet.encode()) == packet


@given(st.integers(0, 255), st.binary(max_size=100))
def test_anything_is_a_packet_or_is_refused(first: int, data: bytes) -> None:
    with suppress(DecodeError):
        SapPacket.decode(bytes([0x20 | first & 0x1F]) + data)


def head(first: int, words: int = 0) -> bytes:
    return bytes([first, words, 0, 9]) + HERE.packed + bytes(4 * words)


def test_version_1_of_sap_tells_no_type() -> None:
    assert SapPacket.decode(head(0x20) + SDP) == SapPacket(HERE, 9, SDP)


def test_a_signature_is_passed_over() -> None:
    assert SapPacket.decode(head(0x20, 3) + SDP).payload == SDP


def test_what_is_compressed_is_unpacked() -> None:
    packed = compress(b"application/sdp\0" + SDP)
    assert SapPacket.decode(head(0x21) + packed) == SapPacket(HERE, 9, SDP)


def test_other_types_are_told() -> None:
    packet = SapPacket.decode(head(0x20) + b"Text/Plain\0hello")
    assert (packet.type, packet.payload) == ("text/plain", b"hello")


def test_a_deletion_may_have_no_text() -> None:
    assert SapPacket.decode(head(0x24)) == SapPacket(HERE, 9, b"", deletes=True)
    assert SapPacket.decode(head(0x24) + b"o=- 1").payload == b"o=- 1"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x20\0\0", "sap-no-sap"),
        (b"\x40" + bytes(20), "sap-no-sap"),
        (b"\x20\0\0\x01\x0a\0", "sap-cut"),
        (head(0x20, 2)[:-1], "sap-cut"),
        (head(0x22) + SDP, "sap-encrypted"),
        (head(0x21) + b"junk", "sap-compression"),
        (head(0x21) + compress(bytes(100_000)), "sap-size"),
        (head(0x20) + SDP + bytes(MAX_PAYLOAD_BYTES), "sap-size"),
        (head(0x20) + b"x" * 300 + b"\0" + SDP, "sap-type"),
        (head(0x20) + b"\xff\0" + SDP, "sap-type"),
    ],
)
def test_what_cannot_be_read_is_refused_by_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        SapPacket.decode(data)
