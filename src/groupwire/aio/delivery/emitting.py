"""What arrives in any order leaves in its own, in a thread, through one function.

Until its turn it waits in files without a name. Nothing here is known of deliveries.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile, gettempdir

from groupwire.deliver.reasons import disk_full, too_large
from groupwire.norm.intervals import Intervals

__all__ = ["Emitter", "Spool", "Spooling"]

_CHUNK_BYTES = 1 << 18
_MOST_WAITING_BYTES = 32 << 20
"""What could leave and waits for a slow reader before the network has to wait, too."""
_MOST_AHEAD = 24
"""So far from its turn a part is opened: eight may wait for a slow reader, a sender
keeps eight more that somebody lacks, and the rest is on its way meanwhile."""


@dataclass(frozen=True, slots=True)
class Spooling:
    """How much may wait on the disk for its turn."""

    keep_free_bytes: int
    """What is left of the disk for others."""
    max_bytes: int | None = None
    """Of all that leaves before the next beginning."""

    def check(self, total_bytes: int, missing_bytes: int) -> None:
        """Raise OSError for so much in all, or so much that is still to be stored."""
        if self.max_bytes is not None and total_bytes > self.max_bytes:
            raise too_large()
        disk = os.statvfs(gettempdir())
        if missing_bytes > disk.f_bavail * disk.f_frsize - self.keep_free_bytes:
            raise disk_full()


class Spool:
    """A file, or a part of one; its bytes may leave from the beginning on."""

    def __init__(self, size_bytes: int, grown: Callable[[], None]) -> None:
        self.size_bytes = size_bytes
        self.prefix_bytes = 0
        """So much is there from the beginning on."""
        self.have_bytes = 0
        self._have = Intervals()
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - it outlives this
        self._grown = grown

    @property
    def held(self) -> Sequence[tuple[int, int]]:
        """Nothing was there before."""
        return ()

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other. Raises OSError."""
        if self._file.closed:
            return
        data = memoryview(b"".join(parts))
        size, at = len(data), offset
        while data:
            done = os.pwrite(self._file.fileno(), data, at)
            data, at = data[done:], at + done
        if size:
            self._have.add(offset, at - 1)
            self.have_bytes += size
            self.prefix_bytes = self._have.first_gap()
            self._grown()

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored, zeros where nothing was."""
        found = b""
        if not self._file.closed:
            found = os.pread(self._file.fileno(), size_bytes, offset)
        return found.ljust(size_bytes, b"\0")

    def close(self) -> None:
        """Let go of the file; any number of times."""
        self._file.close()


class Emitter:
    """Writes spools in order and digests what it has written.

    ``write`` is called in a thread of its own and may block. Callbacks come in any
    thread: ``failed`` when ``write`` or the disk has raised, ``pressed`` when too much
    waits for it, and when no longer. What lies behind a gap does not count: whoever
    stops reading for its sake never reads the repair.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        spooling: Spooling,
        *,
        failed: Callable[[Exception], None],
        pressed: Callable[[bool], None],
    ) -> None:
        self._write = write
        self._spooling = spooling
        self._failed = failed
        self._pressed = pressed
        self._changed = threading.Condition()
        self._spools: dict[int, Spool] = {}
        self._turn = 0
        self._emitted = 0
        self._writing_bytes = 0
        self._under_pressure = False
        self._digest = hashlib.sha256()
        self._done: Callable[[bytes, int], None] | None = None
        self._closed = False
        self.total_bytes = 0
        """Written since the last :meth:`restart`."""
        self.begun = False
        """Whether anything of what is being written has left."""
        self._thread = threading.Thread(
            target=self._run, name="groupwire-output", daemon=True
        )
        self._thread.start()

    def open(self, number: int, size_bytes: int) -> Spool:
        """Open what leaves as the ``number``-th. OSError: too-large, disk-full."""
        with self._changed:
            self._admit(number, size_bytes)
            spool = Spool(size_bytes, self._grow)
            if (before := self._spools.get(number)) is not None:
                before.close()
            self._spools[number] = spool
            self._changed.notify()
        return spool

    def _admit(self, number: int, size_bytes: int) -> None:
        """Raise OSError for what has left, is far from its turn, or is too much."""
        if not self._turn <= number <= self._turn + _MOST_AHEAD:
            raise OSError(errno.ENOBUFS, "this part has no turn soon")
        others = [s for n, s in self._spools.items() if n != number]
        total = self.total_bytes - self._emitted + size_bytes
        missing = size_bytes + sum(max(s.size_bytes - s.have_bytes, 0) for s in others)
        self._spooling.check(total + sum(s.size_bytes for s in others), missing)

    def finish(self, done: Callable[[bytes, int], None]) -> None:
        """Have the digest and size told in the thread, once all has left."""
        with self._changed:
            self._done = done
            self._changed.notify()

    def discard(self) -> bool:
        """Forget what has not left; False where something has."""
        with self._changed:
            for spool in self._spools.values():
                spool.close()
            self._spools.clear()
            if not self.begun:
                self._turn = 0  # empty ones take no chunk and may have had theirs
            self._press()
            return not self.begun

    def close(self) -> None:
        """End the thread, unless a write holds it; any number of times."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self.discard()

    def _grow(self) -> None:
        with self._changed:
            self._changed.notify()
            self._press()

    def _press(self) -> None:
        under = self._under_pressure
        bound = _MOST_WAITING_BYTES // 2 if under else _MOST_WAITING_BYTES
        pressed = self._ready_bytes() > bound
        if pressed != under:
            self._under_pressure = pressed
            self._pressed(pressed)

    def _ready_bytes(self) -> int:
        """Return what could leave: up to the first gap, through all that is whole."""
        ready, turn = self._writing_bytes - self._emitted, self._turn
        while (spool := self._spools.get(turn)) is not None:
            ready += spool.prefix_bytes
            if spool.prefix_bytes < spool.size_bytes:
                break
            turn += 1
        return ready

    # In the thread.

    def _run(self) -> None:
        try:
            self._emit()
        except Exception as error:
            # What users write raises what it wants, and a pull must not wait for ever.
            self._failed(error)

    def _emit(self) -> None:
        while (chunk := self._next()) is not None:
            self._write(chunk)
            self._digest.update(chunk)
            with self._changed:
                self._writing_bytes = 0
                self._press()

    def _next(self) -> bytes | None:
        """Wait for what is next; None at the end of all."""
        with self._changed:
            while not self._closed:
                if (chunk := self._chunk()) is not None:
                    return chunk
                self._conclude()
                self._changed.wait()
        return None

    def _chunk(self) -> bytes | None:
        while (spool := self._spools.get(self._turn)) is not None:
            size = min(spool.prefix_bytes - self._emitted, _CHUNK_BYTES)
            if size > 0:
                self.begun = True
                chunk = spool.read(self._emitted, size)
                self._emitted += size
                self._writing_bytes = size
                self.total_bytes += size
                return chunk
            if self._emitted < spool.size_bytes:
                return None
            spool.close()
            del self._spools[self._turn]
            self._turn, self._emitted = self._turn + 1, 0
        return None

    def _conclude(self) -> None:
        if self._done is None or self._spools:
            return
        done, self._done = self._done, None
        done(self._digest.digest(), self.total_bytes)
        self._digest = hashlib.sha256()
        self._turn = self._emitted = self.total_bytes = 0
        self.begun = False
