"""``groupwire send`` over real multicast on loopback."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import first_event, free_port, on_loopback, running, told

from groupwire.cli.app import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def here() -> Iterator[list[str]]:
    """Words that lead to a group with one member, ``arm1``."""
    words = on_loopback(free_port())
    with running("receive", *words, "--name", "arm1", "--json") as receiver:
        assert first_event(receiver)["event"] == "joined"
        yield words


@pytest.fixture
def nobody() -> list[str]:
    """Words that lead to a group without members."""
    return on_loopback(free_port())


@pytest.fixture(autouse=True)
def no_group_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)


def sent(capsys: Capture, *words: str) -> tuple[int, list[dict[str, Any]]]:
    code = main(["send", *words, "--json"])
    return code, told(capsys.readouterr().out)


def test_every_answer_is_an_event_between_sent_and_end(
    here: list[str], capsys: Capture
) -> None:
    code, (first, answer, end) = sent(capsys, "very important data", *here)
    assert code == 0
    assert first["event"] == "sent"
    assert (first["group"], first["interface"]) == (here[1], "lo")
    assert (first["bytes"], first["ttl"], first["mode"]) == (19, 1, "plain")
    assert answer["event"] == "answer"
    assert (answer["member"], answer["data"]) == (None, "ack")
    assert answer["sender"].startswith("127.0.0.1:")
    assert 0 < answer["rtt_s"] < 1
    assert end["event"] == "end"
    assert (end["answers"], end["missing"], end["missing_count"]) == (1, [], 0)
    assert (end["duplicates"], end["late"]) == (0, 0)
    assert end["stopped_by"] == "stall"
    assert end["elapsed_s"] >= 0.2


def test_people_read_who_answered_how_fast_and_why_it_ended(
    here: list[str], capsys: Capture
) -> None:
    assert main(["send", "hello", *here, "--tagged"]) == 0
    out, err = capsys.readouterr()
    rtt, unit, member, sender, data = out.split()
    assert (unit, member, data) == ("ms", "arm1", "ack")
    assert float(rtt) > 0
    assert sender.startswith("127.0.0.1:")
    assert err.splitlines()[:2] == [
        f"sent 5 bytes to {here[1]}, TTL 1",
        "  by lo: lo was named",
    ]
    assert "0.2 s of silence" in err


def test_one_who_is_expected_and_silent_is_missing(
    here: list[str], capsys: Capture
) -> None:
    words = ["status?", *here, "--expect", "arm1,arm2", "--timeout", "0.4"]
    code, events = sent(capsys, *words)
    assert code == 1
    assert [e["member"] for e in events if e["event"] == "answer"] == ["arm1"]
    assert (events[0]["mode"], events[-1]["missing"]) == ("tagged", ["arm2"])
    assert events[-1]["missing_count"] == 1
    assert events[-1]["stopped_by"] in {"retries", "timeout"}


@pytest.mark.alone
def test_all_expected_end_it_at_once(here: list[str], capsys: Capture) -> None:
    code, events = sent(capsys, "status?", *here, "--expect", "arm1")
    assert code == 0
    assert events[-1]["stopped_by"] == "expected"
    assert events[-1]["elapsed_s"] < 1


def test_members_stand_in_a_file_with_comments(
    here: list[str], capsys: Capture, tmp_path: Path
) -> None:
    (tmp_path / "members").write_text("# the arms\narm1\n\narm2  # in repair\n")
    expected = f"@{tmp_path / 'members'}"
    code, events = sent(
        capsys, "status?", *here, "--expect", expected, "--timeout", "0.3"
    )
    assert (code, events[-1]["missing"]) == (1, ["arm2"])


def test_the_quiet_are_told_who_is_missing(nobody: list[str], capsys: Capture) -> None:
    words = ["hi", *nobody, "-q", "--expect", "127.0.0.1,2", "--timeout", "0.1"]
    assert main(["send", *words]) == 2
    words[words.index("127.0.0.1,2")] = "127.0.0.1"
    capsys.readouterr()
    assert main(["send", *words]) == 1
    assert capsys.readouterr() == ("", "missing 1 of 1: 127.0.0.1\n")


def test_without_expectation_nobody_is_no_failure(
    nobody: list[str], capsys: Capture
) -> None:
    assert main(["send", "hi", *nobody]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "nobody answered" in err


def test_rounds_are_counted_and_summed(here: list[str], capsys: Capture) -> None:
    code, events = sent(
        capsys, "hi", *here, "--count", "2", "--interval", "0.05", "--first", "1"
    )
    assert code == 0
    names = [event["event"] for event in events]
    assert names == ["sent", "answer", "round"] * 2 + ["end"]
    assert [e["round"] for e in events if e["event"] == "round"] == [1, 2]
    assert events[-1]["answers"] == 2


def test_a_message_comes_from_standard_input(
    here: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "message").write_bytes(b"\xff" * 100)
    with (tmp_path / "message").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        code, events = sent(capsys, "-", *here)
    assert (code, events[0]["bytes"]) == (0, 100)


def test_an_input_without_end_is_refused(
    nobody: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/zero") as zeros:
        monkeypatch.setattr(sys, "stdin", zeros)
        assert main(["send", "-", *nobody]) == 2
    out, err = capsys.readouterr()
    assert (out, "at most 65507" in err) == ("", True)


def test_a_message_over_the_path_mtu_is_sent_with_a_warning(
    nobody: list[str], capsys: Capture
) -> None:
    code, events = sent(capsys, "x" * 65_507, *nobody)
    assert code == 0
    assert events[0]["bytes"] == 65_507
    if events[0]["warnings"]:
        assert "fragments" in events[0]["warnings"][0]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "there is no message"),
        (["239.1.2.3:5000"], 'groupwire send "hello" -g 239.1.2.3:5000'),
        (["239.1.2.3"], 'groupwire send "hello" -g 239.1.2.3:10000'),
        (["[ff15::1]:7"], 'groupwire send "hello" -g [ff15::1]:7'),
        (["239.1.2.3:5000", "hello"], "after -g"),
        (["hi", "--tagged", "--plain"], "contradict"),
        (["hi", "--expect", "a", "--plain"], "--plain"),
        (["hi", "--expect", "@/nowhere"], "/nowhere"),
        (["hi", "--expect", "two words"], "no member name"),
        (["hi", "--expect", "0"], "cannot be expected"),
        (["hi", "--timeout", "nan"], "--timeout"),
        (["hi", "--ttl", "256"], "--ttl"),
        (["hi", "-g", "10.0.0.1:5000"], "unicast"),
        (["hi", "-g", "239.1.2.3:70000"], "out of range"),
        (["hi", "-g", "[ff12::1]:5000"], "-i"),
        (["x" * 65_508, "-i", "lo"], "65507"),
    ],
)
def test_a_wrong_use_is_told_before_anything_is_sent(
    words: list[str], problem: str, capsys: Capture
) -> None:
    assert main(["send", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert problem in err
    assert err.startswith("groupwire: ")


def test_the_text_of_a_group_is_a_message_where_g_names_another(
    nobody: list[str], capsys: Capture
) -> None:
    code, _ = sent(capsys, "239.1.2.3:5000", *nobody)
    assert code == 0


def test_an_unknown_interface_is_the_machines_fault(capsys: Capture) -> None:
    assert main(["send", "hi", "-i", "nope0"]) == 3
    assert "nope0" in capsys.readouterr().err


def test_without_standard_input_a_dash_is_a_wrong_use(
    nobody: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["send", "-", *nobody]) == 2


def test_a_pipe_without_reader_is_a_good_end(here: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", "groupwire", "send", "hi", *here],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
