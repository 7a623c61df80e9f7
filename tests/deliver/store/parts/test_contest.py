"""Files that two deliveries want."""

from __future__ import annotations

import pytest

from groupwire.deliver.store.parts.contest import Contest


def test_what_nothing_has_come_of_is_the_next_ones() -> None:
    now = [0.0]
    contest = Contest(lambda: now[0])
    for now[0] in (0.0, 0.4):
        with pytest.raises(BlockingIOError):
            contest.lost("a", 7)
    now[0] = 0.6
    assert contest.lost("a", 7)
    with pytest.raises(BlockingIOError):
        contest.lost("a", 7)


def test_what_more_comes_of_stays_who_has_it() -> None:
    now = [0.0]
    contest = Contest(lambda: now[0])
    with pytest.raises(BlockingIOError):
        contest.lost("a", 7)
    assert not contest.lost("a", 8)
    with pytest.raises(BlockingIOError):
        contest.lost("a", 8)


def test_what_is_closed_is_forgotten_and_nothing_else() -> None:
    now = [0.0]
    contest = Contest(lambda: now[0])
    for file in ("a", "b"):
        with pytest.raises(BlockingIOError):
            contest.lost(file, 7)
    now[0] = 9.0
    contest.forget("a")
    contest.forget("a")
    with pytest.raises(BlockingIOError):
        contest.lost("a", 7)
    assert contest.lost("b", 7)
