"""The files that a sender has, read, digested and read ahead off the event loop."""

from __future__ import annotations

import asyncio
import errno
from functools import partial
from pathlib import Path
from typing import Protocol

from groupwire.deliver.store.walk import Tree
from groupwire.run.disk.ahead import CHUNK_BYTES, Ahead, Digested
from groupwire.run.disk.files import FoundFile, Handles, Identity
from groupwire.run.disk.mailbox import Mailbox
from groupwire.run.disk.reader import Job, Reader

__all__ = ["FileShelf", "OnDigest", "OnReady"]

_MOST_OPEN = 256
"""Files that are open for repair; of others one is closed first."""


class OnDigest(Protocol):
    """Hears how the reading of a file has ended: ``Push.handle_digest``."""

    def __call__(
        self,
        entry: int,
        sha256: bytes | None,
        size_bytes: int,
        *,
        changed: bool,
        error: OSError | None,
    ) -> None:
        """Take that in."""
        ...


class OnReady(Protocol):
    """Hears that more of a file may be sent: ``Push.handle_ready``."""

    def __call__(self, entry: int) -> None:
        """Take that in."""
        ...


class FileShelf:
    """Implements :class:`groupwire.deliver.storage.Shelf` over local files.

    Both callbacks come in the loop's thread. A file that is not as the tree says counts
    as changed when it is opened or digested, and is taken for what it is from then on.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        loop: asyncio.AbstractEventLoop,
        on_digest: OnDigest,
        on_ready: OnReady,
    ) -> None:
        self._local = tree.local
        self._expected: list[tuple[int | None, int] | None] = [
            (entry.size_bytes, entry.mtime_ns) for entry in tree.entries
        ]
        """None where a change has been told: it is taken as it will be found."""
        self._loop = loop
        self._on_digest = on_digest
        self._on_ready = on_ready
        self._mailbox = Mailbox(loop)
        self._reader = Reader()
        self._handles = Handles(_MOST_OPEN)
        self._open: dict[int, Ahead] = {}
        self._known: dict[int, tuple[Identity, bytes]] = {}
        """Digests of larger files that were read for them alone."""

    def digest(self, entry: int) -> None:
        """Read a file for its digest alone."""
        try:
            file, changed = self._look(entry)
        except OSError as error:
            self._tell(entry, Digested(None, 0, error=error))
            return
        if changed:
            self._tell(entry, Digested(None, file.identity.size_bytes, changed=True))
        else:
            done = partial(self._digested, entry, file)
            self._reader.submit(Job(file, None, _nothing, done))

    def open(self, entry: int, skip_bytes: int = 0) -> Ahead:
        """Begin to read a file ahead. Raises OSError."""
        self.close(entry)
        file, changed = self._look(entry)
        size = file.identity.size_bytes
        skip_bytes = min(skip_bytes, size)
        sha256 = self._known_digest(entry, file) if skip_bytes else None

        def lost() -> None:
            self._tell(entry, Digested(None, size, changed=True), ahead)

        ahead = Ahead(
            file,
            self._handles,
            freed=self._reader.give_back,
            lost=lost,
            later=self._loop.call_soon,
            skip_bytes=skip_bytes,
        )
        if sha256 is not None:
            # What comes before is neither sent nor digested: it need not be read.
            ahead.ready_bytes = skip_bytes
        self._open[entry] = ahead
        if changed:
            lost()
        else:
            ready = partial(self._mailbox.post, partial(self._ready, entry, ahead))
            done = partial(self._tell, entry, ahead=ahead)
            self._reader.submit(Job(file, ahead, ready, done, sha256))
        return ahead

    def close(self, entry: int) -> None:
        """Let go of a file; any number of times."""
        ahead = self._open.pop(entry, None)
        if ahead is not None:
            ahead.close()
            self._reader.wake()

    def close_all(self) -> None:
        """Let go of everything and end the thread; any number of times."""
        self._mailbox.close()
        for entry in tuple(self._open):
            self.close(entry)
        self._reader.close()
        self._handles.close_all()

    def _look(self, entry: int) -> tuple[FoundFile, bool]:
        """Return a file as it is, and whether it is not what it was."""
        local = self._local[entry]
        if local is None:
            raise OSError(errno.ESPIPE, "standard input is read once only")
        file = FoundFile.at(Path(local))
        seen = file.identity.size_bytes, file.identity.mtime_ns
        changed = self._expected[entry] not in (None, seen)
        self._expected[entry] = seen
        return file, changed

    def _known_digest(self, entry: int, file: FoundFile) -> bytes | None:
        known, sha256 = self._known.get(entry, (None, None))
        return sha256 if known == file.identity else None

    def _digested(self, entry: int, file: FoundFile, digested: Digested) -> None:
        """Remember what is worth it; in the thread that reads."""
        if digested.sha256 is not None and digested.size_bytes > CHUNK_BYTES:
            self._known[entry] = file.identity, digested.sha256
        self._tell(entry, digested)

    def _tell(self, entry: int, digested: Digested, ahead: Ahead | None = None) -> None:
        self._mailbox.post(partial(self._told, entry, digested, ahead))

    def _told(self, entry: int, digested: Digested, ahead: Ahead | None) -> None:
        if ahead is not None and self._open.get(entry) is not ahead:
            return  # the file was opened anew meanwhile, and what is told is old
        if digested.changed:
            self._expected[entry] = None
        self._on_digest(
            entry,
            digested.sha256,
            digested.size_bytes,
            changed=digested.changed,
            error=digested.error,
        )

    def _ready(self, entry: int, ahead: Ahead) -> None:
        if self._open.get(entry) is ahead:
            self._on_ready(entry)


def _nothing() -> None:
    """Nobody waits for what is read for its digest alone."""
