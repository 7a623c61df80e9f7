"""Bytes piped from one host to others, over cables that lose, to ends that stop."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import told
from tests.lab.harness.deliveries import PATIENCE, noise
from tests.lab.harness.host import Host
from tests.lab.harness.process import Process

_SIZE = 12_000_000
_SLOW = ("--rate", "32M")
"""Three seconds for all of it, so that there is a middle."""
_HASTY = ("--patience", "1")
_EVENTS_TO_US = 'into=$1; shift; exec "$@" 3>&1 >"$into" 2>&3'
_FROM_FILE = 'from=$1; shift; exec "$@" <"$from"'


def reader(host: Host, into: Path, *arguments: str) -> Process:
    """Start a reader that writes to a file, and return it when it has joined."""
    command = [sys.executable, "-m", "groupwire", "pipe", "--receive", "--json"]
    process = host.popen(
        *["sh", "-c", _EVENTS_TO_US, "sh", str(into), *command],
        *["--name", into.name, *arguments],
    )
    process.line('"joined"')
    return process


def sender(host: Host, source: Path, *arguments: str) -> Process:
    """Start a sender, and return it when it begins."""
    command = [sys.executable, "-m", "groupwire", "pipe", "--send", "--json"]
    process = host.popen(
        *["sh", "-c", _FROM_FILE, "sh", str(source), *command],
        *["--name", "tx", *arguments],
    )
    process.line('"begin"')
    return process


def reach(process: Process, size: int) -> int:
    """Wait until a program tells of so many bytes."""
    while True:
        line = json.loads(process.line('"progress"', within=PATIENCE))
        if line["bytes"] >= size:
            return int(line["bytes"])


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_every_reader_has_every_byte(
    lab: Laboratory, tmp_path: Path, loss: float
) -> None:
    a, *hosts = lab.segment(4)
    if loss:
        a.link.segment()
        for host in hosts:
            host.link.lose(loss)
    source = noise(tmp_path / "source", _SIZE)
    names = ["r1", "r2", "r3"]
    readers = [
        reader(host, tmp_path / name) for host, name in zip(hosts, names, strict=True)
    ]
    answered = told(sender(a, source, "--expect", "r1,r2,r3"), within=PATIENCE)
    assert answered.code == 0, str(answered)
    assert answered.end["received"] == names
    assert bool(answered.end["repaired_packets"]) == bool(loss)
    for name, process in zip(names, readers, strict=True):
        got = told(process)
        assert (got.code, got.end["bytes"]) == (0, _SIZE), str(got)
        assert (tmp_path / name).read_bytes() == source.read_bytes()


def test_a_reader_that_is_stopped_holds_the_sender_up_and_loses_nothing(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    source = noise(tmp_path / "source", 3 * _SIZE)
    stopped, other = reader(b, tmp_path / "r1"), reader(c, tmp_path / "r2")
    sending = sender(a, source, "--start-with", "2", "--rate", "64M")
    reach(stopped, 1_000_000)
    stopped.signal(signal.SIGSTOP)
    time.sleep(5.0)
    assert sending.running
    stopped.signal(signal.SIGCONT)
    answered = told(sending, within=PATIENCE)
    assert answered.code == 0, str(answered)
    assert answered.end["received"] == ["r1", "r2"]
    for name, process in (("r1", stopped), ("r2", other)):
        assert told(process).code == 0
        assert (tmp_path / name).read_bytes() == source.read_bytes()


def test_a_reader_that_stays_stopped_is_left_and_named(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    source = noise(tmp_path / "source", 3 * _SIZE)
    stopped = reader(b, tmp_path / "r1", *_HASTY)
    other = reader(c, tmp_path / "r2")
    expected = ("--expect", "r1,r2", "--patience", "2")
    sending = sender(a, source, *expected, "--rate", "64M")
    reach(stopped, 1_000_000)
    stopped.signal(signal.SIGSTOP)
    answered = told(sending, within=PATIENCE)
    assert answered.code == 1, str(answered)
    assert answered.end["received"] == ["r2"]
    assert answered.end["missing"] == {"r1": "lagging"}
    assert told(other).code == 0
    assert (tmp_path / "r2").read_bytes() == source.read_bytes()

    # What it has written is the beginning, and nothing behind a gap.
    stopped.signal(signal.SIGCONT)
    left = told(stopped, within=PATIENCE)
    assert left.code == 1, str(left)
    assert left.end["outcome"] in {"lost", "left", "silent"}
    written = (tmp_path / "r1").read_bytes()
    assert source.read_bytes().startswith(written)


def test_a_sender_that_is_killed_is_told_by_its_readers(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, *hosts = lab.segment(3)
    source = noise(tmp_path / "source", _SIZE)
    readers = [reader(h, tmp_path / f"r{n}", *_HASTY) for n, h in enumerate(hosts)]
    sending = sender(a, source, *_SLOW, "--start-with", "2")
    reach(readers[0], 1_000_000)
    sending.signal(signal.SIGKILL)
    sending.finish()
    for number, process in enumerate(readers):
        left = told(process, within=PATIENCE)
        assert left.code == 1, str(left)
        assert left.end["outcome"] == "silent"
        assert left.all("silent")
        written = (tmp_path / f"r{number}").read_bytes()
        assert written
        assert source.read_bytes().startswith(written)


def test_a_reader_that_is_killed_is_named_and_the_others_have_all(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    source = noise(tmp_path / "source", _SIZE)
    killed, other = reader(b, tmp_path / "r1"), reader(c, tmp_path / "r2")
    sending = sender(a, source, *_SLOW, "--start-with", "2")
    reach(killed, 1_000_000)
    killed.signal(signal.SIGKILL)
    answered = told(sending, within=PATIENCE)
    assert answered.code == 1, str(answered)
    assert answered.end["missing"] == {"r1": "silent"}
    assert told(other).code == 0
    assert (tmp_path / "r2").read_bytes() == source.read_bytes()


def test_a_live_pipe_conceals_what_is_lost(lab: Laboratory, tmp_path: Path) -> None:
    a, b = lab.segment(2)
    a.link.segment()
    b.link.lose(0.05)
    source = noise(tmp_path / "source", 2_000_000)
    process = reader(b, tmp_path / "r1")
    live = ("--live", "500ms", "--start-with", "1", "--rate", "16M")
    answered = told(sender(a, source, *live), within=PATIENCE)
    assert answered.code == 0, str(answered)
    got = told(process)
    assert got.code == 0, str(got)
    skipped = got.end["skipped_bytes"]
    assert 0 < skipped < 400_000
    assert got.end["bytes"] + skipped == 2_000_000
    told_of = sum(line["bytes"] for line in got.all("skipped"))
    assert told_of == skipped
    assert (tmp_path / "r1").stat().st_size == got.end["bytes"]
