"""``groupwire publish`` with subscribers, over real multicast on loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

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

HEAVY = (
    "email",
    "groupwire.cli.render.messages.subscribed",
    "groupwire.deliver",
    "groupwire.messages.subscribe",
    "groupwire.norm.receive",
    "groupwire.diagnose",
    "groupwire.sync",
    "groupwire.testing",
    "multiprocessing",
    "rich",
    "tempfile",
    "urllib.request",
)
"""What a publisher does without: its start is most of what one message takes."""


@pytest.fixture(autouse=True)
def no_group_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)


@pytest.fixture
def here() -> list[str]:
    """Words that lead to a group of this test."""
    return on_loopback(free_port())


@contextmanager
def subscribing(
    here: list[str], *names: str, options: tuple[str, ...] = ("--count", "1")
) -> Iterator[list[subprocess.Popen[str]]]:
    """Let subscribers wait for messages."""
    with ExitStack() as stack:
        members = [
            stack.enter_context(
                running("subscribe", *here, "--name", name, "--json", *options)
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


def published(
    *words: str, data: bytes | None = None
) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [*COMMAND, "publish", *words, "--json"],
        input=data,
        capture_output=True,
        check=False,
        timeout=30,
    )
    return done.returncode, told(done.stdout.decode()), done.stderr.decode()


def messages(events: list[dict[str, Any]]) -> list[str]:
    return [e["data"] for e in events if e["event"] == "message"]


def test_every_subscriber_has_it_and_is_named(here: list[str], capsys: Capture) -> None:
    with subscribing(here, "arm1", "arm2") as members:
        words = ["room/1", "21.5", *here, "--name", "probe"]
        code = main(["publish", *words, "--expect", "arm1,arm2", "--json"])
        results = [ended(member) for member in members]
    start, *_, end = told(capsys.readouterr().out)
    assert code == 0
    assert (start["event"], start["topic"], start["name"]) == (
        "start",
        "room/1",
        "probe",
    )
    assert (end["event"], end["received"], end["missing"]) == (
        "end",
        ["arm1", "arm2"],
        [],
    )
    assert (end["messages"], end["bytes"], end["complete"]) == (1, 4, True)
    for result, events in results:
        message = next(e for e in events if e["event"] == "message")
        assert (result, message["topic"], message["data"]) == (0, "room/1", "21.5")
        assert (message["publisher"], message["delivery"]) == ("probe", "reliable")
        assert events[-1]["event"] == "end"


def test_people_read_who_has_it(here: list[str], capsys: Capture) -> None:
    with subscribing(here, "arm1") as members:
        assert main(["publish", "a", "b", *here]) == 0
        ended(members[0])
    out, err = capsys.readouterr()
    assert out == ""
    assert "publishing a to 239.255.42.99" in err
    assert "1 message received by arm1" in err


def test_all_of_standard_input_is_a_message(here: list[str]) -> None:
    with subscribing(here, "arm1") as members:
        code, events, _ = published("a", *here, data=b"two\nlines\n")
        _, heard = ended(members[0])
    assert (code, messages(heard)) == (0, ["two\nlines\n"])
    assert events[-1]["received"] == ["arm1"]


def test_each_line_is_a_message(here: list[str]) -> None:
    with subscribing(here, "arm1", options=("--count", "5000")) as members:
        lines = [f"line {number}" for number in range(4999)]
        data = "\n".join([*lines, "the last"]).encode()
        code, events, _ = published("a", "-l", *here, data=data)
        _, heard = ended(members[0])
    assert (code, messages(heard)) == (0, [*lines, "the last"])
    assert events[-1]["messages"] == 5000


def test_a_line_leaves_before_the_next_one_is_there(here: list[str]) -> None:
    words = ("publish", "a", "-l", *here, "--start-with", "1")
    with (
        subscribing(here, "arm1", options=("--count", "2")) as members,
        running(*words, stdin=subprocess.PIPE) as publisher,
    ):
        assert publisher.stdin is not None
        for line in ("one", "two"):
            publisher.stdin.write(f"{line}\n")
            publisher.stdin.flush()
            assert members[0].stdout is not None
            for text in members[0].stdout:
                if '"message"' in text:
                    assert told(text)[0]["data"] == line
                    break
        _, err = publisher.communicate(timeout=10)
    assert publisher.returncode == 0
    assert "2 messages received by arm1" in err


def test_a_message_may_be_empty(here: list[str]) -> None:
    with subscribing(here, "arm1") as members:
        code, _, _ = published("a", "--null-message", *here)
        _, heard = ended(members[0])
    assert (code, messages(heard)) == (0, [""])


def test_no_lines_are_nothing_to_publish(here: list[str]) -> None:
    code, events, _ = published("a", "-l", *here, data=b"")
    assert (code, events[-1]["event"], events[-1]["messages"]) == (0, "end", 0)


def test_nobody_there_is_told(here: list[str], capsys: Capture) -> None:
    assert main(["publish", "a", "b", *here]) == 1
    assert "1 message; no subscriber is there" in capsys.readouterr().err
    code, events, _ = published("a", "b", *here)
    assert (code, events[-1]["complete"], events[-1]["received"]) == (1, False, [])


def test_who_is_expected_and_not_there_is_named(
    here: list[str], capsys: Capture
) -> None:
    with subscribing(here, "arm1", "arm3", options=("--count", "2")) as members:
        words = ["publish", "a", "b", *here, "--wait", "0.5"]
        assert main([*words, "--expect", "arm1,arm2"]) == 1
        assert main([*words, "--expect", "9"]) == 1
        for member in members:
            ended(member)
    err = capsys.readouterr().err
    assert "missing: arm2\n" in err
    assert "received by arm1, arm3\n" in err
    assert "missing: 7 subscribers more\n" in err


def test_it_begins_when_who_is_expected_appears(here: list[str]) -> None:
    words = ("publish", "a", "b", *here, "--expect", "arm1", "--wait", "20", "--json")
    with running(*words) as publisher:
        assert first_event(publisher)["event"] == "start"
        with subscribing(here, "arm1") as members:
            code, heard = ended(members[0])
        assert publisher.wait(10) == 0
    assert (code, messages(heard)) == (0, ["b"])


def test_what_may_be_lost_is_acknowledged_by_nobody(here: list[str]) -> None:
    with subscribing(here, "arm1") as members:
        code, events, _ = published("a", "b", *here, "-d", "besteffort")
        _, heard = ended(members[0])
    assert (code, events[-1]["there"], messages(heard)) == (0, ["arm1"], ["b"])
    assert "received" not in events[-1]


def test_the_newest_is_what_comes_of_many(here: list[str]) -> None:
    with subscribing(here, "arm1", options=("--duration", "20")) as members:
        data = b"".join(b"%d\n" % number for number in range(2000))
        code, _, _ = published("a", "-l", *here, "-d", "latest", data=data)
        members[0].send_signal(signal.SIGINT)
        _, heard = ended(members[0])
    numbers = [int(text) for text in messages(heard)]
    assert (code, numbers[-1]) == (0, 1999)
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_is_answered_with_end_as_the_last_word(
    here: list[str], number: signal.Signals, code: int
) -> None:
    words = ("publish", "a", "-l", *here, "--json")
    with running(*words, stdin=subprocess.PIPE) as publisher:
        assert first_event(publisher)["event"] == "start"
        publisher.send_signal(number)
        out, err = publisher.communicate(timeout=10)
    assert (publisher.returncode, err) == (code, "")
    assert told(out)[-1]["event"] == "end"


def test_an_interrupted_one_does_not_wait_long_for_who_is_stopped(
    here: list[str],
) -> None:
    words = ("publish", "a", "-l", *here, "--json", "--start-with", "1")
    with (
        subscribing(here, "arm1", options=()) as members,
        running(*words, "--patience", "60", stdin=subprocess.PIPE) as publisher,
    ):
        assert publisher.stdin is not None
        publisher.stdin.write("one\n")
        publisher.stdin.flush()
        assert members[0].stdout is not None
        assert any('"message"' in line for line in members[0].stdout)
        members[0].send_signal(signal.SIGSTOP)
        publisher.stdin.write("two\n")
        publisher.stdin.flush()
        publisher.send_signal(signal.SIGINT)
        out, _ = publisher.communicate(timeout=10)
        members[0].send_signal(signal.SIGCONT)
    assert publisher.returncode == 130
    end = told(out)[-1]
    assert (end["event"], end["interrupted"]) == ("end", True)
    assert (end["received"], end["missing"]) == ([], ["arm1"])


def test_an_interrupted_one_says_who_has_what_was_sent(here: list[str]) -> None:
    words = ("publish", "a", "-l", *here, "--start-with", "1")
    with (
        subscribing(here, "arm1", options=()) as members,
        running(*words, "--expect", "arm1,arm2", stdin=subprocess.PIPE) as publisher,
    ):
        assert publisher.stdin is not None
        publisher.stdin.write("one\n")
        publisher.stdin.flush()
        assert members[0].stdout is not None
        assert any('"message"' in line for line in members[0].stdout)
        publisher.send_signal(signal.SIGINT)
        _, err = publisher.communicate(timeout=10)
    assert publisher.returncode == 130
    assert err.splitlines()[-3:] == [
        "interrupted",
        "1 message received by arm1",
        "missing: arm2",
    ]


def test_a_closed_stdout_is_no_error(here: list[str]) -> None:
    with broken_pipe() as stdout:
        done = subprocess.run(
            [*COMMAND, "publish", "a", "b", *here, "--json"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
            timeout=20,
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_told(here: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "publish", "a", "b", *here, "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=20,
        )
    assert (done.returncode, "no space left" in done.stderr) == (3, True)


def test_a_terminal_is_told_what_to_do(here: list[str]) -> None:
    primary, secondary = os.openpty()
    try:
        done = subprocess.run(
            [*COMMAND, "publish", "a", *here],
            stdin=secondary,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=20,
        )
    finally:
        os.close(primary)
        os.close(secondary)
    assert done.returncode == 2
    assert "there is no message" in done.stderr


@pytest.mark.parametrize("words", [[], ["-l"]])
def test_what_is_too_large_is_told(words: list[str], here: list[str]) -> None:
    with open("/dev/zero") as zero:
        done = subprocess.run(
            [*COMMAND, "publish", "a", *words, *here],
            stdin=zero,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 2
    assert "16777216" in done.stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["a/+", "b"], "'+' stands in patterns only"),
        (["a/#", "b"], "'#' stands in patterns only"),
        (["", "b"], "0 bytes"),
        (["x" * 1025, "b"], "1025 bytes"),
        (["a", "b", "-l"], "-l takes messages from standard input"),
        (["a", "b", "--null-message"], "leave MESSAGE out"),
        (["a", "-l", "--null-message"], "-l takes messages"),
        (["a", "b", "--expect", "10.0.0.7"], "by name and not by address"),
        (["a", "b", "-g", "232.1.1.1:5000"], "is for one source"),
        (["a", "b", "--name", "12"], "no member name"),
        (["a", "b", "--delivery", "fast"], "fast"),
        (["a", "b", "c"], "extra argument"),
        ([], "TOPIC"),
    ],
)
def test_a_slip_is_told(words: list[str], problem: str, capsys: Capture) -> None:
    assert main(["publish", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, problem in err) == ("", True)


def test_an_interface_that_is_not_there_is_told(capsys: Capture) -> None:
    assert main(["publish", "a", "b", "-i", "nowhere0"]) == 3
    assert "nowhere0" in capsys.readouterr().err


def test_it_imports_nothing_heavy(
    here: list[str],
) -> None:
    code = (
        "import sys; from groupwire.cli.app import main; code = main(sys.argv[1:]);"
        f"sys.exit(' '.join(m for m in {HEAVY!r} if m in sys.modules) or code)"
    )
    with subscribing(here, "arm1"):
        done = subprocess.run(
            [sys.executable, "-c", code, "publish", "a", "b", *here, "--quiet"],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_group_in_place_of_the_topic_is_a_slip(capsys: Capture) -> None:
    assert main(["publish", "239.1.2.3:5000", "hello"]) == 2
    said = capsys.readouterr().err
    assert "239.1.2.3:5000 reads as a group" in said
    assert "-g 239.1.2.3:5000" in said


@pytest.mark.parametrize("source", ["-", "-l"])
def test_a_closed_standard_input_is_refused_before_the_header(
    here: list[str], source: str
) -> None:
    words = " ".join([*COMMAND, "publish", "a", source, *here])
    done = subprocess.run(
        ["sh", "-c", f"exec {words} <&-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("groupwire: there is no standard input to read")
