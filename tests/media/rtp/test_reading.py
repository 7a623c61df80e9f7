from __future__ import annotations

from random import Random

import pytest
from tests.media.making import packet, ticking

from groupwire.media.rtp import MediaReader, RtpPacker, RtpPacket
from groupwire.media.rtp.reading import SILENCE_S
from groupwire.media.transport import Departure
from groupwire.values import Datagram, Origin

A, B = Origin("10.0.0.1", 5000), Origin("10.0.0.2", 5000)
STREAM = ticking(30, each=7)
PARTS = [STREAM[n : n + 1316] for n in range(0, len(STREAM), 1316)]


def in_rtp(seed: int = 1) -> list[bytes]:
    packer = RtpPacker(Random(seed))
    return [packer.pack(Departure(n / 50, p, False)) for n, p in enumerate(PARTS)]


def heard(reader: MediaReader, *datagrams: bytes, origin: Origin = A) -> bytes:
    for data in datagrams:
        reader.handle_datagram(Datagram(data, origin), now=0.0)
    return drained(reader)


def drained(reader: MediaReader) -> bytes:
    found = b""
    while (data := reader.poll_data()) is not None:
        found += data
    return found


def test_plain_datagrams_are_the_stream() -> None:
    reader = MediaReader()
    assert heard(reader, *PARTS) == STREAM
    stats = reader.stats
    assert (stats.form, stats.sender, stats.packets) == ("ts", A, 30)
    assert (stats.size_bytes, stats.discontinuities) == (len(STREAM), 0)
    assert stats.dropped == {}


def test_what_the_kernel_has_joined_is_taken_apart() -> None:
    reader = MediaReader()
    reader.handle_datagram(Datagram(STREAM, A, segment_bytes=1316), now=0.0)
    assert drained(reader) == STREAM
    assert reader.stats.packets == 30


def test_rtp_is_put_in_order() -> None:
    reader, packets = MediaReader(), in_rtp()
    packets[3], packets[5] = packets[5], packets[3]
    assert heard(reader, *packets) == STREAM
    stats = reader.stats
    assert (stats.form, stats.lost, stats.duplicates) == ("rtp", 0, 0)
    assert stats.reordered == 2
    assert stats.discontinuities == stats.restarts == 0


def test_what_is_lost_is_waited_for_and_told() -> None:
    reader, packets = MediaReader(), in_rtp()
    before = heard(reader, *packets[:3], *packets[4:])
    assert before == b"".join(PARTS[:3])
    due = reader.poll_timeout()
    assert due is not None
    reader.handle_timeout(now=due - 0.01)
    assert drained(reader) == b""
    reader.handle_timeout(now=due)
    assert drained(reader) == b"".join(PARTS[4:])
    assert (reader.stats.lost, reader.stats.discontinuities) == (1, 1)
    assert heard(reader, packets[3]) == b""
    assert reader.stats.dropped == {"rtp-late": 1}
    assert reader.poll_timeout() is None


def test_what_waits_at_the_end_is_given_out() -> None:
    reader, packets = MediaReader(), in_rtp()
    heard(reader, packets[0], packets[2])
    reader.close()
    assert drained(reader) == PARTS[2]


def test_another_sender_is_passed_over_until_the_first_is_silent() -> None:
    reader = MediaReader()
    heard(reader, PARTS[0])
    assert heard(reader, PARTS[1], origin=B) == b""
    assert reader.stats.dropped == {"other-source": 1}
    reader.handle_datagram(Datagram(PARTS[2], B), now=SILENCE_S)
    assert drained(reader) == PARTS[2]
    assert (reader.stats.sender, reader.stats.restarts) == (B, 1)


def test_another_sender_of_rtp_begins_anew() -> None:
    reader = MediaReader()
    heard(reader, *in_rtp()[:5])
    for n, data in enumerate(in_rtp(seed=2)):
        reader.handle_datagram(Datagram(data, B), now=SILENCE_S + n)
    assert drained(reader) == STREAM
    assert (reader.stats.restarts, reader.stats.lost) == (1, 0)


def test_what_comes_by_a_second_interface_comes_twice_and_is_dropped() -> None:
    reader = MediaReader()
    for index in (1, 2):
        reader.handle_datagram(Datagram(PARTS[0], A, index), now=0.0)
    assert drained(reader) == PARTS[0]
    assert reader.stats.dropped == {"other-source": 1}


def test_a_sender_that_restarts_has_another_source() -> None:
    reader = MediaReader()
    assert heard(reader, *in_rtp()[:7], *in_rtp(seed=2)) == STREAM[: 7 * 1316] + STREAM
    assert (reader.stats.restarts, reader.stats.lost) == (1, 0)


def test_a_sender_that_changes_to_plain_datagrams_is_followed() -> None:
    reader = MediaReader()
    assert heard(reader, *in_rtp()[:7], *PARTS[7:]) == STREAM
    assert (reader.stats.form, reader.stats.restarts) == ("ts", 1)
    assert heard(reader, in_rtp()[0]) == PARTS[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "media-no-ts"),
        (b"hello", "media-no-ts"),
        (STREAM[:1315], "media-no-ts"),
        (RtpPacket(96, 1, 1, 1, b"h264").encode(), "media-no-ts"),
        (b"\x80\x21", "rtp-no-rtp"),
        (b"\x8f\x21" + bytes(10), "rtp-cut"),
        (b"\x80\xc8" + bytes(40), "rtcp"),
    ],
)
def test_junk_is_counted_by_reason(data: bytes, reason: str) -> None:
    reader = MediaReader()
    assert heard(reader, data) == b""
    assert reader.stats.dropped == {reason: 1}
    assert (reader.stats.form, reader.stats.sender) == ("", None)


def test_a_gap_of_a_plain_stream_is_told_by_its_counters() -> None:
    reader = MediaReader()
    heard(reader, packet(1), packet(5))
    assert reader.stats.discontinuities == 1


@pytest.mark.parametrize("seed", range(20))
def test_anything_at_all_is_survived_and_whole_packets_come_out(seed: int) -> None:
    rng = Random(seed)
    reader, packets = MediaReader(window=8), in_rtp(seed)
    for n in range(300):
        data = bytearray(rng.choice([*packets, *PARTS, b"", rng.randbytes(50)]))
        if data and not rng.randrange(3):
            data[rng.randrange(min(len(data), 20))] = rng.randrange(256)
        origin = rng.choice([A, A, A, B])
        reader.handle_datagram(Datagram(bytes(data), origin), now=n / 20)
        reader.handle_timeout(now=n / 20)
        assert len(drained(reader)) % 188 == 0
