from random import Random

import pytest
from tests.media.making import packet, ticking

from groupwire.media.transport import TsFramer, is_transport

ROW = ticking(10)


def framed(*pieces: bytes) -> tuple[bytes, int]:
    framer = TsFramer()
    found = b"".join(framer.feed(piece) for piece in pieces) + framer.end()
    return found, framer.skipped_bytes


@pytest.mark.parametrize("size", [1, 100, 187, 188, 189, 400, 10_000])
def test_packets_come_whole_whatever_the_portions(size: int) -> None:
    framer = TsFramer()
    for start in range(0, len(ROW), size):
        assert len(framer.feed(ROW[start : start + size])) % 188 == 0
    assert framed(*(ROW[n : n + size] for n in range(0, len(ROW), size))) == (ROW, 0)


def test_what_is_no_packet_is_skipped_and_counted() -> None:
    assert framed(b"GGGG" + ROW + b"the end") == (ROW, 11)


def test_after_damage_packets_are_found_again() -> None:
    damaged = ROW[:1880] + b"x" * 50 + ROW[1880:]
    assert framed(damaged) == (ROW, 50)
    assert framed(damaged[:1900], damaged[1900:]) == (ROW, 50)


def test_a_packet_without_its_sync_byte_is_lost_alone() -> None:
    broken = bytearray(ROW)
    broken[188 * 5] = 0
    found, skipped = framed(bytes(broken))
    assert (len(found), skipped) == (len(ROW) - 188, 188)


def test_a_stream_of_two_packets_is_one() -> None:
    assert framed(packet(0) + packet(1)) == (packet(0) + packet(1), 0)


def test_junk_is_skipped_whatever_it_is() -> None:
    junk = Random(7).randbytes(100_000)
    found, skipped = framed(junk)
    assert len(found) + skipped == len(junk)
    assert len(found) < 3000


def test_a_row_of_packets_is_known() -> None:
    assert is_transport(ROW)
    assert not is_transport(b"")
    assert not is_transport(ROW[:-1])
    assert not is_transport(ROW[:-188] + b"x" * 188)
