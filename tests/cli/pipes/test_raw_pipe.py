"""``groupwire pipe`` with any bytes, over real multicast on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.cli.running import COMMAND, free_port, on_loopback, told

from groupwire.cli.app import main

T = TypeVar("T")
Process = subprocess.Popen[bytes]
WITHIN = 15


@contextmanager
def reader(port: int, *words: str, stdout: Any = subprocess.PIPE) -> Iterator[Process]:
    """Start a reader, and return it when it has joined."""
    process = subprocess.Popen(
        [*COMMAND, "pipe", "--receive", *on_loopback(port), "--json", *words],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"] == "joined"
        yield process
    finally:
        process.kill()
        process.communicate()


def apart(work: Callable[[], T]) -> Future[T]:
    """Do it in a thread: a sender waits until its readers have written everything."""
    return ThreadPoolExecutor(1).submit(work)


def sent(port: int, data: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, "pipe", "--send", *on_loopback(port), "--name", "tx", *words]
    return subprocess.run(
        command, input=data, capture_output=True, check=False, timeout=WITHIN
    )


def ended(process: Process) -> tuple[bytes, list[dict[str, Any]], int]:
    data, errors = process.communicate(timeout=WITHIN)
    return data or b"", told(errors.decode()), process.returncode


@pytest.mark.parametrize("data", [b"", b"\0", bytes(range(256)) * 10_000])
def test_any_bytes_go_through(data: bytes) -> None:
    port = free_port()
    with reader(port, "--name", "r1") as process:
        sending = apart(lambda: sent(port, data, "--json"))
        came, events, code = ended(process)
        done = sending.result()
    assert (came, code, done.returncode) == (data, 0, 0)
    lines = told(done.stdout.decode())
    assert (lines[0]["event"], lines[-1]["event"]) == ("start", "end")
    begin = next(line for line in lines if line["event"] == "begin")
    assert begin["readers"] == ["r1"]
    end = lines[-1]
    assert (end["bytes"], end["received"], end["complete"]) == (len(data), ["r1"], True)
    sender = next(line for line in events if line["event"] == "sender")
    assert (sender["name"], sender["offset"], sender["live"]) == ("tx", 0, False)
    end = events[-1]
    assert (end["event"], end["outcome"], end["complete"]) == ("end", "complete", True)
    assert end["bytes"] == len(data)


def test_people_read_what_happens() -> None:
    port = free_port()
    command = [*COMMAND, "pipe", "--receive", *on_loopback(port), "--name", "r1"]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        done = sent(port, b"hello")
        came, errors = process.communicate(timeout=WITHIN)
    assert came == b"hello"
    said, notes = done.stderr.decode(), errors.decode()
    assert done.stdout == b""
    for text in ("waiting for 1 reader", "1 reader: r1", "received by r1"):
        assert text in said
    for text in ("to standard output", "reading from tx", "received 5 bytes"):
        assert text in notes


def test_nobody_comes() -> None:
    port = free_port()
    done = sent(port, b"x", "--wait", "0.2")
    assert done.returncode == 1
    assert "nobody came to read it" in done.stderr.decode()
    with reader(port, "--wait", "0.2") as process:
        _, events, code = ended(process)
    assert (code, events[-1]["outcome"]) == (1, "nobody")


def test_who_is_expected_and_not_there_is_named() -> None:
    port = free_port()
    with reader(port, "--name", "r1") as process:
        done = sent(port, b"x", "--expect", "r1,r2", "--wait", "0.5")
        assert ended(process)[2] == 0
    assert done.returncode == 1
    assert "missing: r2 was never there" in done.stderr.decode()


@contextmanager
def endless(port: int, *words: str) -> Iterator[Process]:
    """Send zeros, until it is ended."""
    command = [*COMMAND, "pipe", "--send", *on_loopback(port), *words]
    with (
        open("/dev/zero", "rb") as zero,
        subprocess.Popen(
            [*command, "--name", "tx", "--json"],
            stdin=zero,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def begins(process: Process) -> None:
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["event"] != "begin":
        pass


def test_an_interrupted_sender_ends_its_readers() -> None:
    port = free_port()
    with reader(port, stdout=subprocess.DEVNULL) as process, endless(port) as sender:
        begins(sender)
        sender.send_signal(signal.SIGINT)
        out, _ = sender.communicate(timeout=WITHIN)
        _, events, code = ended(process)
    assert sender.returncode == 130
    assert told(out.decode())[-1]["event"] == "end"
    assert (code, events[-1]["outcome"]) == (1, "left")


def test_an_interrupted_reader_is_named_and_ends_the_sender() -> None:
    port = free_port()
    with (
        reader(port, "--name", "r1", stdout=subprocess.DEVNULL) as process,
        endless(port) as sender,
    ):
        begins(sender)
        process.send_signal(signal.SIGINT)
        _, events, code = ended(process)
        out, _ = sender.communicate(timeout=WITHIN)
    assert (code, events[-1]["event"]) == (130, "end")
    end = told(out.decode())[-1]
    assert (sender.returncode, end["missing"]) == (1, {"r1": "stopped"})


def test_a_reader_whose_output_is_closed_ends_without_a_fault() -> None:
    port = free_port()
    with reader(port) as process, endless(port) as sender:
        begins(sender)
        assert process.stdout is not None
        process.stdout.read(1000)
        process.stdout.close()
        assert process.wait(WITHIN) == 0
        assert sender.wait(WITHIN) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told_at_both_ends() -> None:
    port = free_port()
    with (
        open("/dev/full", "wb") as full,
        reader(port, "--name", "r1", stdout=full) as process,
        endless(port) as sender,
    ):
        assert process.wait(WITHIN) == 3
        out, _ = sender.communicate(timeout=WITHIN)
        assert process.stderr is not None
        assert b"no space left on device" in process.stderr.read()
    end = told(out.decode())[-1]
    assert end["missing"] == {"r1": "no space left on device"}


def on_terminal(port: int, data: bytes) -> tuple[str, str, int]:
    """Return what a terminal shows, what is said beside it, and the exit code."""
    primary, secondary = os.openpty()
    try:
        with reader(port, stdout=secondary) as process:
            sent(port, data)
            _, errors = process.communicate(timeout=WITHIN)
        os.set_blocking(primary, False)
        try:
            shown = os.read(primary, 10_000)
        except BlockingIOError:
            shown = b""
        return shown.decode(), errors.decode(), process.returncode
    finally:
        os.close(primary)
        os.close(secondary)


def test_a_terminal_is_shown_text_and_interprets_nothing_of_it() -> None:
    shown, _, code = on_terminal(free_port(), "grün\n\x1b[31mred\n".encode())
    assert code == 0
    assert shown == "grün\r\n\\x1b[31mred\r\n"


def test_a_terminal_is_spared_what_is_no_text() -> None:
    shown, said, code = on_terminal(free_port(), b"\x7fELF\0\1\2")
    assert (shown, code) == ("", 2)
    assert "no text" in said


def test_a_live_pipe_skips_and_tells() -> None:
    port = free_port()
    with reader(port, "--live", "500ms") as process:
        data = bytes(200_000)
        words = ("--live", "0.5", "--start-with", "1", "--json")
        sending = apart(lambda: sent(port, data, *words))
        came, events, code = ended(process)
        done = sending.result()
    assert (code, done.returncode) == (0, 0)
    end = events[-1]
    assert end["bytes"] == len(came)
    assert end["bytes"] + end["skipped_bytes"] == len(data)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--stall", "1"], "--stall is for --format ts and rtp"),
        (["-f", "ts", "--live", "1"], "--live is not for --format ts"),
        (["--receive", "--rate", "8M"], "--rate is for who sends"),
        (["--live", "soon"], "soon"),
    ],
)
def test_a_slip_is_told(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pipe", "--send" if "--receive" not in words else "-q", *words]) == 2
    assert text in capsys.readouterr().err


def test_a_closed_standard_input_is_refused_before_anything_is_told() -> None:
    words = " ".join([*COMMAND, "pipe", "--send", *on_loopback(free_port())])
    done = subprocess.run(
        ["sh", "-c", f"exec {words} <&-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("groupwire: there is no standard input to read")
