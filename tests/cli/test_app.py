"""The table of commands and the door."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from groupwire.cli.app import COMMANDS, main

Capture = pytest.CaptureFixture[str]

HEAVY = ("asyncio", "groupwire.aio", "groupwire.net", "rich.console", "socket")


@pytest.fixture(autouse=True)
def no_group_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)


def test_help_lists_every_command_with_its_purpose(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name}" in shown
        assert command.summary in shown


def test_no_words_at_all_are_a_question_for_help(capsys: Capture) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: groupwire")


def test_help_fits_a_narrow_terminal(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    main(["--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from groupwire.cli.app import main; main(['--help']);"
        f"sys.exit(' '.join(m for m in {HEAVY!r} if m in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_told(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("groupwire 0.")


def test_an_unknown_command_is_a_wrong_use(capsys: Capture) -> None:
    assert main(["sned"]) == 2
    assert capsys.readouterr().err.startswith("groupwire: No such command 'sned'")


def test_an_unknown_option_says_where_help_is(capsys: Capture) -> None:
    assert main(["explain", "--colour"]) == 2
    assert "fix: `groupwire explain --help`" in capsys.readouterr().err


def test_a_shell_that_completes_learns_the_options_of_a_command() -> None:
    environment = {
        **os.environ,
        "_GROUPWIRE_COMPLETE": "complete_bash",
        "COMP_WORDS": "groupwire explain --js",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-m", "groupwire"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["--json"]


def test_help_into_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "groupwire", "--help"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
