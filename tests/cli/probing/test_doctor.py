"""``groupwire doctor`` on this machine's loopback, and what it is told wrongly."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import typer
from tests.cli.running import first_event, free_port, running, told

from groupwire import diagnose
from groupwire.cli.app import main
from groupwire.cli.options.probing.doctoring import minutes
from groupwire.diagnose import Diagnosis, Finding, Looked, Severity
from groupwire.diagnose.check import Question
from groupwire.diagnose.trials.serve import Served, Serving

Capture = pytest.CaptureFixture[str]
_FOUND = Finding(code="no-route", severity=Severity.ERROR, says="no way")


def _says(monkeypatch: pytest.MonkeyPatch, looked: Looked) -> list[Question]:
    """Put words into the doctor's mouth; return what it is asked."""
    asked: list[Question] = []

    async def examine(question: Question, **_: object) -> Diagnosis:
        asked.append(question)
        return Diagnosis((("Check", looked),), 1.0)

    monkeypatch.setattr(diagnose, "examine", examine)
    return asked


@pytest.mark.parametrize(
    ("looked", "words", "code"),
    [
        (Looked(at=()), [], 0),
        (Looked(at=(), findings=(_FOUND,)), [], 1),
        (Looked(at=(), unsure=("x",)), [], 0),
        (Looked(at=(), unsure=("x",)), ["--strict"], 1),
        (Looked(at=()), ["--strict"], 0),
    ],
)
def test_the_exit_code_is_the_verdict(
    monkeypatch: pytest.MonkeyPatch, looked: Looked, words: list[str], code: int
) -> None:
    _says(monkeypatch, looked)
    assert main(["doctor", "-i", "lo", *words]) == code


def test_options_become_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _says(monkeypatch, Looked(at=()))
    words = "-g 239.1.1.1:5000 -i lo --listen 5 --soak 0.5 --ttl 3 --peer 127.0.0.1"
    assert main(["doctor", *words.split(), "--json"]) == 0
    (question,) = asked
    assert str(question.group) == "239.1.1.1:5000"
    assert (question.listen_s, question.soak_s, question.ttl_hops) == (5.0, 30.0, 3)
    assert str(question.peer) == "127.0.0.1"


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["-i", "nosuch"], 3, "there is no interface nosuch"),
        (["--peer", "cam1"], 2, "no IP address"),
        (["-g", "10.0.0.1:5"], 2, "not a group"),
        (["--soak", "0"], 2, "no number of minutes above 0"),
        (["--serve", "--peer", "127.0.0.1"], 2, "--serve is the other end"),
    ],
)
def test_what_cannot_be_is_refused(
    capsys: Capture, words: list[str], code: int, text: str
) -> None:
    assert main(["doctor", *words]) == code
    shown = capsys.readouterr()
    assert text in shown.err
    assert "fix:" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("text", ["x", "-1", "inf", "nan"])
def test_minutes_are_a_number_above_0(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        minutes(text)


def test_a_look_at_loopback_is_told_to_programs(capsys: Capture) -> None:
    group = f"239.255.42.99:{free_port()}"
    main(["doctor", "-g", group, "-i", "lo", "--json"])
    lines = told(capsys.readouterr().out)
    events = [line["event"] for line in lines]
    assert (events[0], events[-1]) == ("question", "end")
    assert {"looked"} <= set(events) <= {"question", "looked", "finding", "end"}
    assert lines[-1]["took_s"] < 3
    assert lines[-1]["checks"] == events.count("looked")


def test_the_other_end_counts_who_tests_against_it(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    asked = _says(monkeypatch, Looked(at=()))

    async def serving(
        question: Question, *, examine: Callable[[], Awaitable[Diagnosis]]
    ) -> AsyncGenerator[Serving | Served, None]:
        yield Serving(question.group, ("lo",), 10_003, root=False)
        await examine()
        yield Served("10.0.0.7")

    monkeypatch.setattr("groupwire.diagnose.trials.serve.serve", serving)
    assert main(["doctor", "--serve", "-i", "lo", "--json"]) == 0
    lines = told(capsys.readouterr().out)
    assert [line["event"] for line in lines] == ["serving", "served", "end"]
    assert lines[-1]["served"] == len(asked) == 1


@pytest.mark.parametrize(
    ("words", "first"), [(["--listen", "60"], "question"), (["--serve"], "serving")]
)
def test_an_interruption_ends_with_an_end(words: list[str], first: str) -> None:
    group = ["-g", f"239.255.42.99:{free_port()}", "-i", "lo"]
    with running("doctor", *group, *words, "--json") as process:
        assert first_event(process)["event"] == first
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert told(output)[-1]["event"] == "end"
    assert errors == ""
