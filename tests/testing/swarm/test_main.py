"""The command that plays many trials, and tells how to replay what failed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.testing.swarm.places import Broken, Hanging

from groupwire.testing.swarm import __main__ as main_module
from groupwire.testing.swarm import seat as seat_module
from groupwire.testing.swarm.__main__ import main, play, play_all


def test_seeds_that_pass_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "3", "--first", "20", "--jobs", "1"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("3 seeds from 20: ")
    assert told[1] == "3 passed, 0 failed"


@pytest.mark.parametrize("jobs", [1, 2])
def test_outcomes_come_in_order_however_many_play(jobs: int) -> None:
    seeds = range(4)
    outcomes = list(play_all(seeds, jobs=jobs))
    assert outcomes == [play(seed) for seed in seeds]


def test_a_seed_that_fails_is_told_with_the_command_that_replays_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_module, "Receiver", Broken)
    assert main(["--seeds", "1", "--first", "5", "--jobs", "1"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("seed 5: raises ZeroDivisionError: by nobody")
    replay = f"{sys.executable} -m groupwire.testing.swarm --replay 5 --log"
    assert told[1] == f"  replay: {replay}"
    assert told[-1] == "0 passed, 1 failed"
    assert main(replay.split()[3:]) == 1


def test_a_seed_that_never_comes_back_is_ended_and_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_module, "Receiver", Hanging)
    monkeypatch.setattr(main_module, "_MOST_S", 0.2)
    assert main(["--seeds", "1", "--first", "5", "--jobs", "1"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("seed 5: takes more than 0.2 s: ")
    assert "--replay 5" in told[1]
    assert told[-1] == "0 passed, 1 failed"


def test_only_the_first_failures_are_told_one_by_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_module, "Receiver", Broken)
    assert main(["--seeds", "25", "--jobs", "1"]) == 1
    told = capsys.readouterr().out
    assert told.count("replay:") == 20
    assert told.endswith("0 passed, 25 failed\n")


def test_the_command_that_is_told_replays_a_seed_and_tells_all_of_it() -> None:
    command = [sys.executable, "-m", "groupwire.testing.swarm", "--replay", "3"]
    runs = [
        subprocess.run([*command, "--log"], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    for word in ("seed: 3", "lives: (Life(", "Outcome(seed=3,", " sender > None "):
        assert word in runs[0].stdout


def test_without_the_log_a_replay_tells_the_scenario_and_what_came_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--replay", "3"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("seed: 3\n")
    assert " sender > " not in told
    assert "wrongs=()" in told
