"""When to give up asking a sender that is there and does not answer."""

from __future__ import annotations

from groupwire.norm.receive.patience import Patience

SILENCE_S = 2.0


def _ask(patience: Patience, *times: float) -> list[bool]:
    return [patience.over(now, SILENCE_S) for now in times]


def test_it_ends_after_so_many_questions_over_so_many_silences() -> None:
    patience = Patience(3)
    # Three questions, and three silences of two seconds since the first.
    assert _ask(patience, 10.0, 12.0, 14.0, 15.9, 16.0) == [False] * 4 + [True]


def test_many_questions_in_a_short_time_are_not_enough() -> None:
    patience = Patience(3)
    assert not any(_ask(patience, *(n / 100 for n in range(100))))


def test_a_long_time_with_few_questions_is_not_enough() -> None:
    patience = Patience(3)
    assert _ask(patience, 0.0, 100.0, 200.0, 300.0) == [False] * 3 + [True]


def test_any_answer_begins_it_anew() -> None:
    patience = Patience(3)
    assert not any(_ask(patience, 0.0, 10.0, 20.0))
    patience.answered()
    assert _ask(patience, 30.0, 40.0, 50.0, 60.0) == [False] * 3 + [True]


def test_after_its_end_it_begins_anew() -> None:
    patience = Patience(1)
    assert _ask(patience, 0.0, 2.0) == [False, True]
    assert _ask(patience, 2.0, 4.0) == [False, True]
