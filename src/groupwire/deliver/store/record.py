"""What pulls have stored here, by path: a log that only grows, compacted at start.

One line each, JSON: ``[path, size, mtime_ns, sha256, inode, sender]``. A line that was
torn by a power cut does not parse and is skipped; each write begins with an end of
line, so that nothing is glued to it. A line is written before its file takes its name:
the inode tells afterwards whether it did. Of each path the last two lines are kept,
since the last one may be of a file that never came to its name.

Several processes may append at once (O_APPEND, one call each). Threads need no lock: a
line is added to the table in one step, and reading a line twice changes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from groupwire.deliver.reasons import disk_full

__all__ = ["Record", "Stored"]

_NAME = "record"
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC
_KEPT = 2
_READ_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Stored:
    """A file, directory (path ends with a slash) or link as a pull left it."""

    path: str
    size_bytes: int
    mtime_ns: int
    sha256: bytes
    inode: int
    sender: str

    def matches(self, found: os.stat_result) -> bool:
        """Whether this is it, untouched since."""
        there = found.st_size, found.st_mtime_ns, found.st_ino
        return there == (self.size_bytes, self.mtime_ns, self.inode)


class Record:
    """The log and its table; ``state`` is the open directory that it lives in, or None.

    Without a directory, or where it cannot be written to, it only remembers.
    """

    def __init__(self, state: int | None, *, alone: bool = False) -> None:
        self._known: dict[str, tuple[Stored, ...]] = {}
        self._state = state
        self._seen_bytes = 0
        self._lines = 0
        self._writable = state is not None
        self._fd = None if state is None else self._open(state)
        self.refresh()
        if state is not None and alone and self._wasteful():
            self._compact(state)

    def _open(self, state: int) -> int | None:
        with suppress(OSError):
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
            return os.open(_NAME, flags | _FLAGS, 0o600, dir_fd=state)
        self._writable = False
        with suppress(OSError):
            return os.open(_NAME, os.O_RDONLY | _FLAGS, dir_fd=state)
        return None

    def find(self, path: str) -> tuple[Stored, ...]:
        """Return what may have been stored under this path."""
        return self._known.get(path, ())

    def match(self, path: str, found: os.stat_result) -> Stored | None:
        """Return the line of what is there, if it is untouched."""
        return next((s for s in self.find(path) if s.matches(found)), None)

    def add(self, stored: Iterable[Stored]) -> None:
        """Write lines; OSError where they do not fit."""
        lines = list(stored)
        if self._fd is not None and self._writable and lines:
            text = "\n" + "".join(map(_line, lines))
            if os.write(self._fd, data := text.encode()) < len(data):
                raise disk_full()
        for one in lines:
            self._keep(one)

    def refresh(self) -> None:
        """Read what other processes have added."""
        if self._fd is None:
            return
        data = self._tail()
        end = data.rfind(b"\n") + 1
        for line in data[:end].split(b"\n"):
            if (stored := _parse(line)) is not None:
                self._keep(stored)
                self._lines += 1
        self._seen_bytes += end

    def sync(self) -> None:
        """Make it durable."""
        if self._fd is not None and self._writable:
            os.fdatasync(self._fd)

    def reopen(self) -> None:
        """Go over to the log that has the name now; stay where it is the same."""
        if self._fd is None or self._state is None:
            return
        there = os.stat(_NAME, dir_fd=self._state, follow_symlinks=False)
        if there.st_ino != os.fstat(self._fd).st_ino:
            self.close()
            self._fd = self._open(self._state)
            self._seen_bytes = 0
            self.refresh()

    def close(self) -> None:
        """Let go of the log."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _tail(self) -> bytes:
        fd, parts, at = self._fd or 0, list[bytes](), self._seen_bytes
        while data := os.pread(fd, _READ_BYTES, at):
            parts.append(data)
            at += len(data)
        return b"".join(parts)

    def _keep(self, stored: Stored) -> None:
        before = self._known.get(stored.path, ())
        if stored not in before:
            self._known[stored.path] = (*before, stored)[-_KEPT:]

    def _wasteful(self) -> bool:
        kept = sum(map(len, self._known.values()))
        return self._writable and self._lines > 2 * kept + 64

    def _compact(self, state: int) -> None:
        """Write it anew beside the old one; only a store that is alone here does so."""
        lines = [_line(one) for known in self._known.values() for one in known]
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS
            fd = os.open(_NAME + "~", flags, 0o600, dir_fd=state)
            with open(fd, "wb") as file:
                file.write("".join(lines).encode())
                file.flush()
                os.fsync(fd)
            os.replace(_NAME + "~", _NAME, src_dir_fd=state, dst_dir_fd=state)
            self.reopen()


def _line(one: Stored) -> str:
    hexed = one.sha256.hex()
    fields = [one.path, one.size_bytes, one.mtime_ns, hexed, one.inode, one.sender]
    return json.dumps(fields, separators=(",", ":")) + "\n"


def _parse(line: bytes) -> Stored | None:
    """Return what a line says, None where it was torn."""
    try:
        path, size, mtime, digest, inode, sender = json.loads(line)
        if not isinstance(path, str) or not isinstance(sender, str):
            return None
        return Stored(
            path, int(size), int(mtime), bytes.fromhex(digest), int(inode), sender
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
