"""A capture file, written in a thread: what the disk is too slow for is counted."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from groupwire.errors import UsageError
from groupwire.net import list_interfaces
from groupwire.probe.capture import CaptureWriter
from groupwire.probe.capture.blocks import SECTION, whole_bytes
from groupwire.run.disk.mailbox import Mailbox
from groupwire.run.disk.worker import Worker
from groupwire.values import Datagram, Group

__all__ = ["Recorder"]

_MOST_WAITING_BYTES = 64 << 20
"""Received, but not written yet; what comes beyond is not recorded."""
_ITEM_BYTES = 512
"""What each one that waits takes beside its octets, about."""
_LONGEST_BLOCK, _SECTION_BYTES = 70_000, 12
"""More than this is not torn by a power cut, but something else."""
_PATIENCE_S = 10.0
"""How long the end waits for a disk that hangs."""


class Recorder:
    """Takes datagrams as they are received, and writes them as pcapng.

    A file that is there already is gone on with: a capture may have several sections.
    A last block that is not whole, as a power cut leaves it, is cut off. Raises
    UsageError where it is something else, OSError where it cannot be written.
    """

    def __init__(
        self, path: str | PathLike[str], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._file = _opened(Path(path))
        self._whole_bytes = self._file.tell() if self._file.seekable() else 0
        self._mailbox = Mailbox(loop)
        self._worker = Worker("recorder", self._mailbox)
        self._writer = CaptureWriter(_names().__getitem__)
        self._lock = Lock()
        self._batch: list[tuple[Group, Datagram, float]] = []
        self._waiting_bytes = 0
        self._failed: OSError | None = None
        self._recorded = 0
        self.lost = 0
        """Datagrams that were received and are not in the file."""
        self._worker.do(self._begin)

    @property
    def recorded(self) -> int:
        """Datagrams that are in the file."""
        return self._recorded

    @property
    def failed(self) -> OSError | None:
        """Why nothing is recorded any more, if so."""
        return self._failed

    def take(self, group: Group, datagram: Datagram) -> None:
        """Have a datagram, or a row of them, written."""
        size = len(datagram.data) + _ITEM_BYTES
        with self._lock:
            first = not self._batch
            fits = self._waiting_bytes + size <= _MOST_WAITING_BYTES
            if fits and self._failed is None:
                self._waiting_bytes += size
                self._batch.append((group, datagram, time.time()))
            else:
                self.lost += _count(datagram)
                return
        if first:
            self._worker.do(self._write)

    def close(self) -> None:
        """Write what waits, and close the file; any number of times."""
        self._worker.do(self._close)
        self._worker.close(_PATIENCE_S)
        self._mailbox.close()

    def _begin(self) -> None:
        self._put([self._writer.begin()], 0, 0)

    def _write(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, []
            size = self._waiting_bytes
        add, before = self._writer.add, self._writer.packets
        blocks = [add(group, datagram, time=at) for group, datagram, at in batch]
        self._put(blocks, self._writer.packets - before, size)

    def _close(self) -> None:
        with suppress(OSError):  # it was told already
            self._file.close()

    def _put(self, blocks: list[bytes], datagrams: int, size: int) -> None:
        if self._failed is None:
            self._append(b"".join(blocks))
        with self._lock:
            self._waiting_bytes -= size
            if self._failed is None:
                self._recorded += datagrams
            else:
                self.lost += datagrams

    def _append(self, data: bytes) -> None:
        """Write blocks, or nothing of them: programs refuse a block that is torn."""
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._file.flush()
        except OSError as error:
            self._failed = error
            with suppress(OSError):  # a pipe takes nothing back
                self._file.truncate(self._whole_bytes)
        else:
            self._whole_bytes += len(data)


class _Names(dict[int, str]):
    def __missing__(self, index: int) -> str:
        return f"if{index}"


def _names() -> _Names:
    return _Names({link.index: link.name for link in list_interfaces()})


def _count(datagram: Datagram) -> int:
    """Return how many datagrams a row is."""
    step = datagram.segment_bytes
    return -(-len(datagram.data) // step) if step else 1


def _opened(path: Path) -> BinaryIO:
    """Open a file to go on with; what is no capture is left alone."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    # Without a buffer: it would be written behind the end after all.
    file = os.fdopen(number, "wb", buffering=0)
    try:
        if path.is_file():  # not a pipe to a program that reads captures
            _lock(file, path)
            file.truncate(file.seek(_end_of(path)))
    except BaseException:
        file.close()
        raise
    return file


def _lock(file: BinaryIO, path: Path) -> None:
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise UsageError(
            f"{path} is being written by another program", fix="name another file"
        ) from None


def _end_of(path: Path) -> int:
    """Return where a capture's last whole block ends, 0 in a new file."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)

        def read(at: int, count: int) -> bytes:
            file.seek(at)
            return file.read(count)

        end = whole_bytes(size, read)
        torn = read(end, _LONGEST_BLOCK + 1)
        # A section is never torn by us so early; it may be of another byte order.
        begun = torn.startswith(SECTION.to_bytes(4)) and len(torn) >= _SECTION_BYTES
        if (size and not end) or len(torn) > _LONGEST_BLOCK or begun:
            raise UsageError(
                f"{path} is there, and is no pcapng file of ours", fix="name another"
            )
        return end
