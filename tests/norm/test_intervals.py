from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from groupwire.norm.intervals import Intervals

END = 40
ENDS = st.tuples(st.integers(0, END), st.integers(0, END)).map(sorted).map(tuple)


class AgainstASet(RuleBasedStateMachine):
    """Whatever is put in and taken out, it holds what a set holds."""

    def __init__(self) -> None:
        super().__init__()
        self.ranges = Intervals()
        self.numbers = set[int]()

    @rule(ends=ENDS)
    def add(self, ends: tuple[int, int]) -> None:
        self.ranges.add(*ends)
        self.numbers |= set(range(ends[0], ends[1] + 1))

    @rule(ends=ENDS)
    def remove(self, ends: tuple[int, int]) -> None:
        self.ranges.remove(*ends)
        self.numbers -= set(range(ends[0], ends[1] + 1))

    @rule()
    def clear(self) -> None:
        self.ranges.clear()
        self.numbers.clear()

    @invariant()
    def holds_the_same(self) -> None:
        ranges = list(self.ranges)
        listed = [n for first, last in ranges for n in range(first, last + 1)]
        assert listed == sorted(self.numbers)
        assert [n for n in range(END + 2) if n in self.ranges] == listed
        assert bool(self.ranges) == bool(self.numbers)
        assert self.ranges.first() == min(self.numbers, default=None)

    @invariant()
    def has_as_few_ranges_as_can_be(self) -> None:
        ranges = list(self.ranges)
        assert len(self.ranges) == len(ranges)
        pairs = pairwise(ranges)
        assert all(last + 1 < first for (_, last), (first, _) in pairs)

    @rule(ends=ENDS)
    def looks_the_same_from_everywhere(self, ends: tuple[int, int]) -> None:
        first, last = ends
        inside = set(range(first, last + 1))
        assert self.ranges.covers(first, last) == (inside <= self.numbers)
        gaps = [n for a, b in self.ranges.gaps(first, last) for n in range(a, b + 1)]
        assert gaps == sorted(inside - self.numbers)
        gap = next(n for n in range(first, END + 2) if n not in self.numbers)
        assert self.ranges.first_gap(first) == gap


TestAgainstASet = AgainstASet.TestCase


@given(st.lists(st.integers(0, 2**24), min_size=1))
def test_numbers_in_order_cost_one_range(starts: list[int]) -> None:
    ranges = Intervals()
    for number in range(starts[0], starts[0] + 1000):
        ranges.add(number, number)
    assert list(ranges) == [(starts[0], starts[0] + 999)]


def test_gaps_of_nothing_are_everything() -> None:
    assert list(Intervals().gaps(0, 2**48)) == [(0, 2**48)]
    assert list(Intervals().gaps(1, 0)) == []
