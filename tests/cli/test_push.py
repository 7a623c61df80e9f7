"""``groupwire push`` with members that pull, over real multicast on loopback."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import (
    COMMAND,
    first_event,
    free_port,
    on_loopback,
    running,
    told,
)

from groupwire.cli.app import main

Capture = pytest.CaptureFixture[str]

DATA = bytes(range(256)) * 40

HEAVY = (
    "email",
    "groupwire.aio.asking",
    "groupwire.cli.options.receiving",
    "groupwire.deliver.pull",
    "groupwire.deliver.storage",
    "groupwire.diagnose",
    "groupwire.norm.receive",
    "groupwire.probe",
    "groupwire.sync",
    "groupwire.testing",
    "groupwire.values.explanation",
    "multiprocessing",
    "rich",
    "tempfile",
    "urllib.request",
)
"""What a push does without: its start would be all the time that a small one takes."""


@pytest.fixture(autouse=True)
def no_group_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)


@pytest.fixture
def here() -> list[str]:
    """Words that lead to a group of this test."""
    return on_loopback(free_port())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory with two files in it."""
    tree = tmp_path / "photos"
    (tree / "sub").mkdir(parents=True)
    (tree / "a.bin").write_bytes(DATA)
    (tree / "sub" / "b.txt").write_text("small\n")
    return tree


@contextmanager
def pulling(
    here: list[str], into: Path, *names: str, options: tuple[str, ...] = ()
) -> Iterator[list[subprocess.Popen[str]]]:
    """Let members wait for a delivery, each in a directory of its name."""
    with ExitStack() as stack:
        members = [
            stack.enter_context(
                running(
                    *("pull", *here, "--into", str(into / name), "--name", name),
                    *("--json", "--patience", "5", *options),
                )
            )
            for name in names
        ]
        for member in members:
            assert first_event(member)["event"] == "joined"
        yield members


def ended(member: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]]]:
    out, err = member.communicate(timeout=20)
    assert err == ""
    return member.returncode, told(out)


def pushed(capsys: Capture, *words: str) -> tuple[int, list[dict[str, Any]]]:
    code = main(["push", *words, "--json"])
    return code, told(capsys.readouterr().out)


def only(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == name]


def test_every_member_has_the_tree_and_has_signed_for_it(
    here: list[str], source: Path, tmp_path: Path, capsys: Capture
) -> None:
    with pulling(here, tmp_path, "arm1", "arm2") as members:
        code, events = pushed(capsys, str(source), *here, "--expect", "arm1,arm2")
        results = [ended(member) for member in members]
    assert code == 0
    assert (events[0]["event"], events[0]["files"]) == ("start", 2)
    assert sorted(e["member"] for e in only(events, "receipt")) == ["arm1", "arm2"]
    assert {e["status"] for e in only(events, "receipt")} == {"verified"}
    end = events[-1]
    assert (end["event"], sorted(end["delivered"])) == ("end", ["arm1", "arm2"])
    assert (end["missing"], end["complete"]) == ([], True)
    for name, (result, told_there) in zip(("arm1", "arm2"), results, strict=True):
        assert result == 0
        files = {e["path"]: e for e in only(told_there, "file")}
        assert files["photos/a.bin"]["sha256"] == hashlib.sha256(DATA).hexdigest()
        assert files["photos/sub/b.txt"]["status"] == "stored"
        assert (told_there[-1]["event"], told_there[-1]["stored"]) == ("end", 2)
        assert (tmp_path / name / "photos" / "a.bin").read_bytes() == DATA


def test_it_imports_nothing_of_those_who_receive_and_nothing_heavy(
    here: list[str], source: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; from groupwire.cli.app import main; code = main(sys.argv[1:]);"
        f"sys.exit(' '.join(m for m in {HEAVY!r} if m in sys.modules) or code)"
    )
    words = ("push", str(source), *here, "--expect", "arm1", "--quiet")
    with pulling(here, tmp_path, "arm1"):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_cannot_be_delivered_makes_it_incomplete(
    here: list[str], source: Path, tmp_path: Path, capsys: Capture
) -> None:
    (source / "two\nlines").write_text("?")
    with pulling(here, tmp_path, "arm1") as (member,):
        code, events = pushed(capsys, str(source), *here, "--expect", "arm1")
        assert ended(member)[0] == 0
    assert (code, events[0]["event"]) == (1, "problem")
    assert events[-1]["delivered"] == ["arm1"]
    assert (events[-1]["complete"], events[-1]["problems"]) == (False, 1)


def test_what_members_have_already_is_not_sent_again(
    here: list[str], source: Path, tmp_path: Path, capsys: Capture
) -> None:
    with pulling(here, tmp_path, "arm1", options=("--count", "2")) as (member,):
        for _ in range(2):
            code, events = pushed(capsys, f"{source}/", *here, "--expect", "1")
            assert code == 0
        result, told_there = ended(member)
    assert result == 0
    assert only(events, "receipt")[0]["unchanged"] == 2
    assert events[-1]["sent_bytes"] < len(DATA)
    assert {e["status"] for e in only(told_there, "file")} == {"stored", "unchanged"}
    # A slash at the end: what is in it, without its name.
    assert (tmp_path / "arm1" / "a.bin").read_bytes() == DATA


