"""Which bytes are there."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from groupwire.deliver.store.parts.ranges import Ranges


@pytest.mark.parametrize("seed", range(30))
def test_they_say_what_a_set_of_bytes_says(seed: int) -> None:
    dice = Random(seed)
    ranges, there = Ranges(), set[int]()
    for _ in range(60):
        start = dice.randrange(200)
        stop = start + dice.randrange(1, 20)
        new = len(set(range(start, stop)) - there)
        assert ranges.add(start, stop) == new
        there |= set(range(start, stop))
        rows = list(ranges)
        assert {n for row in rows for n in range(*row)} == there
        assert all(a[1] < b[0] for a, b in pairwise(rows))
        assert (ranges.size, ranges.end) == (len(there), max(there) + 1)
        assert ranges.prefix == next(n for n in range(300) if n not in there)


def test_nothing_is_there_at_first() -> None:
    ranges = Ranges()
    assert (list(ranges), ranges.prefix, ranges.end, ranges.size) == ([], 0, 0, 0)


def test_more_pieces_than_the_bound_are_not_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("groupwire.deliver.store.parts.ranges.MAX_RANGES", 3)
    ranges = Ranges([(0, 1), (2, 3), (4, 5)])
    assert ranges.add(10, 12) == 2
    assert list(ranges) == [(0, 1), (2, 3), (4, 5)]
    ranges.add(1, 2)
    ranges.add(10, 12)
    assert list(ranges) == [(0, 3), (4, 5), (10, 12)]
