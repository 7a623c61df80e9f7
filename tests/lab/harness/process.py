"""A program that runs in a host: its lines as they come, and its end."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.lab.harness.waiting import PATIENCE

__all__ = ["Process"]

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl
# A program that tells of a thousand files must not wait until a test reads them.
_PIPE_BYTES = 1 << 20
_ROOT = Path(__file__).resolve().parents[3]


def _die_with_parent() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """Started in the namespace of the calling thread; it never outlives the tests.

    stdout is read line by line; stderr goes to a file, so that it can never block.
    """

    def __init__(self, command: Sequence[str], *, stdin: bytes | None = None) -> None:
        self.command = tuple(command)
        self.lines: list[str] = []
        """All that came on stdout so far."""
        self._rest = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        # A Ctrl-C at the terminal of the tests is no business of the hosts.
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=_ROOT,
            env=environment,
            preexec_fn=_die_with_parent,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        if stdin is not None and self._process.stdin is not None:
            self._process.stdin.write(stdin)
            self._process.stdin.close()

    @classmethod
    def python(cls, *arguments: str, stdin: bytes | None = None) -> Process:
        """Start a Python program with the interpreter of the tests."""
        return cls([sys.executable, *arguments], stdin=stdin)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def errors(self) -> str:
        """What it said on stderr so far."""
        size = os.fstat(self._errors.fileno()).st_size
        return os.pread(self._errors.fileno(), size, 0).decode(errors="replace")

    def line(self, part: str, *, within: float = PATIENCE) -> str:
        """Return the next line that holds ``part``, from those not returned so far."""
        deadline = time.monotonic() + within
        while True:
            if (line := self._next(deadline)) is None:
                raise AssertionError(self._told(f"no line with {part!r}"))
            if part in line:
                return line

    def finish(self, *, within: float = PATIENCE) -> int:
        """Wait until it ends; return its exit code."""
        deadline = time.monotonic() + within
        while self._next(deadline) is not None:
            pass
        try:
            return self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(self._told("it does not end")) from None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def close(self) -> None:
        """End it, if it has not ended; any number of times."""
        if self.running:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _next(self, deadline: float) -> str | None:
        """Return the next line; None at the end of the output, or of the time."""
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([output], [], [], left)[0]:
                return None
            if not (data := os.read(output, 65_536)):
                return self._last()
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return self._kept(line)

    def _last(self) -> str | None:
        if not self._rest:
            return None
        line, self._rest = self._rest, b""
        return self._kept(line)

    def _kept(self, line: bytes) -> str:
        self.lines.append(line.decode(errors="replace"))
        return self.lines[-1]

    def _told(self, problem: str) -> str:
        state = "running" if self.running else f"ended with {self._process.returncode}"
        return "\n".join(
            [
                f"{problem}: {' '.join(self.command)} ({state})",
                *(f"stdout: {line}" for line in self.lines),
                *(f"stderr: {line}" for line in self.errors.splitlines()),
            ]
        )
