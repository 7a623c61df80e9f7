"""One file on its way from the disk to the network: read and digested ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from groupwire.run.disk.files import FoundFile, Handles

__all__ = ["CHUNK_BYTES", "KEPT_BYTES", "Ahead", "Digested"]

CHUNK_BYTES = 1 << 20
"""Large, so that a thread that reads and digests seldom needs the interpreter."""
KEPT_BYTES = 1 << 16
"""Smaller files stay in memory until they are let go of."""
_LINGER_BYTES = 1 << 18
"""More than one row of symbols: what was handed out is in use for so long."""
_HUNGRY_BYTES = 1 << 18
"""Who is so near to the end of what is ready may already wait for more."""


class Digested(NamedTuple):
    """How the reading of a file ended."""

    sha256: bytes | None
    size_bytes: int
    changed: bool = False
    error: OSError | None = None


class _Chunk(NamedTuple):
    start: int
    memory: bytearray
    end: int


class Ahead:
    """A source of what has been read; what is sent again is read from the file.

    :meth:`read` and all that is sent belong to the loop's thread, :meth:`advance` to
    the one that reads. What goes out first is the very memory that was digested.
    """

    def __init__(
        self,
        file: FoundFile,
        handles: Handles,
        *,
        freed: Callable[[bytearray], None],
        lost: Callable[[], None],
        later: Callable[[Callable[[], None]], object],
        skip_bytes: int = 0,
    ) -> None:
        self.file = file
        self.size_bytes = file.identity.size_bytes
        self.ready_bytes = 0
        """How far it may be sent."""
        self.closed = False
        self.short = False
        """Whether something was asked for that is no longer there."""
        self._handles = handles
        self._freed = freed
        self._lost = lost
        self._later = later
        self._chunks: deque[_Chunk] = deque()
        self._sent = self._skipped = skip_bytes
        self._kept: memoryview | None = None

    # The loop's thread.

    def read(self, offset: int, size_bytes: int) -> memoryview:
        """Return bytes that are ready; zeros where the file has changed since."""
        end = offset + size_bytes
        if self._kept is not None:
            return self._kept[offset:end]
        if end > self._sent:
            self._sent = end
            self._let_go(offset - _LINGER_BYTES)
            if end == self.size_bytes:
                # Its memory may be waited for; what was just read is in use till then.
                self._later(self._let_all_go)
        for chunk in self._chunks:
            if chunk.start <= offset and end <= chunk.end:
                return memoryview(chunk.memory)[
                    offset - chunk.start : end - chunk.start
                ]
        return self._across(offset, end) or self._again(offset, size_bytes)

    def close(self) -> None:
        """Let go of the memory; any number of times."""
        self.closed = True
        self._let_all_go()
        self._kept = None
        self._handles.close(self.file.path)

    def _let_go(self, offset: int) -> None:
        while self._chunks and self._chunks[0].end <= offset:
            self._freed(self._chunks.popleft().memory)

    def _let_all_go(self) -> None:
        with suppress(IndexError):  # both threads may be at it when it is closed
            while True:
                self._freed(self._chunks.popleft().memory)

    def _across(self, offset: int, end: int) -> memoryview | None:
        """Return what lies on both sides of where two chunks meet."""
        parts: list[memoryview] = []
        for start, memory, stop in self._chunks:
            if start <= offset < stop:
                view = memoryview(memory)
                parts.append(view[offset - start : min(end, stop) - start])
                offset = min(end, stop)
        return memoryview(b"".join(parts)) if parts and offset == end else None

    def _again(self, offset: int, size_bytes: int) -> memoryview:
        data = self._handles.read(self.file, offset, size_bytes)
        if data is None:
            if not self.short:
                self.short = True
                self._lost()
            data = bytes(size_bytes)
        return memoryview(data)

    # The thread that reads.

    @property
    def hungry(self) -> bool:
        """Whether the sending may wait for more."""
        return self.ready_bytes - self._sent < _HUNGRY_BYTES

    def keep(self, data: bytes) -> None:
        """Have all of it in memory, and ready."""
        self._kept = memoryview(data)
        self.ready_bytes = len(data)

    def add(self, memory: bytearray, size_bytes: int) -> bool:
        """Have more of it ready; True if somebody may wait for that."""
        start, hungry = self.ready_bytes, self.hungry
        end = start + size_bytes
        if end > self._skipped:
            self._chunks.append(_Chunk(start, memory, end))
        else:
            self._freed(memory)
        self.ready_bytes = end
        if self.closed:
            self._let_all_go()
        return hungry
