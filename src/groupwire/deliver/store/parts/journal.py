"""Notes on disk which bytes of a part are there.

Exact after kill -9, careful after a power cut.

::

    | magic 8 | size 8 | mtime_ns 8 | sha256 of the path 32 | sha256 of the file 32 |
    | boot id 16 | trusted 8 | unused 16 |
    | start 8 | stop 8 | for each range that was written

A write that goes on where the last one ended makes its range longer, so that a file
that comes in order is one range. The page cache outlives the process, hence nothing is
lost with it. It does not outlive the power: when the boot id is another one, only the
first ``trusted`` ranges count, which a checkpoint made durable after their bytes were.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from groupwire.deliver.store.parts.ranges import MAX_RANGES, Ranges

__all__ = ["Identity", "Journal", "held_ranges"]

_HEAD = struct.Struct("<8sqq32s32s16sQ16x")
_MAGIC = b"gwpart1\n"
_DIGEST_AT = 56
_TRUSTED_AT = 104
_RANGE = struct.Struct("<QQ")
_UNKNOWN = bytes(32)
_NO_BOOT = bytes(16)
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a part the same file as before."""

    path: str
    size_bytes: int
    mtime_ns: int
    sha256: bytes | None = None

    @property
    def family(self) -> str:
        """The beginning of the names of all parts of this path."""
        return sha256(self.path.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    @property
    def name(self) -> str:
        """What its part is called."""
        text = f"{self.path}\0{self.size_bytes}\0{self.mtime_ns}"
        digest = sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        return f"{self.family}-{digest[:16]}"


class Journal:
    """The journal of one part. ``folder`` is the open directory of parts."""

    def __init__(self, folder: int, name: str, identity: Identity) -> None:
        self._folder = folder
        self._name = name
        self._identity = identity
        self._fd = os.open(name, _FLAGS, 0o600, dir_fd=folder)
        os.utime(self._fd)  # its age is what clean-up goes by
        self._count = 0
        self._last: tuple[int, int] | None = None
        self._sealed = 0
        self._old: list[int] = []
        self._full = False

    def load(self, end: int) -> Ranges:
        """Return what is there of a part whose file ends at ``end``.

        A journal of another file, or of another digest, is begun anew, empty.
        """
        found = _read(self._fd, self._identity, end)
        if found is None:
            os.ftruncate(self._fd, 0)
            _write_all(self._fd, _head(self._identity, 0))
            return Ranges()
        rows, same_boot = found
        ranges = Ranges(rows)
        if same_boot:
            self._count = len(rows)
            os.ftruncate(self._fd, self._at(len(rows)))
            if self._identity.sha256:
                os.pwrite(self._fd, self._identity.sha256, _DIGEST_AT)
        else:
            self._rewrite(ranges)
        return ranges

    def add(self, start: int, stop: int) -> bool:
        """Note what has been written; True where it wants to be compacted first."""
        last = self._last
        if last is not None and last[1] == start and self._count > self._sealed:
            self._last = last[0], stop
            os.pwrite(self._fd, _RANGE.pack(last[0], stop), self._at(self._count - 1))
            return False
        if self._count >= MAX_RANGES:
            return not self._full
        os.pwrite(self._fd, _RANGE.pack(start, stop), self._at(self._count))
        self._count += 1
        self._last = start, stop
        return False

    def seal(self) -> tuple[int, int]:
        """Leave alone what is there; return what :meth:`trust` wants.

        May run beside :meth:`add`: what that is just noting has been written already.
        """
        mark = self._fd, self._count
        self._sealed = mark[1]
        return mark

    def trust(self, mark: tuple[int, int]) -> None:
        """All ranges before ``mark`` are on the disk itself; say so there."""
        fd, count = mark
        os.fdatasync(fd)
        os.pwrite(fd, struct.pack("<Q", count), _TRUSTED_AT)
        os.fdatasync(fd)

    def compact(self, ranges: Ranges) -> None:
        """Write it anew; all of ``ranges`` is on the disk itself."""
        if len(ranges) > MAX_RANGES // 2:
            self._full = True  # what is not noted comes once more
            return
        self._rewrite(ranges)

    def close(self) -> None:
        """Let go of it; not while another thread is in :meth:`trust`."""
        for fd in (*self._old, self._fd):
            os.close(fd)

    @staticmethod
    def _at(number: int) -> int:
        return _HEAD.size + number * _RANGE.size

    def _rewrite(self, ranges: Ranges) -> None:
        """Put another file in its place, in one step; all of ``ranges`` is durable."""
        new = self._name + "~"
        fd = os.open(new, _FLAGS | os.O_TRUNC, 0o600, dir_fd=self._folder)
        try:
            rows = b"".join(_RANGE.pack(*row) for row in ranges)
            _write_all(fd, _head(self._identity, len(ranges)) + rows)
            os.fsync(fd)
            folder = self._folder
            os.replace(new, self._name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.close(fd)
            raise
        # A checkpoint in another thread may be writing to the old one yet.
        self._old.append(self._fd)
        self._fd, self._count, self._last = fd, len(ranges), None


def held_ranges(folder: int, name: str, identity: Identity, end: int) -> Ranges:
    """Return what is there of a part, without changing anything."""
    with suppress(OSError):
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            found = _read(fd, identity, end)
        finally:
            os.close(fd)
        return Ranges(found[0] if found else ())
    return Ranges()


def _head(identity: Identity, trusted: int) -> bytes:
    path = sha256(identity.path.encode("utf-8", "surrogateescape")).digest()
    return _HEAD.pack(
        _MAGIC,
        identity.size_bytes,
        identity.mtime_ns,
        path,
        identity.sha256 or _UNKNOWN,
        _boot_id(),
        trusted,
    )


def _read(
    fd: int, identity: Identity, end: int
) -> tuple[list[tuple[int, int]], bool] | None:
    """Return the ranges that count, and whether all of them do: the boot is the same.

    None where the journal is not of this file.
    """
    data = os.pread(fd, _HEAD.size + MAX_RANGES * _RANGE.size, 0)
    if len(data) < _HEAD.size:
        return None
    *facts, digest, boot, trusted = _HEAD.unpack_from(data)
    expected = list(_HEAD.unpack(_head(identity, 0))[:4])
    if facts != expected or _differ(identity.sha256, digest):
        return None
    same_boot = boot == _boot_id() != _NO_BOOT
    count = (len(data) - _HEAD.size) // _RANGE.size
    end = min(end, identity.size_bytes)
    rows = _rows(data, count if same_boot else min(count, trusted), end)
    return rows, same_boot


def _differ(wanted: bytes | None, noted: bytes) -> bool:
    return wanted is not None and noted not in {_UNKNOWN, wanted}


def _rows(data: bytes, count: int, end: int) -> list[tuple[int, int]]:
    """Return ranges up to the first one that cannot be."""
    rows: list[tuple[int, int]] = []
    for number in range(count):
        row = _RANGE.unpack_from(data, _HEAD.size + number * _RANGE.size)
        if not row[0] < row[1] <= end:
            break
        rows.append((row[0], row[1]))
    return rows


def _write_all(fd: int, data: bytes) -> None:
    at = 0
    while at < len(data):
        at += os.pwrite(fd, data[at:], at)


@cache
def _boot_id() -> bytes:
    """Differs after each start of the machine; zeros where that is not told."""
    with suppress(OSError, ValueError), open(_BOOT_ID, encoding="ascii") as file:
        return bytes.fromhex(file.read().strip().replace("-", ""))
    return _NO_BOOT


_BOOT_ID = "/proc/sys/kernel/random/boot_id"
