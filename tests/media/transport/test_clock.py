import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.making import packet

from groupwire.media.transport import PCR_MODULUS, Tick, ticks_in


@given(st.integers(0, PCR_MODULUS - 1), st.integers(0, 0x1FFF), st.booleans())
def test_a_clock_reads_as_it_was_written(pcr: int, pid: int, jumps: bool) -> None:
    row = packet(0) + packet(1, pid, pcr=pcr, jumps=jumps) + packet(2)
    assert ticks_in(row) == [Tick(1, pid, pcr, jumps)]


@pytest.mark.parametrize(
    "other",
    [
        packet(0),
        packet(0, pcr=1, length=6),
        packet(0, pcr=1, error=True),
        packet(0, pcr=1).replace(b"\x07\x10", b"\x07\x00"),
    ],
    ids=["no adaptation field", "one too short", "an error", "no flag"],
)
def test_other_packets_have_no_clock(other: bytes) -> None:
    assert ticks_in(other) == []


def test_a_clock_beyond_its_modulus_is_taken_as_one_within() -> None:
    odd = bytearray(packet(0, pcr=PCR_MODULUS - 1))
    odd[10:12] = (0x81FF).to_bytes(2, "big")
    (tick,) = ticks_in(bytes(odd))
    assert 0 <= tick.pcr < PCR_MODULUS
