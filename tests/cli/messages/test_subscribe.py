"""``groupwire subscribe`` with publishers, over real multicast on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from typing import IO, Any

import pytest
from tests.cli.running import (
    COMMAND,
    calling,
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
def port() -> int:
    return free_port()


@pytest.fixture
def here(port: int) -> list[str]:
    """Words that lead to a group of this test."""
    return on_loopback(port)


def publish(*words: str, data: bytes | None = None) -> None:
    done = subprocess.run(
        [*COMMAND, "publish", *words],
        input=data,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr


def subscriber(
    *words: str, stdout: int | IO[Any] = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Start one; return when it has joined."""
    process = subprocess.Popen(
        [*COMMAND, "subscribe", *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stderr is not None
    assert b"subscribed to" in process.stderr.readline()
    return process


def test_people_read_topic_and_message(here: list[str]) -> None:
    with subscriber("room/+", "log/#", *here, "--count", "3") as process:
        for topic in ("room/1", "room/1/x", "log", "log/a b"):
            publish(topic, f"of {topic}", *here)
        out, err = process.communicate(timeout=10)
    assert out == b"room/1 of room/1\nlog of log\nlog/a b of log/a b\n"
    assert process.returncode == 0
    assert b"  on lo: lo was named" in err
    assert b"3 messages" in err


def test_bytes_are_written_as_they_are(here: list[str]) -> None:
    with subscriber(*here, "--count", "1") as process:
        publish("a", *here, data=b"\x00\xff\x1b")
        assert process.communicate(timeout=10)[0] == b"a \x00\xff\x1b\n"


@pytest.mark.parametrize(
    ("option", "shown"), [("--no-topic", b"one\ntwo\n"), ("--raw", b"onetwo")]
)
def test_the_topic_can_be_left_out(option: str, shown: bytes, here: list[str]) -> None:
    with subscriber(*here, "--count", "2", option) as process:
        publish("a", "-l", *here, data=b"one\ntwo\nthree\n")
        assert process.communicate(timeout=10)[0] == shown


def test_a_terminal_is_shown_nothing_that_it_interprets(here: list[str]) -> None:
    primary, secondary = os.openpty()
    with subscriber(*here, "--count", "1", stdout=secondary) as process:
        os.close(secondary)
        publish("a", *here, data=b"red \x1b[31m\xff")
        assert process.wait(10) == 0
        shown = b""
        with suppress(OSError):  # nobody has the other end open any more
            while piece := os.read(primary, 1000):
                shown += piece
        process.communicate()
    os.close(primary)
    assert rb"red \x1b[31m\xff" in shown


def test_programs_are_told_who_comes_and_goes(here: list[str]) -> None:
    with running("subscribe", *here, "--json", "--name", "arm1") as process:
        joined = first_event(process)
        assert (joined["patterns"], joined["name"]) == (["#"], "arm1")
        publish("a", *here, "--name", "probe", data=b"\xff\x00")
        assert process.stdout is not None
        events = []
        while not events or events[-1].get("state") != "left":
            events.append(json.loads(process.stdout.readline()))
    came, message, left = events
    assert (came["event"], came["state"], came["name"]) == ("member", "joined", "probe")
    assert (came["role"], left["reason"]) == ("publisher", "said")
    assert (message["data_base64"], message["bytes"]) == ("/wA=", 2)
    assert "data" not in message


def test_raw_bytes_have_their_events_beside_them(here: list[str]) -> None:
    words = ("subscribe", *here, "--json", "--raw", "--count", "1")
    with running(*words) as process:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"] == "joined"
        publish("a", "b", *here)
        out, err = process.communicate(timeout=10)
    events = [e["event"] for e in told(err)]
    assert out == "b"
    assert (events.count("message"), events[-1]) == (1, "end")


def test_who_comes_late_has_the_last_value(here: list[str]) -> None:
    words = ("publish", "a", "-l", *here, "-v")
    with running(*words, stdin=subprocess.PIPE) as publisher:
        assert publisher.stdin is not None
        assert publisher.stderr is not None
        with subscriber(*here, "--count", "2", "--no-topic") as first:
            publisher.stdin.write("one\ntwo\n")
            publisher.stdin.flush()
            assert first.communicate(timeout=10)[0] == b"one\ntwo\n"
        for option, count, shown in (
            ("--last-value", "1", b"two\n"),
            ("--from-start", "2", b"one\ntwo\n"),
        ):
            words = (*here, "--count", count, "--no-topic", option)
            with subscriber(*words) as late:
                assert late.communicate(timeout=10)[0] == shown


def test_silence_ends_it_where_that_is_wanted(here: list[str], capsys: Capture) -> None:
    assert main(["subscribe", *here, "--timeout", "0.1"]) == 1
    assert "nothing came for 0.1 s" in capsys.readouterr().err
    assert main(["subscribe", *here, "--timeout", "0.1", "--json"]) == 1
    assert told(capsys.readouterr().out)[-1]["silent"] is True
    with subscriber(*here, "--timeout", "3", "--no-topic") as process:
        publish("a", "b", *here)
        assert process.communicate(timeout=20)[0] == b"b\n"
    assert process.returncode == 1


def test_it_ends_after_its_time(here: list[str], capsys: Capture) -> None:
    assert main(["subscribe", *here, "--duration", "0.05", "--json"]) == 0
    events = told(capsys.readouterr().out)
    assert [event["event"] for event in events] == ["joined", "end"]
    assert (events[-1]["messages"], events[-1]["silent"]) == (0, False)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_is_answered_with_end_as_the_last_word(
    here: list[str], number: signal.Signals, code: int
) -> None:
    with running("subscribe", *here, "--json") as process:
        first_event(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (code, "")
    assert told(out)[-1]["event"] == "end"


def test_it_ends_with_the_one_who_reads_it(here: list[str]) -> None:
    with running("subscribe", *here) as process:
        assert process.stderr is not None
        process.stderr.readline()
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=10) == 0


def test_a_full_disk_is_told(here: list[str]) -> None:
    with open("/dev/full", "w") as full, subscriber(*here, stdout=full) as process:
        main(["publish", "a", "b", *here])
        _, err = process.communicate(timeout=10)
    assert process.returncode == 3
    assert b"standard output: no space left" in err


def test_nothing_is_lost_while_nobody_reads(here: list[str]) -> None:
    lines = [f"{number:0100}" for number in range(100_000)]
    count = str(len(lines))
    words = (*here, "--count", count, "--no-topic")
    with (
        subscriber(*words) as process,
        running(
            *("publish", "a", "-l", *here, "--patience", "60"), stdin=subprocess.PIPE
        ) as publisher,
    ):
        assert publisher.stdin is not None
        publisher.stdin.write("\n".join([*lines, ""]))
        publisher.stdin.flush()
        out, err = process.communicate(timeout=60)
        publisher.communicate(timeout=20)
    assert out.decode().splitlines() == lines
    assert b"lost" not in err


def test_strangers_disturb_nobody(here: list[str], port: int) -> None:
    junk = (b"", b"G", b"hello", b"\x47" + bytes(187), b"\x14" + bytes(40), b"{" * 900)
    with subscriber(*here, "--count", "1", "-v") as process, calling(port, *junk):
        publish("a", "b", *here)
        out, err = process.communicate(timeout=20)
    assert (out, process.returncode) == (b"a b\n", 0)
    assert b" dropped: " in err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["a/#/b"], "'#' stands at the end"),
        (["a+"], "whole levels"),
        ([""], "0 bytes"),
        (["--last-value", "--from-start"], "contradict"),
        (["--name", "12"], "no member name"),
        (["--count", "0"], "--count"),
        (["--timeout", "0"], "--timeout"),
        (["-g", "232.1.1.1:5000"], "is for one source"),
        (["-g", "10.0.0.7@239.1.1.1:5000"], "is for one source"),
    ],
)
def test_a_slip_is_told(words: list[str], problem: str, capsys: Capture) -> None:
    assert main(["subscribe", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, problem in err) == ("", True)


@pytest.mark.parametrize(
    "words",
    [
        ["subscribe"],
        ["subscribe", "--raw"],
        ["pipe", "--receive"],
        ["pipe", "--receive", "-f", "ts"],
        ["pipe", "--receive", "-f", "rtp"],
        ["pull", "-d", "-"],
        ["receive", "--raw"],
    ],
)
def test_a_closed_standard_output_is_refused(words: list[str]) -> None:
    called = " ".join([*COMMAND, *words, *on_loopback(free_port())])
    done = subprocess.run(
        ["sh", "-c", f"exec {called} >&-"],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("groupwire: standard output is closed")
