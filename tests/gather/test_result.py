from dataclasses import replace
from math import nan

import pytest

from groupwire.errors import MissingAnswers, UsageError
from groupwire.gather import Expectation, Form, Question, Result, StoppedBy

NAMES = Expectation(("a", "b"))
NUMBER = Expectation(count=2)
WHOLE = Result((), (), 0, 0, 0, (), StoppedBy.EXPECTED, 0.1)


@pytest.mark.parametrize(
    ("question", "form", "attempts"),
    [
        (Question(b""), Form.PLAIN, 1),
        (Question(b"", NUMBER), Form.PLAIN, 1),
        (Question(b"", NAMES), Form.TAGGED, 3),
        (Question(b"", NAMES, retries=0), Form.TAGGED, 1),
        (Question(b"", retries=4), Form.TAGGED, 5),
        (Question(b"", retries=0), Form.PLAIN, 1),
        (Question(b"", form=Form.TAGGED), Form.TAGGED, 1),
        (Question(b"", NUMBER, form=Form.PLAIN, retries=0), Form.PLAIN, 1),
        (Question(b"", Expectation.parse("10.0.0.7")), Form.PLAIN, 1),
    ],
)
def test_names_and_retries_make_a_question_tagged(
    question: Question, form: Form, attempts: int
) -> None:
    assert (question.travels, question.attempts) == (form, attempts)


@pytest.mark.parametrize(
    "change",
    [
        {"timeout": 0.0},
        {"timeout": -1.0},
        {"timeout": nan},
        {"stall": 0.0},
        {"first": 0},
        {"retries": -1},
        {"retries": 101},
        {"name": "no name"},
        {"form": Form.PLAIN, "expect": NAMES},
        {"form": Form.PLAIN, "retries": 1},
    ],
)
def test_impossible_questions_are_refused_with_what_would_do(
    change: dict[str, object],
) -> None:
    with pytest.raises(UsageError) as caught:
        replace(Question(b""), **change)  # type: ignore[arg-type]
    assert caught.value.fix


def test_a_whole_result_raises_nothing() -> None:
    assert WHOLE.complete
    WHOLE.raise_for_missing()


def test_a_result_with_members_missing_raises_who() -> None:
    result = replace(WHOLE, missing=("cam2",), missing_count=1)
    assert not result.complete
    with pytest.raises(MissingAnswers, match="cam2") as caught:
        result.raise_for_missing()
    assert (caught.value.missing, caught.value.missing_count) == (("cam2",), 1)


def test_a_result_with_a_number_missing_raises_how_many() -> None:
    with pytest.raises(MissingAnswers, match="not known by name"):
        replace(WHOLE, missing_count=3).raise_for_missing()
