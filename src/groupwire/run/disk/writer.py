"""Files that arrive: taken without waiting, written by a thread in large pieces."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from groupwire.deliver.store.store import Digester, Part
from groupwire.run.disk.worker import Worker

__all__ = ["HIGH_BYTES", "BufferedSink", "File", "Writer"]

HIGH_BYTES, _LOW_BYTES = 20 << 20, 8 << 20
"""So much waits at most; sockets are read again when so little waits."""
_ENOUGH_BYTES = 1 << 20
"""Worth waking the thread for at once."""
_LATER_S = 0.02
"""What is less waits no longer."""
_BATCH_BYTES = 8 << 20
_MOST_PARTS = 1024
"""IOV_MAX: what one system call takes."""
_STEP_BYTES = 4 << 20
"""Digested at a time, so that writing does not wait long."""
_CHECKPOINT_S, _CHECKPOINT_BYTES = 5.0, 64 << 20
_SPARSE = 4
"""A part of a datagram that is so many times larger is copied, to let the rest go."""

_Data = bytes | memoryview
_Item = tuple[int, Sequence[_Data], int]
"""Offset, what lies there, how much that is."""


class Later(Protocol):
    """Calls something in the loop's thread after a while: ``loop.call_later``."""

    def __call__(self, delay: float, callback: Callable[[], None], /) -> object:
        """Do so."""
        ...


class File:
    """A part on the disk, and what is on its way there.

    The loop's thread queues and reads, the writer's writes and digests.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.digester = Digester(part)
        self.pending: list[_Item] = []
        self.queued = False
        """Whether the writer knows that something is to be done."""
        self.error: OSError | None = None
        self.ending: Callable[[], None] | None = None
        """What follows once nothing is on its way any more."""
        self.ended = False
        self._since_checkpoint = 0
        self._checkpoint_at = 0.0

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored or is on its way, zeros for what is neither."""
        # First what is on its way: it may be on the disk before that is read.
        pending = list(self.pending)
        data = self.part.read(offset, size_bytes)
        news = [item for item in pending if _overlaps(item, offset, size_bytes)]
        if not news:
            return data
        whole = memoryview(bytearray(data))
        for start, parts, _ in news:
            _lay(whole, start - offset, b"".join(parts))
        return bytes(whole)

    # The writer's thread.

    def write_some(self) -> int:
        """Write a part of what is on its way; return how much it was."""
        count = size = 0
        while count < len(self.pending) and size < _BATCH_BYTES:
            size += self.pending[count][2]
            count += 1
        if self.error is None:
            try:
                for offset, parts in _merged(sorted(self.pending[:count], key=_first)):
                    self.part.write(offset, parts)
            except OSError as error:
                self.error = error
        del self.pending[:count]
        self._since_checkpoint += size
        return size

    def digest_some(self) -> bool:
        """Digest a part of what is there; False where nothing is left to do."""
        digester = self.digester
        if self.error is not None or digester.done_bytes >= self.part.prefix_bytes:
            return False
        try:
            return digester.advance(digester.done_bytes + _STEP_BYTES) > 0
        except OSError as error:
            self.error = error
            return False

    def wants_checkpoint(self, now: float) -> bool:
        """Return whether so much came that losing it would hurt."""
        if self._since_checkpoint < _CHECKPOINT_BYTES:
            return False
        if now - self._checkpoint_at < _CHECKPOINT_S:
            return False
        self._since_checkpoint, self._checkpoint_at = 0, now
        return True


