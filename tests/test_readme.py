"""What README and tutorial print is what happens: their commands and programs, run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.cli.running import COMMAND, free_port, running

import groupwire

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
TUTORIAL = (ROOT / "docs/tutorial.md").read_text()
GROUP = "239.255.42.99:10000"
MESSAGES = "239.255.42.99:10002"


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[list[str]]:
    """Return what stands behind the prompts, in words."""
    lines = "".join(blocks(text, "console")).splitlines()
    return [shlex.split(line[2:]) for line in lines if line.startswith("$ ")]


def on_loopback(program: str, port: int) -> str:
    """Lead a program to a port of this test, and to loopback alone."""
    moved = program.replace(GROUP, f"239.255.42.99%lo:{port}")
    moved = moved.replace(MESSAGES, f"239.255.42.99%lo:{port}")
    moved = moved.replace(', interface="lo"', "").replace('    interface="lo",\n', "")
    return moved.replace('"239.255.42.99", 10000', f'"239.255.42.99", {port}')


@contextmanager
def program(source: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run a printed program."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", on_loopback(source, port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    """Wait for its end, which has to be a good one, and return what it printed."""
    out, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors
    return out


def answer(peer: groupwire.Peer) -> None:
    for message in peer.listen():
        message.answer(b"ack")


@contextmanager
def members(port: int, *names: str) -> Iterator[None]:
    """Let members listen and answer as ``groupwire receive`` does."""
    with ExitStack() as stack:
        for name in names:
            peer = groupwire.open(f"239.255.42.99%lo:{port}", name=name)
            listening = threading.Thread(
                target=answer, args=[stack.enter_context(peer)]
            )
            listening.start()
            stack.callback(listening.join)
            stack.callback(peer.close)
        yield


def line(process: subprocess.Popen[str]) -> str:
    """Return the next line that it prints."""
    assert process.stdout is not None
    return process.stdout.readline()


README_COMMANDS = [words for words in commands(README) if words[0] == "groupwire"]
IN_PAIRS = {"push", "pull", "publish", "subscribe"}
"""Run together below."""


def test_the_readme_prints_the_commands_that_the_makefile_has() -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    printed = {words[1] for words in commands(README) if words[0] == "make"}
    assert {"install", "demo", "test"} <= printed <= targets


@pytest.mark.parametrize(
    "words", [w for w in README_COMMANDS if w[1] not in IN_PAIRS], ids=" ".join
)
def test_a_command_of_the_readme_runs_as_printed(words: list[str]) -> None:
    port = free_port()
    where = {**os.environ, "GROUPWIRE_GROUP": f"239.255.42.99%lo:{port}"}
    # The one that goes on until Ctrl-C is given an end.
    extra = ["--duration", "0.1"] if words[1] == "receive" else []
    with members(port, "cam1", "cam2"):
        ended = subprocess.run(
            [*COMMAND, *words[1:], *extra],
            env=where,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr


@contextmanager
def pulling(
    words: list[str], where: dict[str, str], place: Path
) -> Iterator[subprocess.Popen[str]]:
    """Run a printed ``pull``; it has joined inside."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        env=where,
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("joined")
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("text", [README, TUTORIAL], ids=["readme", "tutorial"])
def test_a_printed_push_reaches_the_printed_pull(text: str, tmp_path: Path) -> None:
    printed = [words[1:] for words in commands(text) if words[0] == "groupwire"]
    (pull,) = [words for words in printed if words[0] == "pull"]
    push = next(words for words in printed if words[0] == "push")
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.jpg").write_bytes(os.urandom(5000))
    group = f"239.255.42.99%lo:{free_port()}"
    where = {**os.environ, "GROUPWIRE_GROUP": group}
    mine = pull[pull.index("--name") + 1]
    other = next(n for n in push[push.index("--expect") + 1].split(",") if n != mine)
    second = [other if word == mine else word for word in pull]
    (tmp_path / "there").mkdir()
    with (
        pulling(pull, where, tmp_path) as one,
        pulling(second, where, tmp_path / "there") as two,
    ):
        ended = subprocess.run(
            [*COMMAND, *push],
            env=where,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert [one.wait(timeout=10), two.wait(timeout=10)] == [0, 0]
    for place in (tmp_path, tmp_path / "there"):
        stored = place / "incoming" / "photos" / "one.jpg"
        assert stored.read_bytes() == (photos / "one.jpg").read_bytes()


def test_the_two_programs_of_the_readme_meet() -> None:
    member, asker = [p for p in blocks(README, "python") if GROUP in p]
    port = free_port()
    ready = member.replace("    for", '    print("ready")\n    for', 1)
    with members(port, "cam2"), program(ready, port) as listening:
        assert line(listening) == "ready\n"
        with program(asker, port) as asking:
            out = said(asking)
        assert "b'status?'" in line(listening)
    assert {one.split()[0] for one in out.splitlines()} == {"cam1", "cam2"}


def test_the_messages_of_the_readme_reach_who_subscribes() -> None:
    subscriber, publisher = [p for p in blocks(README, "python") if MESSAGES in p]
    port = free_port()
    ready = subscriber.replace("    for", '    print("ready")\n    for', 1)
    with program(ready, port) as subscribing:
        assert line(subscribing) == "ready\n"
        with program(publisher, port) as publishing:
            assert said(publishing) == "missing:\n"
        assert line(subscribing) == "probe room/1/temperature b'21.5'\n"


def test_a_printed_publish_reaches_the_printed_subscribe() -> None:
    printed = [words[1:] for words in README_COMMANDS]
    (subscribe,) = [words for words in printed if words[0] == "subscribe"]
    (publish,) = [words for words in printed if words[0] == "publish"]
    group = f"239.255.42.99%lo:{free_port()}"
    where = {**os.environ, "GROUPWIRE_GROUP": group}
    with running(*subscribe, "--count", "1", env=where) as subscribing:
        assert subscribing.stderr is not None
        assert subscribing.stderr.readline().startswith("subscribed")
        with running(*publish, env=where) as publishing:
            _, told = publishing.communicate(timeout=10)
            assert publishing.returncode == 0, told
            assert "1 message received by" in told
        out, _ = subscribing.communicate(timeout=10)
    assert out == "room/1/temperature 21.5\n"


def test_the_plain_programs_of_the_tutorial_meet() -> None:
    receiver, sender, *_ = blocks(TUTORIAL, "python")
    port = free_port()
    ready = receiver.replace("while True:", 'print("ready")\nwhile True:')
    with program(ready, port) as one, program(ready, port) as other:
        assert [line(one), line(other)] == ["ready\n"] * 2
        with program(sender, port) as sending:
            heard = said(sending).splitlines()
        lines = [line(one), line(other)]
    answer = f"received b'ack' from ('127.0.0.1', {port})"
    assert heard == [answer, answer, "no more answers"]
    # One datagram: both name the same sender.
    assert lines[0] == lines[1]
    assert lines[0].startswith("received 19 bytes")


def test_the_member_of_the_tutorial_answers_its_asker() -> None:
    _, _, member, asker, _ = blocks(TUTORIAL, "python")
    port = free_port()
    with members(port, "arm2"), program(member, port) as listening:
        assert line(listening) == "joined on ['lo']\n"
        with program(asker, port) as asking:
            out = said(asking)
        assert "b'very important data'" in line(listening)
    assert out.splitlines()[-1] == "missing: () stopped by: expected"


def test_answers_come_as_they_arrive_in_the_tutorial() -> None:
    *_, asker = blocks(TUTORIAL, "python")
    port = free_port()
    with members(port, "a", "b", "c"), program(asker, port) as asking:
        out = said(asking).splitlines()
    assert [one.split()[-1] for one in out] == ["b'ack'"] * 3 + ["first"]


def test_the_member_on_a_loop_of_its_own_answers() -> None:
    selector, *_ = blocks((ROOT / "docs/howto/own-event-loop.md").read_text(), "python")
    port = free_port()
    ready = selector.replace("while", 'print("ready")\nwhile', 1)
    with program(ready, port) as listening:
        assert line(listening) == "ready\n"
        result = groupwire.ask(f"239.255.42.99%lo:{port}", b"hello", first=1)
    assert [answer.data for answer in result.answers] == [b"ack"]
