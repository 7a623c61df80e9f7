import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.wire.quantise import (
    pack_group_size,
    pack_rate,
    pack_rtt,
    unpack_group_size,
    unpack_rate,
    unpack_rtt,
)


@pytest.mark.parametrize(
    ("seconds", "byte"),
    [
        (1e-9, 0),
        (1e-6, 0),
        (3.2e-5, 31),
        (1e-3, 76),
        (0.25, 148),
        (1000, 255),
        (1e6, 255),
    ],
)
def test_a_round_trip_is_a_byte(seconds: float, byte: int) -> None:
    assert pack_rtt(seconds) == byte


@given(st.floats(1e-6, 1000))
def test_a_round_trip_is_never_told_too_short_and_at_most_a_step_too_long(
    seconds: float,
) -> None:
    told = unpack_rtt(pack_rtt(seconds))
    assert seconds * (1 - 1e-9) <= told <= max(seconds * 1.13, seconds + 4e-6)


@pytest.mark.parametrize("byte", range(256))
def test_a_byte_stands_for_itself(byte: int) -> None:
    assert pack_rtt(unpack_rtt(byte)) == byte


@given(st.floats(1, 9.9e15))
def test_a_rate_is_told_within_half_a_step(bytes_per_s: float) -> None:
    assert unpack_rate(pack_rate(bytes_per_s)) == pytest.approx(bytes_per_s, rel=0.0013)


@pytest.mark.parametrize(
    ("bytes_per_s", "told"),
    [(0, 0), (-1, 0), (8000, 8000), (9999.9, 10_000), (1e30, 9.998e15)],
)
def test_rates_beyond_the_range_are_told_as_its_end(
    bytes_per_s: float, told: float
) -> None:
    assert unpack_rate(pack_rate(bytes_per_s)) == pytest.approx(told, rel=0.001)


@given(st.integers(0, 0xFFFF))
def test_any_bits_are_a_rate(bits: int) -> None:
    assert unpack_rate(bits) >= 0
    assert unpack_rate(pack_rate(unpack_rate(bits))) == pytest.approx(
        unpack_rate(bits), rel=0.0013, abs=1
    )


@pytest.mark.parametrize(
    ("members", "bits"),
    [(0, 0), (1, 0), (10, 0), (11, 8), (50, 8), (51, 1), (10_000, 3), (10**9, 15)],
)
def test_a_group_is_told_as_the_next_larger_size(members: int, bits: int) -> None:
    assert pack_group_size(members) == bits


def test_every_size_stands_for_itself() -> None:
    assert [pack_group_size(unpack_group_size(bits)) for bits in range(16)] == list(
        range(16)
    )
