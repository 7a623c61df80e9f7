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


def test_it_stays_at_its_end_until_it_is_answered() -> None:
    patience = Patience(1)
    assert _ask(patience, 0.0, 2.0, 3.0) == [False, True, True]
    patience.answered()
    assert _ask(patience, 3.0, 5.0) == [False, True]


def test_questions_count_as_asked_in_vain_but_for_the_first() -> None:
    patience = Patience(9)
    counts = [_ask(patience, float(now)) and patience.in_vain for now in range(4)]
    assert counts == [0, 1, 2, 3]
    patience.answered()
    _ask(patience, 9.0)
    assert patience.in_vain == 0


def test_a_sign_of_life_gives_hope() -> None:
    patience = Patience(4)
    assert _ask(patience, 0.0, 10.0, 20.0, 30.0, 40.0) == [False] * 4 + [True]
    patience.hope()
    assert _ask(patience, 41.0, 42.0, 43.0) == [False, False, True]
    assert patience.in_vain == 2


def test_many_signs_of_life_give_no_more_hope_than_one() -> None:
    patience = Patience(4)
    _ask(patience, *range(5))
    for now in (50.0, 51.0):
        patience.hope()
        assert _ask(patience, now) == [False]
        assert patience.in_vain == 0
    assert _ask(patience, 52.0) == [True]


def test_hope_before_any_question_changes_nothing() -> None:
    patience = Patience(2)
    patience.hope()
    assert _ask(patience, 0.0, 10.0, 20.0) == [False, False, True]
