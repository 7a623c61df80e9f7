"""``groupwire pipe`` and ``groupwire streams`` over real multicast on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests.cli.running import COMMAND, free_port, on_loopback, running, told
from tests.media.making import clip

from groupwire.cli.app import main
from groupwire.cli.plumbing.direction import stdin_has_something

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.ts"
    path.write_bytes(clip(0.3))
    return path


def piped(film: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    with film.open("rb") as stdin:
        return subprocess.run(
            [*COMMAND, "pipe", *words], stdin=stdin, capture_output=True, check=False
        )


@pytest.mark.parametrize("form", ["ts", "rtp"])
def test_a_stream_goes_through_the_group(film: Path, form: str) -> None:
    where = ["-f", form, *on_loopback(free_port())]
    words = ("pipe", *where, "--stall", "0.5", "--json")
    with subprocess.Popen(
        [*COMMAND, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as receiving:
        assert receiving.stderr is not None
        assert json.loads(receiving.stderr.readline())["event"] == "joined"
        sdp = film.with_suffix(".sdp")
        sent = piped(film, *where, "--json", "--sdp", str(sdp))
        data, errors = receiving.communicate(timeout=10)
    assert data == film.read_bytes()
    source, end = told(errors.decode())[-2:]
    assert (source["event"], source["format"]) == ("source", form)
    assert (end["event"], end["lost"], end["bytes"]) == ("end", 0, len(data))
    start, *_, last = told(sent.stdout.decode())
    assert (sent.returncode, start["event"], last["event"]) == (0, "start", "end")
    assert start["sdp"].encode() == sdp.read_bytes()
    assert last["bytes"] == len(data)


def test_people_read_where_it_goes(film: Path) -> None:
    done = piped(film, "-f", "ts", *on_loopback(free_port()), "--announce", "Gate")
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (0, b"")
    assert "as ts" in said
    assert "announced as Gate" in said
    assert " datagrams (" in said


def test_streams_are_listed() -> None:
    words = ("streams", "-i", "lo", "--duration", "0.3")
    with running(*words, "--json") as process:
        said, _ = process.communicate(timeout=10)
    lines = told(said)
    assert (lines[0]["event"], lines[-1]["event"]) == ("joined", "end")
    with running(*words) as process:
        _, notes = process.communicate(timeout=10)
    assert "announced" in notes


def test_an_interrupted_receiver_tells_what_came(film: Path) -> None:
    words = ("pipe", "-f", "ts", "--receive", *on_loopback(free_port()), "--json")
    with running(*words, stdin=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert json.loads(process.stderr.readline())["event"] == "end"
    assert film.exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--send", "--receive"], "contradict"),
        (["-f", "ts", "--receive", "--announce", "x"], "--announce is for who sends"),
        (["-f", "ts", "--send", "--stall", "1"], "--stall is for who receives"),
        (["-f", "mp4"], "mp4"),
    ],
)
def test_a_slip_is_told(words: list[str], text: str, capsys: Capture) -> None:
    assert main(["pipe", *words]) == 2
    assert text in capsys.readouterr().err


def test_what_is_no_stream_is_refused(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"hello" * 500)
    done = piped(junk, "-f", "ts", *on_loopback(free_port()))
    assert done.returncode == 2
    assert "no MPEG transport stream" in done.stderr.decode()


def test_the_direction_is_that_of_standard_input(tmp_path: Path) -> None:
    def with_stdin(number: int) -> bool:
        kept = os.dup(0)
        try:
            os.dup2(number, 0)
            return stdin_has_something()
        finally:
            os.dup2(kept, 0)
            os.close(kept)

    reading, writing = os.pipe()
    primary, secondary = os.openpty()
    null = os.open(os.devnull, os.O_RDONLY)
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        assert with_stdin(reading)
        assert with_stdin(file)
        assert not with_stdin(null)
        assert not with_stdin(secondary)
    finally:
        for number in (reading, writing, primary, secondary, null, file):
            os.close(number)
