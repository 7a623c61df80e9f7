import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.numbers import unwrap


@pytest.mark.parametrize(
    ("bits", "near", "number"),
    [
        (0, 0, 0),
        (1, 0xFFFF, 0x10001),
        (0xFFFF, 0x10000, 0xFFFF),
        (0xFFFF, 0, -1),
        (0x7FFF, 0, 0x7FFF),
        (0x8000, 0, -0x8000),
    ],
)
def test_the_nearest_number_is_meant(bits: int, near: int, number: int) -> None:
    assert unwrap(bits, near, 16) == number


@given(st.integers(-(2**40), 2**40), st.integers(-(2**15), 2**15 - 1))
def test_a_number_within_half_the_range_comes_back(near: int, away: int) -> None:
    assert unwrap((near + away) & 0xFFFF, near, 16) == near + away
