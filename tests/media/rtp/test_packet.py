from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.media.rtp import RtpPacket
from groupwire.media.rtp.packet import is_rtcp, is_rtp

U32 = st.integers(0, (1 << 32) - 1)
PACKETS = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.integers(0, 65_535),
    U32,
    U32,
    st.binary(max_size=50),
    st.booleans(),
)


@given(PACKETS)
def test_a_packet_reads_back(packet: RtpPacket) -> None:
    assert RtpPacket.decode(packet.encode()) == packet


@given(st.binary(max_size=60))
def test_anything_is_a_packet_or_is_refused(data: bytes) -> None:
    with suppress(DecodeError):
        RtpPacket.decode(b"\x80" + data)


def test_sources_extension_and_padding_are_no_payload() -> None:
    head = bytes([0x80 | 0x20 | 0x10 | 2, 33, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3])
    sources, extension = bytes(8), b"\xbe\xde\x00\x01" + bytes(4)
    packet = RtpPacket.decode(head + sources + extension + b"payload" + b"\0\0\x03")
    assert packet == RtpPacket(33, 1, 2, 3, b"payload")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "rtp-no-rtp"),
        (b"\x47" + bytes(30), "rtp-no-rtp"),
        (b"\x80" + bytes(10), "rtp-no-rtp"),
        (b"\x8f" + bytes(20), "rtp-cut"),
        (b"\xa0" + bytes(11) + b"\xff", "rtp-cut"),
    ],
)
def test_what_is_none_is_refused_by_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        RtpPacket.decode(data)


def test_reports_are_told_from_media() -> None:
    assert is_rtp(b"\x80\x21")
    assert is_rtcp(b"\x80\xc8")
    assert not is_rtcp(b"\x80\xa1")
    assert not is_rtp(b"\x80")
    assert not is_rtcp(b"\x47\xc8")
