"""Other groupwire commands, run as processes of their own and read by their JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import groupwire
from groupwire.cli.exits import DEBUG, ExitCode
from groupwire.errors import MachineError

__all__ = ["Child"]

_PATIENCE_S = 3.0
"""How long a child may take to leave its groups before it is ended for good."""


class Child:
    """One command under way; ended when the context is left, whatever happens.

    ``within`` is the directory in which it runs.
    """

    def __init__(self, *words: str, within: str | None = None) -> None:
        self.words = words
        self._within = within
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        # A session of its own: Ctrl-C comes to us, and we end the children in order.
        self._process = await asyncio.create_subprocess_exec(
            *_python(),
            *self.words,
            "--json",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
            cwd=self._within,
            env=_environment(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._running()
        # One that has said its last is ending: a signal could only take its exit code
        # away from the event loop, which waits for it too.
        if process.stdout is None or not process.stdout.at_eof():
            self.stop()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def stop(self) -> None:
        """Ask it to end; its ``end`` can still be read."""
        process = self._running()
        with suppress(ProcessLookupError):
            if process.returncode is None:
                process.terminate()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Iterate over its JSON lines until it ends."""
        stream = self._running().stdout
        assert stream is not None
        async for line in stream:
            yield json.loads(line)

    async def event(self, name: str) -> dict[str, Any]:
        """Wait for one event of this name; MachineError if the child ends before."""
        async for event in self.events():
            if event["event"] == name:
                return event
        raise await self.failure()

    async def last_words(self) -> None:
        """Read the rest of what it says, if it ends by itself before long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                async for _ in self.events():
                    pass

    async def failure(self) -> MachineError:
        """Return why it ended too early, in its own words."""
        process = self._running()
        _, told = await process.communicate()
        lines = told.decode("utf-8", "replace").strip().splitlines() or [""]
        problem = lines[0].removeprefix("groupwire: ")
        fix = next((x.removeprefix("fix: ") for x in lines if x[:5] == "fix: "), "")
        if process.returncode in {ExitCode.MACHINE, ExitCode.USAGE}:
            return MachineError(problem, fix=fix)
        what = f"`groupwire {self.words[0]}` ended with code {process.returncode}"
        return MachineError(f"{what}: {problem}", fix=fix)

    def _running(self) -> Process:
        if self._process is None:
            raise AssertionError("used before it was entered")
        return self._process


def _python() -> tuple[str, ...]:
    # -P: a directory named groupwire where we happen to stand is not ours.
    return sys.executable, "-P", "-m", "groupwire"


def _environment() -> dict[str, str]:
    ours = str(Path(groupwire.__file__).parents[1])
    theirs = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([ours, theirs]) if theirs else ours
    return {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", DEBUG: ""}
