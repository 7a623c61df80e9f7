"""Questions and answers on the screen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from groupwire.aio import Sent
from groupwire.cli.render.answers import Answers, Asked, Limits
from groupwire.cli.render.out import Out, Tone
from groupwire.gather import Answer, Form, Result, StoppedBy
from groupwire.values import Group, Interface, Origin

Capture = pytest.CaptureFixture[str]

GROUP = Group.parse("239.1.2.3:5000")
NOBODY = Limits(None, (), None, 5.0, 0.2)
SENT = Sent(GROUP, (Interface("eth0", 2),), "eth0 was named", 5, 1, Form.PLAIN)
ANSWER = Answer("arm1", Origin("10.0.0.7", 4000), b"ack", 0.00125)
RESULT = Result((ANSWER,), (), 0, 0, 0, (), StoppedBy.STALL, 0.2)


def end(result: Result, limits: Limits, capsys: Capture, **tone: bool) -> str:
    """Return what is said at the end of one round."""
    answers, asked = Answers(Out(Tone(**tone)), GROUP, limits), Asked()
    answers.sent(SENT)
    asked.add(result)
    capsys.readouterr()
    answers.end(asked)
    out, err = capsys.readouterr()
    return out + err


@pytest.mark.parametrize(
    ("result", "limits", "parts"),
    [
        (RESULT, NOBODY, ["1 answer", "0.2 s of silence"]),
        (replace(RESULT, answers=()), NOBODY, ["nobody answered"]),
        (
            replace(
                RESULT,
                missing=("b",),
                missing_count=1,
                attempts=3,
                stopped_by=StoppedBy.RETRIES,
            ),
            Limits(2, ("a", "b"), None, 5.0, 0.2),
            ["missing 1 of 2: b", "were asked 3 times"],
        ),
        (
            replace(RESULT, missing_count=2, stopped_by=StoppedBy.TIMEOUT),
            Limits(3, (), None, 5.0, 0.2),
            ["missing 2 of 3\n", "the time of 5 s was over"],
        ),
        (
            replace(RESULT, stopped_by=StoppedBy.FIRST),
            replace(NOBODY, first=1),
            ["as many answers as wanted (1)"],
        ),
        (
            replace(RESULT, stopped_by=StoppedBy.EXPECTED, elapsed=0.0018),
            Limits(1, ("a",), None, 5.0, 0.2),
            ["ended after 1.8 ms: everyone expected has answered"],
        ),
        (
            replace(RESULT, stopped_by=None, duplicates=2, late=1, clashes=("a\x1b",)),
            NOBODY,
            [
                "interrupted",
                "2 duplicate answers",
                "1 late answer\n",
                r"two members call themselves a\x1b",
            ],
        ),
    ],
)
def test_the_end_says_who_and_why(
    result: Result, limits: Limits, parts: list[str], capsys: Capture
) -> None:
    told = end(result, limits, capsys)
    for part in parts:
        assert part in told


def test_answers_stand_under_each_other(capsys: Capture) -> None:
    answers = Answers(
        Out(Tone()), GROUP, Limits(2, ("arm1", "camera-12"), None, 5.0, 0.2)
    )
    answers.answer(ANSWER)
    answers.answer(ANSWER._replace(member="camera-12", rtt=1.5))
    first, second = capsys.readouterr().out.splitlines()
    assert first == "    1.25 ms  arm1       10.0.0.7:4000  ack"
    assert second == " 1500.00 ms  camera-12  10.0.0.7:4000  ack"


def test_a_stranger_cannot_paint_the_screen(capsys: Capture) -> None:
    answers = Answers(Out(Tone()), GROUP, NOBODY)
    answers.answer(ANSWER._replace(member=None, data=b"\x1b[2J[bold]\xff"))
    out = capsys.readouterr().out
    assert out == "    1.25 ms  10.0.0.7:4000  \\x1b[2J[bold]\\xff\n"


def test_the_choice_its_reason_and_warnings_are_told(capsys: Capture) -> None:
    answers = Answers(Out(Tone()), GROUP, replace(NOBODY, names=("a",)))
    answers.sent(replace(SENT, form=Form.TAGGED, warnings=("it is large",)))
    assert capsys.readouterr().err.splitlines() == [
        "sent 5 bytes to 239.1.2.3:5000, TTL 1",
        "  by eth0: eth0 was named",
        "  tagged, so that members can answer by name",
        "warning: it is large",
    ]


def test_rounds_sum_up_and_remember_who_missed_any() -> None:
    asked = Asked()
    asked.add(replace(RESULT, missing=("b",), missing_count=1, duplicates=1))
    asked.add(replace(RESULT, missing=("c",), missing_count=1, late=2))
    asked.add(RESULT)
    fields: dict[str, Any] = asked.fields()
    assert (fields["answers"], fields["missing"]) == (3, ["b", "c"])
    assert (fields["missing_count"], fields["duplicates"], fields["late"]) == (2, 1, 2)


def test_several_rounds_are_told_one_by_one(capsys: Capture) -> None:
    answers, asked = Answers(Out(Tone()), GROUP, NOBODY, rounds=2), Asked()
    for _ in range(2):
        answers.sent(SENT)
        asked.add(RESULT)
        answers.round(RESULT)
    answers.end(asked)
    err = capsys.readouterr().err
    assert err.count("sent 5 bytes") == 1
    assert "round 2: 1 answer" in err
    assert err.endswith("2 rounds, 2 answers\n")


def test_an_end_before_anything_was_sent_misses_everybody(capsys: Capture) -> None:
    limits = Limits(2, ("a", "b"), None, 5.0, 0.2)
    Answers(Out(Tone(json=True)), GROUP, limits).end(Asked())
    told = json.loads(capsys.readouterr().out)
    assert (told["missing"], told["missing_count"]) == (["a", "b"], 2)
    assert told["stopped_by"] == "stopped"
    Answers(Out(Tone()), GROUP, limits).end(Asked())
    assert capsys.readouterr().err == "nothing was sent\n"
