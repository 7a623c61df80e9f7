import pytest
from tests.gather.places import datagram, origin

from groupwire.gather.foreign import StreamSpotter

TS = b"\x47" + bytes(187)


def rtp(sequence: int, source: bytes = b"ssrc", payload: bytes = b"") -> bytes:
    head = b"\x80\x60" + (sequence & 0xFFFF).to_bytes(2, "big") + bytes(4)
    return head + source + payload


def norm(kind: int = 2, words: int = 4, size: int = 32) -> bytes:
    return bytes([0x10 | kind, words]) + bytes(size - 2)


@pytest.mark.parametrize(
    "data",
    [TS, TS * 7, rtp(1, payload=TS * 7), norm(1), norm(6), norm(2, 8, 1432)],
)
def test_media_and_norm_are_spotted_at_once(data: bytes) -> None:
    assert StreamSpotter().is_stream(datagram(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"very important data",
        b"Good morning",
        b"G" * 188 + b"!",
        b"G" + b"x" * 187 + b"x" * 188,
        norm(7),
        norm(0),
        norm(2, 3),
        norm(2, 9),
        norm(2, 4, 15),
        b"\x12",
        b"\x80",
        rtp(1)[:11],
        rtp(1, payload=TS[:-1]),
        "tschüß".encode(),
        b"\xff" * 65_507,
    ],
)
def test_anything_else_is_a_message(data: bytes) -> None:
    assert not StreamSpotter().is_stream(datagram(data))


@pytest.mark.parametrize(
    ("first", "second", "stream"),
    [(1, 2, True), (65_535, 0, True), (1, 17, True), (1, 18, False), (2, 1, False)],
)
def test_rtp_is_spotted_by_its_second_packet(
    first: int, second: int, stream: bool
) -> None:
    spotter = StreamSpotter()
    assert not spotter.is_stream(datagram(rtp(first)))
    assert spotter.is_stream(datagram(rtp(second))) is stream


def test_a_repeated_message_is_no_rtp() -> None:
    spotter = StreamSpotter()
    assert not any(spotter.is_stream(datagram(rtp(7))) for _ in range(3))


def test_rtp_streams_are_told_apart_by_source_and_sender() -> None:
    spotter = StreamSpotter()
    assert not spotter.is_stream(datagram(rtp(1, b"aaaa")))
    assert not spotter.is_stream(datagram(rtp(2, b"bbbb")))
    assert not spotter.is_stream(datagram(rtp(2, b"aaaa"), origin("10.0.0.9")))
    assert spotter.is_stream(datagram(rtp(2, b"aaaa")))
