"""A file while it arrives: :class:`PartFile` on disk, :class:`SmallPart` in memory.

Both are ``storage.PartSink`` and have besides::

    prefix_bytes -> int           bytes from the first one on without a gap
    complete -> bool              whether all bytes of a known size are there
    checkpoint()                  what is there survives a power cut from here on;
                                  may run in another thread than write
    finalize(mode, mtime_ns, size_bytes, durable) -> (name in parts/, stat)
    settle()                      it has its name: close it, remove the journal
    close()                       leave it for the next pull (small ones are lost)
    discard()                     close it and remove all of it

One part is used by one thread at a time, but for ``checkpoint``, reading, and the
counts of bytes. ``held`` is for the thread that writes, or for before it does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from groupwire.deliver.reasons import disk_full, too_large
from groupwire.deliver.store.parts.holes import split
from groupwire.deliver.store.parts.journal import Journal
from groupwire.deliver.store.parts.ranges import Ranges

__all__ = [
    "SMALL_BYTES",
    "Guard",
    "OpenPart",
    "OpenSmall",
    "Part",
    "PartFile",
    "SmallPart",
    "dress",
    "safe_mode",
]

SMALL_BYTES = 64 << 10
"""Up to here a file waits in memory until it is complete."""
_CHECK_BYTES = 4 << 20
_IOV_MAX = 1024


@dataclass(frozen=True, slots=True)
class Guard:
    """Keeps the last bytes of a disk free, and files within their limit."""

    folder: int
    keep_free_bytes: int
    max_bytes: int | None = None

    def check_space(self) -> None:
        """Raise OSError(ENOSPC) where no more is to be written."""
        if self.free_bytes() < 0:
            raise disk_full()

    def free_bytes(self) -> int:
        """Return what may still be written; below zero: it is too much already."""
        disk = os.fstatvfs(self.folder)
        return disk.f_bavail * disk.f_frsize - self.keep_free_bytes


def _nobody() -> None:
    """Nobody counts what is open."""


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A temporary file as it was opened, with what its journal says is there."""

    folder: int
    """The open directory of parts."""
    name: str
    fd: int
    journal: Journal | None = None
    ranges: Ranges | None = None
    gone: Callable[[], object] = _nobody
    """Who wants to know that it is closed."""


