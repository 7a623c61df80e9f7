"""Which line goes where."""

from __future__ import annotations

import io
import json
import os
import sys
import time

import pytest
from tests.cli.render.deliveries.terminal import Terminal

from groupwire.cli.render.out import Out, Tone, settle_stdout

Capture = pytest.CaptureFixture[str]


def test_people_get_what_they_asked_for_on_stdout_and_all_else_on_stderr(
    capsys: Capture,
) -> None:
    out = Out(Tone())
    out.line("an answer")
    out.note("good to know")
    out.warn("look out")
    assert capsys.readouterr() == ("an answer\n", "good to know\nwarning: look out\n")


def test_the_quiet_get_what_they_asked_for_and_why_it_failed(capsys: Capture) -> None:
    out = Out(Tone(quiet=True))
    for speak in (out.line, out.note, out.detail, out.warn, out.complain):
        speak(speak.__name__)
    assert capsys.readouterr() == ("line\n", "complain\n")


def test_details_are_for_the_curious(capsys: Capture) -> None:
    Out(Tone()).detail("no")
    Out(Tone(verbose=True)).detail("yes")
    assert capsys.readouterr().err == "yes\n"


def test_json_is_one_object_a_line_with_event_version_and_time(capsys: Capture) -> None:
    out = Out(Tone(json=True))
    out.line("not for programs")
    out.note("nor this")
    out.event("answer", {"data": "a\nb\u202e"}, at=1.5)
    out.event("end", {})
    shown, err = capsys.readouterr()
    first, last = map(json.loads, shown.splitlines())
    assert first == {"event": "answer", "v": 1, "time": 1.5, "data": "a\nb\u202e"}
    assert abs(last["time"] - time.time()) < 60
    assert (err, shown.isascii()) == ("", True)


def test_warnings_reach_people_beside_json(capsys: Capture) -> None:
    Out(Tone(json=True)).warn("look out")
    assert capsys.readouterr() == ("", "warning: look out\n")


def test_beside_raw_bytes_everything_else_goes_to_stderr(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    out = Out(Tone(), raw=True)
    out.payload(b"\xff\x00")
    out.line("message")
    assert capfdbinary.readouterr() == (b"\xff\x00", b"message\n")


def test_beside_raw_bytes_the_events_have_stderr_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = Out(Tone(json=True), raw=True)
    out.payload(b"data")
    out.warn("not between the events")
    out.event("end", {})
    shown, err = capfd.readouterr()
    assert shown == "data"
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["end"]


def test_a_closed_stdout_loses_lines_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    out = Out(Tone())
    out.line("nobody")
    out.payload(b"nobody")
    assert out.pipe() is None
    assert not out.wide
    assert settle_stdout()


def test_after_a_broken_write_nothing_is_written_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Breaks(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(text)

    monkeypatch.setattr(sys, "stdout", Breaks())
    out = Out(Tone())
    with pytest.raises(BrokenPipeError):
        out.line("once")
    out.line("and no more")
    assert not out.stuck()


def test_a_pipe_can_tell_that_its_reader_has_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert Out(Tone()).pipe() == writing
    os.close(reading)
    with open(os.devnull, "w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        assert Out(Tone()).pipe() is None


def test_on_a_narrow_terminal_lines_for_people_are_broken_between_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Terminal()
    Terminal.prepare(monkeypatch)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys, "stdout", screen)
    out = Out(Tone())
    assert out.room == 30
    out.line("what was asked for is longer than that")
    Out(Tone(json=True)).event("end", {"a": "long" * 10})
    shown = screen.getvalue().splitlines()
    assert shown[:2] == ["what was asked for is longer", "  than that"]
    assert len(shown) == 3