class BufferedSink:
    """Where an object goes: a file, or a piece of one from ``base`` on."""

    def __init__(
        self,
        file: File,
        writer: Writer,
        *,
        base: int = 0,
        size_bytes: int | None = None,
        held: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._file = file
        self._writer = writer
        self._base = base
        self._size = size_bytes
        self.held = held
        self.have_bytes = sum(size for _, size in held)

    def write(self, offset: int, parts: Sequence[_Data]) -> None:
        """Take these parts; raises what the writing of earlier ones came to."""
        if self._file.error is not None:
            raise self._file.error
        size = sum(map(len, parts))
        if self._size is not None and offset + size > self._size:
            raise ValueError("a piece ends before that")
        if size:
            self.have_bytes += size
            item = self._base + offset, _freed(parts, size), size
            self._writer.take(self._file, item)

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored, zeros where nothing was."""
        return self._file.read(self._base + offset, size_bytes)


class Writer:
    """One thread for all files; says when more arrives than the disk takes."""

    def __init__(
        self,
        *,
        later: Later,
        post: Callable[[Callable[[], None]], None],
        on_pressure: Callable[[bool], None],
        checkpoints: Worker,
    ) -> None:
        self._later = later
        self._post = post
        self._on_pressure = on_pressure
        self._checkpoints = checkpoints
        self._files: deque[File] = deque()
        self._lagging: deque[File] = deque()
        self._taken = 0
        """Counted by the loop's thread, as what is done is by the other."""
        self._done = 0
        self._told = 0
        """What had been taken when the thread was last woken."""
        self._soon = False
        self._pressed = False
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def waiting_bytes(self) -> int:
        """What is on its way to the disk."""
        return self._taken - self._done

    # The loop's thread.

    def take(self, file: File, item: _Item) -> None:
        """Have something written."""
        file.pending.append(item)
        self._taken += item[2]
        if not file.queued:
            file.queued = True
            self._files.append(file)
        if self._taken - self._told >= _ENOUGH_BYTES:
            self._go()
        elif not self._soon:
            self._soon = True
            self._later(_LATER_S, self._go)
        if self.waiting_bytes > HIGH_BYTES and not self._pressed:
            self._pressed = True
            self._on_pressure(True)

    def follow(self, file: File) -> None:
        """Digest what is held of a file already."""
        self._files.append(file)
        self._go()

    def end(self, file: File, then: Callable[[], None]) -> None:
        """Have something done in the writer's thread, once a file is written."""
        file.ending = then
        self._files.append(file)
        self._go()

    def close(self, patience_s: float) -> None:
        """Write what is on its way, and end."""
        self._closed = True
        if self._thread is not None:
            self._wake.set()
            self._thread.join(patience_s)

    def _go(self) -> None:
        self._soon = False
        self._told = self._taken
        self._wake.set()
        if self._thread is None:
            name = "groupwire-writer"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def _relieved(self) -> None:
        self._pressed = False
        self._on_pressure(False)

    # The writer's thread.

    def _run(self) -> None:
        while True:
            self._wake.clear()
            while self._files or (self._lagging and not self._closed):
                self._work()
            if self._closed:
                return
            self._wake.wait()

    def _work(self) -> None:
        """Write something where anything waits, else digest something."""
        if not self._files:
            file = self._lagging[0]
            if not file.digest_some():
                self._lagging.popleft()
            return
        file = self._files.popleft()
        if file.ended:
            return
        # Before looking: what is taken from now on queues it again.
        file.queued = False
        size = file.write_some()
        self._done += size
        if file.pending:
            file.queued = True
            self._files.append(file)
        elif file.ending is not None:
            self._end(file)
            return
        self._follow(file)
        if self._pressed and self.waiting_bytes < _LOW_BYTES:
            self._post(self._relieved)

    def _end(self, file: File) -> None:
        then, file.ended = file.ending, True
        if file in self._lagging:
            self._lagging.remove(file)
        if then is not None:
            then()

    def _follow(self, file: File) -> None:
        """Digest along, and have made durable what has come."""
        if self.waiting_bytes < HIGH_BYTES // 2:
            file.digest_some()
        if file not in self._lagging:
            self._lagging.append(file)
        if file.wants_checkpoint(time.monotonic()):
            self._checkpoints.do(file.part.checkpoint)


def _first(item: _Item) -> int:
    return item[0]


def _merged(items: Sequence[_Item]) -> Iterator[tuple[int, list[_Data]]]:
    """Join what lies side by side, as far as one system call takes it."""
    start, end, row = 0, -1, list[_Data]()
    for offset, parts, size in items:
        if row and (offset != end or len(row) + len(parts) > _MOST_PARTS):
            yield start, row
            row = []
        if not row:
            start = offset
        row += parts
        end = offset + size
    if row:
        yield start, row


def _freed(parts: Sequence[_Data], size: int) -> Sequence[_Data]:
    """Copy what would keep a far larger datagram in memory."""
    first = parts[0]
    if isinstance(first, memoryview):
        whole = memoryview(first.obj).nbytes
        if whole > _SPARSE * size:
            return [b"".join(parts)]
    return parts


def _overlaps(item: _Item, offset: int, size_bytes: int) -> bool:
    start, _, size = item
    return start < offset + size_bytes and offset < start + size


def _lay(whole: memoryview, at: int, data: bytes) -> None:
    """Lay what is newer over what was read, as far as it overlaps."""
    skipped = max(-at, 0)
    start = max(at, 0)
    stop = min(at + len(data), len(whole))
    whole[start:stop] = data[skipped : skipped + stop - start]
