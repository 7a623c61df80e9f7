"""Received bytes on their way to a file: wholly written, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from types import TracebackType
from typing import Self

__all__ = ["Sink", "write_stdout"]


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


_STDOUT = 1
