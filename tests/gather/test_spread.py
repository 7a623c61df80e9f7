import pytest

from groupwire.gather import spread_us
from groupwire.gather.spread import BURST_MEMBERS
from groupwire.gather.tagged import MAX_SPREAD_US


@pytest.mark.parametrize("members", [0, 1, 8, BURST_MEMBERS])
def test_few_members_answer_at_once(members: int) -> None:
    assert spread_us(members) == 0


@pytest.mark.parametrize(
    ("members", "spread"), [(17, 1_700), (100, 10_000), (512, 51_200), (10_000, 10**6)]
)
def test_many_members_spread_100_bytes_each_over_a_megabyte_a_second(
    members: int, spread: int
) -> None:
    assert spread_us(members) == spread


def test_the_spread_ends_at_half_a_minute() -> None:
    assert spread_us(10**9) == MAX_SPREAD_US == 30_000_000