class PartFile:
    """A temporary file, with a journal where it can be gone on with another day."""

    def __init__(self, opened: OpenPart, guard: Guard, size_bytes: int | None) -> None:
        self._folder = opened.folder
        self._name = opened.name
        self._fd = opened.fd
        self._journal = opened.journal
        self._ranges = opened.ranges or Ranges()
        self._gone = opened.gone
        self._guard = guard
        self._size = size_bytes
        self._limit = guard.max_bytes if size_bytes is None else size_bytes
        self._unchecked = _CHECK_BYTES
        # What an earlier pull left may have bytes that its journal knows nothing of.
        self._new = not self._ranges
        self._length = 0
        self.have_bytes = self._ranges.size
        self.prefix_bytes = self._ranges.prefix

    @property
    def held(self) -> Sequence[tuple[int, int]]:
        """What is there already: (offset, size) in bytes, in order."""
        return [(start, stop - start) for start, stop in self._ranges]

    @property
    def end_bytes(self) -> int:
        """Behind the last byte that is there."""
        return self._ranges.end

    @property
    def complete(self) -> bool:
        """Whether all bytes of a known size are there, or no gap in an unknown one."""
        wanted = self.end_bytes if self._size is None else self._size
        return self.prefix_bytes == wanted

    @property
    def missing_bytes(self) -> int:
        """What is still to come, as far as that is known."""
        return max((self._size or 0) - self.have_bytes, 0)

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other. OSError: disk-full, too-large."""
        size = sum(map(len, parts))
        if self._limit is not None and offset + size > self._limit:
            raise too_large()
        self._unchecked += size
        if self._unchecked >= _CHECK_BYTES:
            self._guard.check_space()
            self._unchecked = 0
        if self._new and not self._ranges.touches(offset, offset + size):
            self._put_sparsely(offset, parts, size)
        else:
            self._put(offset, parts, size)
        self._note(offset, offset + size)

    def _put_sparsely(
        self, offset: int, parts: Sequence[bytes | memoryview], size: int
    ) -> None:
        """Leave out rows of zeros: what was never written reads as such."""
        at, stop = offset, offset + size
        for hole, first, behind in split(parts):
            row = parts[first:behind]
            length = sum(map(len, row))
            if not hole:
                self._put(at, row, length)
            at += length
        # The journal is believed no further than the file is long.
        if stop > self._length:
            if os.fstat(self._fd).st_size < stop:
                os.ftruncate(self._fd, stop)
            self._length = stop

    def _put(self, offset: int, parts: Sequence[bytes | memoryview], size: int) -> None:
        done = 0
        if len(parts) <= _IOV_MAX:
            done = os.pwritev(self._fd, parts, offset)
        if done < size:
            rest = memoryview(b"".join(parts))
            while done < size:
                done += os.pwrite(self._fd, rest[done:], offset + done)

    def _note(self, start: int, stop: int) -> None:
        if start == stop:
            return
        # The bytes are there before the journal says so.
        if self._journal is not None and self._journal.add(start, stop):
            os.fdatasync(self._fd)
            self._journal.compact(self._ranges)
            self._journal.add(start, stop)
        self.have_bytes += self._ranges.add(start, stop)
        self.prefix_bytes = self._ranges.prefix

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored, zeros where nothing was."""
        data = os.pread(self._fd, size_bytes, offset)
        while 0 < len(data) < size_bytes:
            more = os.pread(self._fd, size_bytes - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data.ljust(size_bytes, b"\0")

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer; return how much was there."""
        return os.preadv(self._fd, [buffer], offset)

    def checkpoint(self) -> None:
        """Make durable what is there; it survives a power cut from here on."""
        if self._journal is None:
            return
        # What comes while the disk is busy is noted behind the mark.
        mark = self._journal.seal()
        os.fdatasync(self._fd)
        self._journal.trust(mark)

    def finalize(
        self, mode: int, mtime_ns: int | None, *, durable: bool
    ) -> tuple[str, os.stat_result]:
        """Give it mode and time; return its name in the directory of parts."""
        os.ftruncate(self._fd, self.end_bytes if self._size is None else self._size)
        found = dress(self._fd, mode, mtime_ns)
        if durable:
            os.fsync(self._fd)
        return self._name, found

    def settle(self) -> None:
        """Close it: it has its name now, and needs no journal."""
        self._remove(".journal")
        self.close()

    def close(self) -> None:
        """Leave it for the next pull, where it has a journal."""
        if self._fd < 0:
            return
        if self._journal is None:
            self._remove("")
        else:
            self._journal.close()
        os.close(self._fd)
        self._fd = -1
        self._gone()

    def discard(self) -> None:
        """Throw all of it away."""
        if self._fd >= 0:
            self._remove(".journal")
            self._remove("")
        self.close()

    def _remove(self, suffix: str) -> None:
        with suppress(OSError):  # what stays is tidied away another time
            stem = self._name.removesuffix(".data")
            os.unlink(stem + suffix if suffix else self._name, dir_fd=self._folder)


@dataclass(frozen=True, slots=True)
class OpenSmall:
    """Where a small file will be written, and who wants to know that it is gone."""

    folder: int
    name: str
    gone: Callable[[str], object]


class SmallPart:
    """A file that waits in memory; it meets the disk when it is complete."""

    def __init__(self, opened: OpenSmall, guard: Guard, size_bytes: int) -> None:
        self._folder = opened.folder
        self._name = opened.name
        self._gone = opened.gone
        self._guard = guard
        self._data = bytearray(size_bytes)
        self._ranges = Ranges()
        self._placed = False
        self.have_bytes = 0
        self.prefix_bytes = 0

    @property
    def held(self) -> Sequence[tuple[int, int]]:
        """What is there already: (offset, size) in bytes, in order."""
        return [(start, stop - start) for start, stop in self._ranges]

    @property
    def end_bytes(self) -> int:
        """How large it is."""
        return len(self._data)

    @property
    def complete(self) -> bool:
        """Whether all bytes are there."""
        return self.prefix_bytes == len(self._data)

    @property
    def missing_bytes(self) -> int:
        """What is still to be written: nothing of it is on the disk yet."""
        return len(self._data)

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other. OSError: too-large."""
        data = b"".join(parts)
        stop = offset + len(data)
        if stop > len(self._data):
            raise too_large()
        self._data[offset:stop] = data
        if data:
            self.have_bytes += self._ranges.add(offset, stop)
            self.prefix_bytes = self._ranges.prefix

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored, zeros where nothing was."""
        return bytes(self._data[offset : offset + size_bytes]).ljust(size_bytes, b"\0")

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer; return how much was there."""
        data = self._data[offset : offset + len(buffer)]
        buffer[: len(data)] = data
        return len(data)

    def checkpoint(self) -> None:
        """Do nothing: it is not on the disk yet."""

    def finalize(
        self, mode: int, mtime_ns: int | None, *, durable: bool
    ) -> tuple[str, os.stat_result]:
        """Write it; return its name in the directory of parts."""
        self._guard.check_space()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(self._name, flags, 0o600, dir_fd=self._folder)
        self._placed = True
        try:
            rest = memoryview(self._data)
            while rest:
                rest = rest[os.write(fd, rest) :]
            found = dress(fd, mode, mtime_ns)
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        return self._name, found

    def settle(self) -> None:
        """Forget it: it has its name now."""
        self._gone(self._name)

    def close(self) -> None:
        """Forget it: what is so small comes again quickly."""
        if self._placed:
            with suppress(OSError):  # what stays is tidied away another time
                os.unlink(self._name, dir_fd=self._folder)
        self._gone(self._name)

    def discard(self) -> None:
        """Forget it."""
        self.close()


Part: TypeAlias = PartFile | SmallPart


def dress(fd: int, mode: int, mtime_ns: int | None) -> os.stat_result:
    """Set mode and time, as far as they are safe; return what they are now."""
    # Filesystems of other systems refuse some of it; the file is worth more.
    with suppress(PermissionError):
        os.fchmod(fd, safe_mode(mode))
    if mtime_ns is not None:
        when = max(-_FAR_NS, min(mtime_ns, _FAR_NS))
        with suppress(PermissionError):
            os.utime(fd, ns=(when, when))
    return os.fstat(fd)


def safe_mode(mode: int) -> int:
    """Return permission bits that are safe, and leave the file ours to read and write.

    Neither setuid nor setgid: strangers give us no programs that run as somebody else.
    """
    return mode & 0o777 | 0o600


_FAR_NS = 1 << 62
