"""The programs in ``examples`` do what they say, and are short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.running import free_port

EXAMPLES = Path(__file__).parents[1] / "examples"
MOST_LINES = 60
LONGEST_S = 30.0
PROGRAMS = sorted(p.name for p in EXAMPLES.iterdir() if p.suffix in {".py", ".sh"})


@contextmanager
def started(port: int, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program of the examples, on loopback."""
    process = subprocess.Popen(
        [sys.executable, "-u", str(EXAMPLES / words[0]), *words[1:]],
        env={**os.environ, "GROUPWIRE_GROUP": f"239.255.42.99%lo:{port}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    watchdog = threading.Timer(LONGEST_S, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


@pytest.fixture
def port() -> int:
    return free_port()


def line(process: subprocess.Popen[str]) -> str:
    """Return the next line that it prints."""
    assert process.stdout is not None
    read = process.stdout.readline()
    assert read, process.stderr and process.stderr.read()
    return read.rstrip("\n")


def until(process: subprocess.Popen[str], wanted: str) -> str:
    """Return the first line that begins so."""
    while not (read := line(process)).startswith(wanted):
        pass
    return read


def say(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()


def test_screens_show_prices_of_their_symbols(port: int) -> None:
    with (
        started(port, "ticker.py", "show", "ACME") as one,
        started(port, "ticker.py", "publish"),
        started(port, "ticker.py", "show") as all_of_them,
    ):
        assert {line(one).split()[0] for _ in range(3)} == {"ACME"}
        seen: set[str] = set()
        while seen != {"ACME", "GLOBE", "HOOLI"}:
            seen.add(line(all_of_them).split()[0])


def test_the_station_hears_robots_come_alarm_and_leave(port: int) -> None:
    with (
        started(port, "telemetry.py", "station") as station,
        started(port, "telemetry.py", "robot", "arm1") as robot,
    ):
        assert line(station) == "arm1 is here"
        assert line(station) == "arm1: joint 3 is warm"
        # On a busy machine the station may say too late that it was there.
        until(robot, "the alarm is at station")
        robot.send_signal(signal.SIGINT)
        assert until(station, "arm1 has left") == "arm1 has left: said"


def test_who_chats_is_heard_by_the_others_in_the_room(port: int) -> None:
    with (
        started(port, "chat.py", "alice") as alice,
        started(port, "chat.py", "bob") as bob,
        started(port, "chat.py", "carol", "kitchen") as carol,
    ):
        for other in ("bob", "carol"):
            assert line(alice) in {"* bob is here", "* carol is here"}, other
        say(alice, "hello\n")
        assert until(bob, "alice") == "alice: hello"
        say(bob, "hi \x1b[31m!\nquit\n")
        assert until(alice, "bob") == "bob: hi [31m!"
        assert until(alice, "*") == "* bob has left"
        assert bob.wait(10) == 0
        say(carol, "quit\n")
        assert carol.wait(10) == 0
        assert "alice:" not in carol.stdout.read()  # type: ignore[union-attr]


def test_a_cache_forgets_what_was_changed(port: int) -> None:
    with started(port, "cache.py", "read", "user/7") as cache:
        assert line(cache) == "read user/7 from the database"
        with started(port, "cache.py", "write", "user/7") as writer:
            assert line(writer) == "1 caches know, 0 do not"
            assert writer.wait(10) == 0
        until(cache, "forgot all: MemberJoined")
        until(cache, "forgot user/7")
        until(cache, "forgot all: MemberLeft")
        until(cache, "read user/7")


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_is_short_and_listed(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) <= MOST_LINES
    assert f"`{name}`" in (EXAMPLES / "README.md").read_text()
