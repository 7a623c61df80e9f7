"""The thread that reads files ahead of their sending, and digests them."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from groupwire.run.disk.ahead import CHUNK_BYTES, KEPT_BYTES, Ahead, Digested
from groupwire.run.disk.files import FoundFile, Identity, open_as_found

__all__ = ["Job", "Reader"]

_MOST_CHUNKS = 16
"""Read ahead of what has been sent, over all files. Few enough to stay in the cache."""
_COMING_BYTES = 4 << 20
"""What the system is asked to fetch from the disk meanwhile."""


class Job(NamedTuple):
    """A file to read once, for its digest or for sending it too."""

    file: FoundFile
    ahead: Ahead | None
    ready: Callable[[], None]
    done: Callable[[Digested], None]
    """Both are called in the thread that reads."""
    sha256: bytes | None = None
    """What is known of it already: it is read from where it is not ready only."""


class _Known:
    """Takes the place of a digest that need not be taken."""

    def __init__(self, sha256: bytes) -> None:
        self._sha256 = sha256

    def update(self, data: memoryview) -> None:
        """Do nothing with it."""

    def digest(self) -> bytes:
        """Return what is known."""
        return self._sha256


class Reader:
    """Reads one file after the other, as far ahead as there is memory."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._free: list[bytearray] = []
        self._unmade = _MOST_CHUNKS
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> None:
        """Read a file behind those before it."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()
        if self._thread is None:
            name = "groupwire-reader"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def give_back(self, memory: bytearray) -> None:
        """Take back what a file needs no more."""
        with self._changed:
            self._free.append(memory)
            self._changed.notify()

    def wake(self) -> None:
        """Look again whether what is being read is still wanted."""
        with self._changed:
            self._changed.notify()

    def close(self, patience_s: float = 5.0) -> None:
        """End the thread; a disk that hangs is waited for only so long."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(patience_s)

    # In the thread.

    def _run(self) -> None:
        while (job := self._next()) is not None:
            if job.ahead is not None and job.ahead.closed:
                continue
            try:
                digested = self._read(job)
            except OSError as error:
                digested = Digested(None, 0, error=error)
            if digested is not None:
                job.done(digested)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._jobs and not self._closed:
                self._changed.wait()
            return None if self._closed else self._jobs.popleft()

    def _read(self, job: Job) -> Digested | None:
        """Return its digest, None where it is no longer wanted."""
        descriptor = open_as_found(job.file)
        if descriptor is None:
            return _changed(job.file)
        try:
            size = job.file.identity.size_bytes
            if job.ahead is not None and size <= KEPT_BYTES:
                return self._read_whole(descriptor, job)
            return self._read_chunks(descriptor, job)
        finally:
            os.close(descriptor)

    def _read_whole(self, descriptor: int, job: Job) -> Digested:
        data = os.read(descriptor, KEPT_BYTES + 1)
        identity = Identity.of(os.fstat(descriptor))
        if len(data) != job.file.identity.size_bytes or identity != job.file.identity:
            return _changed(job.file)
        if job.ahead is not None:
            job.ahead.keep(data)
            job.ready()
        return Digested(hashlib.sha256(data).digest(), len(data))

    def _read_chunks(self, descriptor: int, job: Job) -> Digested | None:
        size, done = job.file.identity.size_bytes, 0
        digest = hashlib.sha256() if job.sha256 is None else _Known(job.sha256)
        if job.sha256 is not None and job.ahead is not None:
            done = job.ahead.ready_bytes
        memory = bytearray(min(CHUNK_BYTES, size)) if job.ahead is None else None
        while done < size:
            chunk = memory or self._memory(job)
            if chunk is None:
                return None
            _announce(descriptor, done + CHUNK_BYTES)
            view = memoryview(chunk)[: size - done]
            count = os.preadv(descriptor, [view], done)
            if job.ahead is not None:
                if not count:
                    self.give_back(chunk)
                elif job.ahead.add(chunk, count):
                    job.ready()
            if not count:
                return _changed(job.file)
            digest.update(view[:count])
            done += count
        if Identity.of(os.fstat(descriptor)) != job.file.identity:
            return _changed(job.file)
        return Digested(digest.digest(), size)

    def _memory(self, job: Job) -> bytearray | None:
        """Wait for memory to read into; None where the file is no longer wanted."""
        with self._changed:
            while not self._closed and not (job.ahead and job.ahead.closed):
                if self._free:
                    return self._free.pop()
                if self._unmade:
                    self._unmade -= 1
                    return bytearray(CHUNK_BYTES)
                self._changed.wait()
        return None


def _announce(descriptor: int, offset: int) -> None:
    """Have the disk busy while what came before is digested, where one can say so."""
    if hasattr(os, "posix_fadvise"):
        advice = os.POSIX_FADV_WILLNEED
        os.posix_fadvise(descriptor, offset, _COMING_BYTES, advice)


def _changed(file: FoundFile) -> Digested:
    """Say so, with the size that it has now."""
    try:
        size = os.stat(file.path).st_size
    except OSError as error:
        return Digested(None, 0, changed=True, error=error)
    return Digested(None, size, changed=True)
