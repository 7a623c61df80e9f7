"""Files of this machine as they were found, and whether they still are that."""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

__all__ = ["FoundFile", "Handles", "Identity", "open_as_found"]

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Identity(NamedTuple):
    """What changes when somebody writes to a file or puts another one in its place."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        """Return that of what ``stat`` has told; raises OSError for what is no file."""
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "no regular file")
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


class FoundFile(NamedTuple):
    """A file and what it was when it was found."""

    path: Path
    identity: Identity

    @classmethod
    def at(cls, path: Path) -> Self:
        """Look at it; raises OSError."""
        return cls(path, Identity.of(os.stat(path)))


def open_as_found(file: FoundFile) -> int | None:
    """Return a descriptor, None where it is no longer what it was. Raises OSError."""
    descriptor = os.open(file.path, _FLAGS)
    with suppress(OSError):
        if Identity.of(os.fstat(descriptor)) == file.identity:
            return descriptor
    os.close(descriptor)
    return None


class Handles:
    """Open files of which something may be read again: the latest used ones."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: OrderedDict[Path, int] = OrderedDict()

    def read(self, file: FoundFile, offset: int, size_bytes: int) -> bytes | None:
        """Return exactly so many bytes, None where it has changed or is gone."""
        with suppress(OSError):
            descriptor = self._descriptor(file)
            if descriptor is None or Identity.of(os.fstat(descriptor)) != file.identity:
                return None
            data = os.pread(descriptor, size_bytes, offset)
            if len(data) == size_bytes:
                return data
        return None

    def close(self, path: Path) -> None:
        """Close a file, if it is open."""
        descriptor = self._open.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)

    def close_all(self) -> None:
        """Close all; any number of times."""
        for path in tuple(self._open):
            self.close(path)

    def _descriptor(self, file: FoundFile) -> int | None:
        descriptor = self._open.get(file.path)
        if descriptor is not None:
            self._open.move_to_end(file.path)
            return descriptor
        descriptor = open_as_found(file)
        if descriptor is not None:
            self._open[file.path] = descriptor
            if len(self._open) > self._most:
                self.close(next(iter(self._open)))
        return descriptor
