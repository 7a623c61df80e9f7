"""Every outcome has one exit code and a text that says what to do."""

from __future__ import annotations

import errno
import io
import sys

import pytest

from groupwire.cli.exits import ExitCode, Verdict, report, verdict
from groupwire.errors import (
    AddressError,
    ClosedError,
    DecodeError,
    InterfaceChoiceError,
    MessageTooLarge,
    MissingAnswers,
    NoRouteError,
    NotDelivered,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("wrong"), 2),
        (AddressError("10.0.0.1:5", "no group"), 2),
        (MessageTooLarge(70_000, 65_507, fix="send less"), 2),
        (ClosedError("the peer"), 2),
        (NoRouteError("no way out"), 3),
        (InterfaceChoiceError("several", fix="name one", candidates=["a", "b"]), 3),
        (MissingAnswers(["c"], 1), 1),
        (NotDelivered(["c"], 1), 1),
        (DecodeError("short"), 3),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), 3),
        (PermissionError(errno.EACCES, "Permission denied"), 3),
        (OSError(errno.ENOSPC, "No space left on device", "/dev/full"), 3),
        (BrokenPipeError(), 0),
        (KeyboardInterrupt(), 130),
        (RuntimeError("what?"), 3),
    ],
)
def test_every_outcome_has_its_exit_code(error: BaseException, code: int) -> None:
    assert verdict(error).code == code


def test_the_text_of_an_address_is_named_with_the_problem_and_the_fix_apart() -> None:
    found = verdict(AddressError("10.0.0.1:5", "no group", fix="take 239.1.2.3:5"))
    assert found == Verdict(
        ExitCode.USAGE, "'10.0.0.1:5': no group", "take 239.1.2.3:5"
    )


def test_a_file_is_named() -> None:
    found = verdict(OSError(errno.ENOSPC, "No space left on device", "recording"))
    assert found.problem == "recording: no space left on device"
    assert found.fix


def test_nobody_is_told_of_a_closed_pipe_or_an_interruption() -> None:
    assert not verdict(BrokenPipeError()).problem
    assert not verdict(KeyboardInterrupt()).problem


def test_our_own_fault_is_told_as_ours() -> None:
    found = verdict(ZeroDivisionError("division by zero"))
    assert "fault in groupwire: ZeroDivisionError: division by zero" in found.problem
    assert "GROUPWIRE_DEBUG" in found.fix


def test_the_fix_stands_on_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(Verdict(ExitCode.USAGE, "it is wrong", "do it right"))
    out, err = capsys.readouterr()
    assert (out, err) == ("", "groupwire: it is wrong\nfix: do it right\n")


def test_escapes_in_an_error_are_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    report(Verdict(ExitCode.USAGE, "\x1b[31mred\x1b[0m"))
    assert "\x1b" not in capsys.readouterr().err


def test_an_error_survives_a_closed_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(text)

    monkeypatch.setattr(sys, "stderr", Closed())
    report(Verdict(ExitCode.USAGE, "nobody reads this"))
    monkeypatch.setattr(sys, "stderr", None)
    report(Verdict(ExitCode.USAGE, "nor this"))


def test_tracebacks_are_for_those_who_ask(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUPWIRE_DEBUG", "1")
    error = UsageError("wrong")
    report(verdict(error), error)
    assert "UsageError" in capsys.readouterr().err
    monkeypatch.delenv("GROUPWIRE_DEBUG")
    report(verdict(error), error)
    assert "UsageError" not in capsys.readouterr().err


def test_a_negative_number_taken_for_an_option_goes_behind_two_dashes() -> None:
    class WrongError(Exception):
        exit_code = 2

        def format_message(self) -> str:
            return "No such option: -5"

    assert "TOPIC -- -5" in verdict(WrongError()).fix
