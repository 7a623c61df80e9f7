"""Commands that other commands run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from groupwire.cli.plumbing import children
from groupwire.cli.plumbing.children import Child
from groupwire.errors import MachineError


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a child is told be a line for the shell."""
    monkeypatch.setattr(children, "_python", lambda: ("sh", "-c"))
    monkeypatch.setattr(children, "_PATIENCE_S", 0.2)


async def failed(*words: str) -> MachineError:
    async with Child(*words) as child:
        with pytest.raises(MachineError) as raised:
            await child.event("joined")
    return raised.value


def test_a_command_is_told_by_its_events() -> None:
    async def run() -> str:
        async with Child("receive", "-i", "lo", "-d", "0.05") as child:
            await child.event("joined")
            ends = [e async for e in child.events() if e["event"] == "end"]
        return str(ends[-1]["event"])

    assert asyncio.run(run()) == "end"


def test_a_wrong_use_is_told_in_the_childs_own_words() -> None:
    error = asyncio.run(failed("receive", "-g", "10.0.0.1:5"))
    assert "10.0.0.1" in error.problem
    assert error.fix


@pytest.mark.usefixtures("shell")
def test_any_other_end_is_told_with_its_code() -> None:
    error = asyncio.run(failed("echo gone wrong >&2; exit 7"))
    assert "ended with code 7: gone wrong" in error.problem


@pytest.mark.usefixtures("shell")
def test_a_child_that_says_nothing_is_told_with_its_code() -> None:
    assert str(asyncio.run(failed("exit 9"))).endswith("ended with code 9: ")


@pytest.mark.usefixtures("shell")
def test_a_child_that_does_not_want_to_end_is_ended_for_good() -> None:
    async def run() -> int:
        deaf = """trap "" TERM; echo '{"event": "up"}'; while :; do sleep 1; done"""
        async with Child(deaf) as child:
            await child.event("up")
            assert child._process is not None
            number = child._process.pid
            await child.last_words()
        return number

    with pytest.raises(ProcessLookupError):
        os.kill(asyncio.run(run()), 0)


def test_a_child_that_was_never_started_is_a_mistake_here() -> None:
    with pytest.raises(AssertionError, match="before it was entered"):
        Child("receive").stop()


def test_our_package_comes_before_what_the_user_has_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ours, theirs = children._environment()["PYTHONPATH"].split(os.pathsep)
    assert (Path(ours) / "groupwire").is_dir()
    assert theirs == str(tmp_path)
