"""``groupwire members`` over real multicast on loopback."""

from __future__ import annotations

import signal
import subprocess

import pytest
from tests.cli.running import (
    COMMAND,
    broken_pipe,
    first_event,
    free_port,
    on_loopback,
    running,
    told,
)

from groupwire.cli.app import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_group_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)


@pytest.fixture
def here() -> list[str]:
    """Words that lead to a group of this test."""
    return on_loopback(free_port())


def test_who_is_there_is_a_table(here: list[str], capsys: Capture) -> None:
    words = ("publish", "a", "-l", *here, "--name", "probe", "--json")
    with (
        running("subscribe", *here, "--name", "arm1", "--json") as arm,
        running(*words, stdin=subprocess.PIPE) as publisher,
    ):
        first_event(arm)
        first_event(publisher)
        assert publisher.stdin is not None
        publisher.stdin.write("one\ntwo\n")
        publisher.stdin.flush()
        assert arm.stdout is not None
        assert any('"two"' in line for line in arm.stdout)
        assert main(["members", *here, "--expect", "2"]) == 0
        assert main(["members", *here, "--expect", "arm1,probe", "--json"]) == 0
        out = capsys.readouterr().out
    head, first, second, *events = out.splitlines()
    assert head.split() == ["role", "name", "address", "here", "for", "sent"]
    assert (first.split()[:2], first.split()[-1]) == (["publisher", "probe"], "2")
    assert second.split()[:2] == ["subscriber", "arm1"]
    joined, *members, end = told("\n".join(events))
    assert (joined["event"], joined["interfaces"]) == ("joined", ["lo"])
    found = {member["name"]: member for member in members}
    assert set(found) == {"arm1", "probe"}
    assert found["probe"]["sent"] == {"reliable": 2, "latest": 0, "besteffort": 0}
    assert found["arm1"]["since"] <= found["arm1"]["time"]
    assert "sent" not in found["arm1"]
    assert (end["publishers"], end["subscribers"], end["missing"]) == (1, 1, [])


def test_nobody_is_no_member(here: list[str], capsys: Capture) -> None:
    assert main(["members", *here, "--wait", "0.1"]) == 0
    assert capsys.readouterr() == ("", "0 members\n")


def test_who_is_missing_is_named(here: list[str], capsys: Capture) -> None:
    with running("subscribe", *here, "--name", "arm1", "--json") as arm:
        first_event(arm)
        words = ["members", *here, "--wait", "0.4", "--expect"]
        assert main([*words, "arm1,arm2"]) == 1
        assert main([*words, "3", "-q"]) == 1
        assert main([*words, "arm2", "--json"]) == 1
    out, err = capsys.readouterr()
    assert err == "1 member\nmissing: arm2\nmissing: 2 of 3\n"
    end = told(out.splitlines()[-1])[0]
    assert (end["event"], end["missing"], end["missing_count"]) == ("end", ["arm2"], 1)


def test_following_shows_who_comes_and_goes(here: list[str]) -> None:
    with running("members", *here, "--follow") as follower:
        assert follower.stderr is not None
        assert "members of" in follower.stderr.readline()
        with running("subscribe", *here, "--name", "arm1", "--json") as arm:
            first_event(arm)
            assert follower.stdout is not None
            assert "+ subscriber arm1" in follower.stdout.readline()
            arm.send_signal(signal.SIGINT)
            assert "- subscriber arm1" in follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        _, err = follower.communicate(timeout=10)
    assert (follower.returncode, err.splitlines()[-1]) == (130, "0 members")


def test_following_ends_after_its_time(here: list[str], capsys: Capture) -> None:
    assert main(["members", *here, "-f", "--duration", "0.05", "--json"]) == 0
    events = [event["event"] for event in told(capsys.readouterr().out)]
    assert events == ["joined", "end"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_is_answered_with_end_as_the_last_word(
    here: list[str], number: signal.Signals, code: int
) -> None:
    with running("members", *here, "--follow", "--json") as process:
        first_event(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (code, "")
    assert told(out)[-1]["event"] == "end"


def test_a_closed_stdout_is_no_error(here: list[str]) -> None:
    with (
        broken_pipe() as stdout,
        subprocess.Popen(
            [*COMMAND, "members", *here, "--follow", "--json"],
            stdout=stdout,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        assert process.communicate(timeout=20)[1] == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--follow", "--expect", "2"], "--follow waits for nobody"),
        (["--duration", "2"], "--duration is for --follow"),
        (["--expect", "10.0.0.7"], "by name and not by address"),
        (["-g", "232.1.1.1:5000"], "is for one source"),
        (["-g", "10.0.0.7@239.1.1.1:5000"], "is for one source"),
        (["arm1"], "extra argument"),
    ],
)
def test_a_slip_is_told(words: list[str], problem: str, capsys: Capture) -> None:
    assert main(["members", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, problem in err) == ("", True)
