"""``groupwire pull`` where nothing, or the wrong thing, comes."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.cli.running import first_event, free_port, on_loopback, running, told

from groupwire.cli.app import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Words that lead to a group without senders."""
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)
    return on_loopback(free_port())


def test_it_ends_when_no_delivery_begins(
    here: list[str], tmp_path: Path, capsys: Capture
) -> None:
    words = ["pull", *here, "--into", str(tmp_path / "in"), "--timeout", "0.1"]
    assert main([*words, "--name", "arm1"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[:4] == [
        f"joined {here[1]} as arm1",
        "  on lo: lo was named",
        f"  one delivery into {tmp_path / 'in'}; Ctrl-C ends it",
        "no delivery has begun in 0.1 s",
    ]
    assert main([*words, "--json", "--forever"]) == 1
    joined, end = told(capsys.readouterr().out)
    assert (joined["event"], joined["into"]) == ("joined", str(tmp_path / "in"))
    assert (end["event"], end["deliveries"]) == ("end", 0)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--count", "2", "--forever"], "contradict"),
        (["--count", "0"], "--count"),
        (["--timeout", "never"], "--timeout"),
        (["--max-size", "much"], "4G"),
        (["--from", "nowhere"], "--from: 'nowhere' is no network"),
        (["--answer-to", "nowhere"], "--answer-to"),
        (["--name", "123"], "no member name"),
        (["-g", "232.1.1.1:5000"], "SOURCE@"),
        (["file"], "extra argument"),
    ],
)
def test_a_wrong_use_is_told_before_anything_is_joined(
    words: list[str], problem: str, capsys: Capture
) -> None:
    assert main(["pull", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, problem in err) == ("", True)


def test_a_directory_that_cannot_be_made_is_the_machines_fault(
    here: list[str], tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["pull", *here, "--into", str(tmp_path / "file" / "in")]) == 3
    out, err = capsys.readouterr()
    assert (out, str(tmp_path / "file") in err) == ("", True)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_is_answered_with_end_as_the_last_word(
    here: list[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with running("pull", *here, "--into", str(tmp_path), "--json") as member:
        assert first_event(member)["event"] == "joined"
        member.send_signal(number)
        out, err = member.communicate(timeout=10)
    assert (member.returncode, err) == (code, "")
    assert told(out)[-1]["event"] == "end"


def test_it_ends_with_the_one_who_reads_it(here: list[str], tmp_path: Path) -> None:
    with running("pull", *here, "--into", str(tmp_path), "--json") as member:
        first_event(member)
        assert member.stdout is not None
        member.stdout.close()
        assert member.wait(timeout=10) == 0


def test_who_does_not_read_has_the_files_all_the_same(
    here: list[str], tmp_path: Path, capsys: Capture
) -> None:
    tree, into = tmp_path / "tree", tmp_path / "in"
    tree.mkdir()
    for number in range(600):
        (tree / f"file{number}").write_text(str(number))
    with running("pull", *here, "--into", str(into), "--json") as member:
        first_event(member)
        # Its lines are more than a pipe takes.
        assert main(["push", *here, f"{tree}/", "--expect", "1"]) == 0
        assert len(list(into.glob("file*"))) == 600
        out, _ = member.communicate(timeout=10)
    assert member.returncode == 0
    lines = [line for line in out.splitlines() if line.startswith("{")]
    assert len(out) > 1 << 16
    assert sum(line["event"] == "file" for line in told("\n".join(lines))) > 550
    assert told(lines[-1])[0]["event"] == "end"
    assert "1 member has 600 files" in capsys.readouterr().err
