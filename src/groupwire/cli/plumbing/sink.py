"""Received bytes on their way to a file: wholly written, or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from groupwire.errors import UsageError

__all__ = ["Sink", "check_stdout", "write_stdout", "write_stdout_many"]


class Sink:
    """Appends messages to a file. OSError names the file."""

    def __init__(self, path: str) -> None:
        self._path = path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o666)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def write(self, data: bytes) -> None:
        """Append all of ``data``; what was written of it goes when the rest fails."""
        start, done = os.fstat(self._file).st_size, 0
        try:
            while done < len(data):
                done += os.write(self._file, memoryview(data)[done:])
        except OSError as error:
            self._undo(start, done)
            error.filename = self._path
            raise

    def _undo(self, start: int, done: int) -> None:
        with suppress(OSError):
            if os.fstat(self._file).st_size == start + done:  # nobody else wrote
                os.ftruncate(self._file, start)


def check_stdout(what: str) -> None:
    """Refuse a standard output that was closed before: all that goes there is lost."""
    if sys.stdout is None:
        raise UsageError(
            f"standard output is closed, and {what} go there",
            fix="send them to a file or a program, or to /dev/null",
        )


def write_stdout(data: bytes) -> None:
    """Write all of ``data`` to standard output; from any thread.

    What ends there, a full disk or a reader who went away, ends no other line.
    """
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(_STDOUT, view) :]
    except OSError as error:
        error.filename = "standard output"
        raise


def write_stdout_many(buffers: Sequence[bytes | memoryview]) -> None:
    """Write one behind the other; from any thread. The rest is as above."""
    waiting = [memoryview(one) for one in buffers]
    try:
        while waiting:
            written = os.writev(_STDOUT, waiting[:_MOST_BUFFERS])
            while waiting and written >= len(waiting[0]):
                written -= len(waiting.pop(0))
            if written:
                waiting[0] = waiting[0][written:]
    except OSError as error:
        error.filename = "standard output"
        raise


_STDOUT = 1
_MOST_BUFFERS = 1024
"""What a system takes in one call."""
