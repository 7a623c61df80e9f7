"""A capture file, written in a thread: what the disk is too slow for is counted."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from groupwire.errors import UsageError
from groupwire.net import list_interfaces
from groupwire.probe.capture import CaptureWriter
from groupwire.probe.capture.blocks import SECTION
from groupwire.run.disk.mailbox import Mailbox
from groupwire.run.disk.worker import Worker
from groupwire.values import Datagram, Group

__all__ = ["Recorder"]

_MOST_WAITING_BYTES = 64 << 20
"""Received, but not written yet; what comes beyond is not recorded."""
_PATIENCE_S = 10.0
"""How long the end waits for a disk that hangs."""


class Recorder:
    """Takes datagrams as they are received, and writes them as pcapng.

    A file that is there already is gone on with: a capture may have several sections.
    Raises UsageError where it is something else, OSError where it cannot be written.
    """

    def __init__(
        self, path: str | PathLike[str], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._file = _opened(Path(path))
        self._mailbox = Mailbox(loop)
        self._worker = Worker("recorder", self._mailbox)
        self._writer = CaptureWriter(_names().__getitem__)
        self._lock = Lock()
        self._batch: list[tuple[Group, Datagram, float]] = []
        self._waiting_bytes = 0
        self._failed: OSError | None = None
        self.lost = 0
        """Datagrams that were received and are not in the file."""
        self._worker.do(self._begin)

    @property
    def recorded(self) -> int:
        """Datagrams that are in the file, or on the way to it."""
        return self._writer.packets

    @property
    def failed(self) -> OSError | None:
        """Why nothing is recorded any more, if so."""
        return self._failed

    def take(self, group: Group, datagram: Datagram) -> None:
        """Have a datagram, or a row of them, written."""
        size = len(datagram.data)
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
        self._put([self._writer.begin()], 0)

    def _write(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, []
            self._waiting_bytes = 0
        add = self._writer.add
        blocks = [add(group, datagram, time=at) for group, datagram, at in batch]
        self._put(blocks, sum(_count(datagram) for _, datagram, _ in batch))

    def _close(self) -> None:
        with suppress(OSError):  # it was told already
            self._file.close()

    def _put(self, blocks: list[bytes], datagrams: int) -> None:
        try:
            self._file.write(b"".join(blocks))
            self._file.flush()
        except OSError as error:
            with self._lock:
                self._failed = error
                self.lost += datagrams


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
    file = path.open("ab+")
    file.seek(0)
    head = file.read(4)
    if head and head != SECTION.to_bytes(4):
        file.close()
        raise UsageError(
            f"{path} is there, and is no pcapng file", fix="name another file"
        )
    return file