def test_who_is_expected_and_absent_is_missing(
    here: list[str], source: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = ["--expect", "arm1,arm2", "--start-with", "1"]
    with pulling(here, tmp_path, "arm1") as (member,):
        assert main(["push", str(source), *here, *words]) == 1
        assert ended(member)[0] == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert [row[0] for row in rows] == ["member", "arm1", "arm2"]
    assert rows[2][2] == "missing"
    assert "missing 1 of 2: arm2" in err


def test_where_nobody_is_nothing_is_delivered(
    here: list[str], source: Path, capsys: Capture
) -> None:
    assert main(["push", str(source), *here]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0].startswith("pushing photos (2 files, 10.2 kB) to ")
    assert "nobody answered, nothing was delivered" in err
    assert f"`groupwire pull -g {here[1]}`" in err


def test_a_file_that_is_there_is_kept_and_both_say_so(
    here: list[str], source: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "arm1").mkdir()
    (tmp_path / "arm1" / "a.bin").write_text("mine")
    with pulling(here, tmp_path, "arm1") as (member,):
        code, events = pushed(capsys, str(source / "a.bin"), *here, "--expect", "1")
        result, told_there = ended(member)
    assert (code, result) == (1, 1)
    (receipt,) = only(events, "receipt")
    assert receipt["failed"] == [{"path": "a.bin", "reason": "exists"}]
    assert only(told_there, "file")[0]["reason"] == "exists"
    assert (tmp_path / "arm1" / "a.bin").read_text() == "mine"


def test_standard_input_arrives_at_standard_output(
    here: list[str], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "input").write_bytes(DATA)
    words = ["pull", *here, "--into", "-", "--name", "arm1", "--json"]
    with subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as member:
        assert member.stderr is not None
        assert b'"joined"' in member.stderr.readline()
        with (tmp_path / "input").open() as file:
            monkeypatch.setattr(sys, "stdin", file)
            code, events = pushed(capsys, "-", *here, "--title", "data", "-e", "arm1")
        out, err = member.communicate(timeout=20)
    assert (code, member.returncode) == (0, 0)
    assert (events[0]["title"], events[0]["bytes"]) == ("data", None)
    assert out == DATA
    assert told(err.decode())[-1]["event"] == "end"


def test_losses_are_repaired_and_told(
    here: list[str], tmp_path: Path, capsys: Capture
) -> None:
    data = os.urandom(300_000)
    (tmp_path / "file").write_bytes(data)
    with pulling(here, tmp_path, "arm1", options=("--lose", "10")) as (member,):
        code, events = pushed(capsys, str(tmp_path / "file"), *here, "-e", "arm1")
        assert ended(member)[0] == 0
    assert code == 0
    assert only(events, "receipt")[0]["lost"] > 0
    assert (tmp_path / "arm1" / "file").read_bytes() == data


def test_what_would_be_sent_is_listed_and_not_sent(
    source: Path, capsys: Capture
) -> None:
    words = ["push", str(source), "--dry-run", "--exclude", "*.txt"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert [line.split()[-1] for line in out.splitlines()] == [
        "photos/",
        "photos/a.bin",
        "photos/sub/",
    ]
    assert "1 file, 2 directories, 10.2 kB; nothing was sent" in err
    assert main([*words, "--json"]) == 0
    assert told(capsys.readouterr().out)[-1]["bytes"] == len(DATA)


def test_standard_input_is_listed_by_its_title(capsys: Capture) -> None:
    assert main(["push", "-", "--dry-run", "--title", "data.tar"]) == 0
    assert capsys.readouterr().out.split() == ["?", "data.tar"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "there is nothing to push"),
        (["/nowhere/at/all"], "/nowhere/at/all"),
        (["x", "--rate", "fast"], "800M"),
        (["x", "--drop-below", "0"], "800M"),
        (["x", "--expect", "0"], "cannot be expected"),
        (["x", "--expect", "@/nowhere"], "--expect: /nowhere"),
        (["x", "--parity", "65"], "--parity"),
        (["x", "--name", "123"], "no member name"),
        (["x", "--answer-to", "nowhere"], "--answer-to: 'nowhere' is no network"),
        (["x", "--patience", "0"], "--patience"),
        (["x", "--title", ""], "title"),
        (["x", "-q", "-v"], "contradict"),
        (["x", "-g", "10.0.0.1:5000"], "unicast"),
    ],
)
def test_a_wrong_use_is_told_before_anything_is_sent(
    words: list[str], problem: str, capsys: Capture
) -> None:
    assert main(["push", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, problem in err) == ("", True)
    assert err.startswith("groupwire: ")


def test_an_unknown_interface_is_the_machines_fault(
    source: Path, capsys: Capture
) -> None:
    assert main(["push", str(source), "-i", "nope0"]) == 3
    assert "nope0" in capsys.readouterr().err


def test_without_standard_input_a_dash_is_a_wrong_use(
    here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["push", "-", *here]) == 2


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_is_answered_with_end_as_the_last_word(
    here: list[str], source: Path, number: signal.Signals, code: int
) -> None:
    words = ["push", str(source), *here, "--expect", "arm1", "--wait", "30", "--json"]
    with running(*words) as sender:
        assert first_event(sender)["event"] == "start"
        sender.send_signal(number)
        out, err = sender.communicate(timeout=10)
    assert (sender.returncode, err) == (code, "")
    end = told(out)[-1]
    assert (end["event"], end["missing"], end["delivered"]) == ("end", ["arm1"], [])
