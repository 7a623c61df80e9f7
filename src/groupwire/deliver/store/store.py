"""The disk of a member: examines, receives, places, concludes. Blocking; no threads.

::

    Store(directory: str | os.PathLike[str], policy: StorePolicy = StorePolicy())
        .problem -> str                     read-only, disk-full; or empty
        .holds -> bool
        .examine(manifest, sender) -> Examined
        .open(entry) -> Part                quick: for the event loop. OSError, which
                                            is EMFILE where too many are open
        .open_piece(part, number, size_bytes) -> Piece        of an entry without a size
        .open_foreign(size_bytes) -> Part   nothing is known of it but its size
        .place(placing, sender) -> Outcome
        .place_many([placing, ..], sender) -> [Outcome, ..]   much quicker for many
        .place_foreign(part, name, digest, sender) -> Outcome
        .conclude(manifest, sender) -> {entry: reason}
        .close()                            after its parts
    Part       PartFile (disk) | SmallPart (memory, up to 64 KiB): storage.PartSink with
               .prefix_bytes .complete .checkpoint() .close() .discard()
    Digester(part)  .advance(upto=None) -> int  .digest() -> bytes
    Placing(part, entry, digest, expected=None)

A file: ``part = store.open(entry)``; ``part.write(..)``; ``digester.advance()`` as
often as wanted; every few seconds ``part.checkpoint()`` (it waits for the disk); at the
end ``store.place(Placing(part, entry, digester.digest(), expected), sender)``, which
closes the part whatever comes of it. MISMATCH: all of it is gone, and a new part and
digester are wanted. A part that is left: ``part.close()``; the next ``open`` finds it.

Threads: ``open`` and ``open_foreign`` are for one thread: it looks how many are open.
Every other method may run in any thread, several at once, as long as each part is used
by one at a time (``checkpoint`` and a Digester may run beside ``write``).
``sender`` is a name that stays the same: a file is replaced only for who had it stored.

Two stores in one directory, of one process or two, do not harm each other: an open part
is locked, so the second one receives the same file as a part of its own, and the record
grows by whole lines. Only a store that is alone when it begins tidies up.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count

from groupwire.deliver.entries import Entry, Manifest
from groupwire.deliver.names import STATE_DIRECTORY
from groupwire.deliver.reasons import disk_full, too_large
from groupwire.deliver.storage import Examined, Outcome, Status
from groupwire.deliver.store.duties.conclude import conclude
from groupwire.deliver.store.duties.examine import examine
from groupwire.deliver.store.duties.ground import Ground
from groupwire.deliver.store.duties.judge import refusal
from groupwire.deliver.store.duties.place import Placing, place_many
from groupwire.deliver.store.duties.tidy import RIVALS, tidy
from groupwire.deliver.store.parts.digester import Digester
from groupwire.deliver.store.parts.journal import Identity, Journal
from groupwire.deliver.store.parts.memory import Memory
from groupwire.deliver.store.parts.part import (
    SMALL_BYTES,
    OpenPart,
    OpenSmall,
    Part,
    PartFile,
    SmallPart,
)
from groupwire.deliver.store.parts.piece import Piece
from groupwire.deliver.store.parts.slots import Slots
from groupwire.deliver.store.policy import StorePolicy
from groupwire.deliver.store.tree.folders import look, names
from groupwire.deliver.store.tree.locks import lock

__all__ = [
    "Digester",
    "Part",
    "PartFile",
    "Piece",
    "Placing",
    "SmallPart",
    "Store",
    "StorePolicy",
]

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_Take = Callable[[], int]
"""Counts one more that is open, for whom it is. Raises OSError."""


class Store:
    """Files that are received below a directory; the module says how it is used."""

    def __init__(
        self, directory: str | os.PathLike[str], policy: StorePolicy | None = None
    ) -> None:
        self._ground = Ground.open(os.fspath(directory), policy or StorePolicy())
        self._memory = Memory()
        self._slots = Slots(self._ground.root)
        self._token = os.urandom(8).hex()
        self._numbers = count()
        self._closed = False
        tidy(self._ground)
        self._ground.share()

    @property
    def policy(self) -> StorePolicy:
        """What senders may do."""
        return self._ground.policy

    @property
    def problem(self) -> str:
        """Why nothing can be written at all: read-only, disk-full; mostly empty."""
        return self._ground.problem

    @property
    def holds(self) -> bool:
        """Whether there is anything in the directory, be it a part of a file only."""
        if any(name != STATE_DIRECTORY for name in names(self._ground.root)):
            return True
        parts = self._ground.parts
        return parts is not None and any(n.endswith(".journal") for n in names(parts))

    def examine(self, manifest: Manifest, sender: str) -> Examined:
        """Look what is there; takes as long as the reading of equal files does."""
        return examine(self._ground, manifest, sender)

    def open(self, entry: Entry, *, delivery: int = 0) -> Part:
        """Open where an examined file goes, with what is held of it. OSError.

        ``delivery`` is who shares with others what may be open at once.
        """
        take = partial(self._slots.take, delivery)
        parts = self._parts()
        size = entry.size_bytes
        if size is None:
            return self._open_new(None, take)
        self.check_size(size)
        if size <= SMALL_BYTES:
            return self._open_small(size, take)
        return self._open_kept(
            parts, Identity(entry.path, size, entry.mtime_ns, entry.sha256), take
        )

    def check_size(self, size_bytes: int) -> None:
        """Raise OSError for what is larger than this member takes."""
        limit = self._ground.policy.max_bytes
        if limit is not None and size_bytes > limit:
            raise too_large()

    def open_piece(self, part: Part, number: int, size_bytes: int) -> Piece:
        """Open a part of a file whose length is not known. OSError."""
        if not isinstance(part, PartFile):
            raise OSError(errno.EINVAL, "the length of this file is known")
        return Piece(part, number, size_bytes)

    def open_foreign(
        self,
        size_bytes: int,
        *,
        before_bytes: int = 0,
        open_bytes: int = 0,
        delivery: int = 0,
    ) -> Part:
        """Open where an object goes whose name comes at the end. OSError.

        ``before_bytes`` is what its sender sent before; of that ``open_bytes`` is still
        to be written.
        """
        self.check_size(before_bytes + size_bytes)
        if open_bytes + size_bytes > self._ground.guard.free_bytes():
            raise disk_full()
        take = partial(self._slots.take, delivery, foreign=True)
        if size_bytes <= SMALL_BYTES:
            return self._open_small(size_bytes, take)
        return self._open_new(size_bytes, take)

    def place(self, placing: Placing, sender: str) -> Outcome:
        """Verify, make durable, rename."""
        return self.place_many([placing], sender)[0]

    def place_many(self, placings: Sequence[Placing], sender: str) -> list[Outcome]:
        """Do the same for many files, and wait for the disk only twice."""
        return place_many(self._ground, placings, sender)

    def place_foreign(
        self, part: Part, name: str, digest: bytes, sender: str
    ) -> Outcome:
        """Place an object under its name, which is not trusted."""
        entry = Entry(name, size_bytes=part.end_bytes)
        reason = refusal(self._ground.policy, entry)
        if reason:
            part.discard()
            return Outcome(Status.FAILED, reason=reason)
        return self.place(Placing(part, entry, digest, keep_time=False), sender)

    def conclude(self, manifest: Manifest, sender: str) -> dict[int, str]:
        """Make directories and links, set modes and times; return what failed."""
        return conclude(self._ground, manifest, sender)

    def close(self) -> None:
        """Let go of the directory. Parts are closed before."""
        if not self._closed:
            self._closed = True
            self._ground.close()

    def _parts(self) -> int:
        if self._ground.parts is None:
            full = self._ground.problem == "disk-full"
            number = errno.ENOSPC if full else errno.EROFS
            raise OSError(number, os.strerror(number))
        return self._ground.parts

    def _open_small(self, size_bytes: int, take: _Take) -> Part:
        """Open a part in memory; where that is full, one that is not kept."""
        parts, name = self._parts(), self._name()
        if not self._memory.take(name, size_bytes):
            return self._open_new(size_bytes, take)
        opened = OpenSmall(parts, name, self._memory.give)
        return SmallPart(opened, self._ground.guard, size_bytes)

    def _name(self) -> str:
        return f"{self._token}-{next(self._numbers)}.new"

    def _open_new(self, size_bytes: int | None, take: _Take) -> PartFile:
        """Open a part that nobody goes on with another day."""
        parts, name = self._parts(), self._name()
        with ExitStack() as failing:
            gone = self._slot(failing, take)
            fd = os.open(name, _FLAGS | os.O_EXCL, 0o600, dir_fd=parts)
            failing.pop_all()
        opened = OpenPart(parts, name, fd, gone=gone)
        return PartFile(opened, self._ground.guard, size_bytes)

    def _open_kept(self, parts: int, identity: Identity, take: _Take) -> PartFile:
        with ExitStack() as failing:
            gone = self._slot(failing, take)
            stem, fd = _lock_data(parts, identity.name)
            failing.callback(os.close, fd)
            journal = Journal(parts, f"{stem}.journal", identity)
            failing.callback(journal.close)
            ranges = journal.load(os.fstat(fd).st_size)
            if not ranges:
                os.ftruncate(fd, 0)
            failing.pop_all()
        opened = OpenPart(parts, f"{stem}.data", fd, journal, ranges, gone)
        return PartFile(opened, self._ground.guard, identity.size_bytes)

    def _slot(self, failing: ExitStack, take: _Take) -> Callable[[], None]:
        """Count one more that is open; return what to call when it is closed."""
        gone = partial(self._slots.give, take())
        failing.callback(gone)
        return gone


def _lock_data(parts: int, name: str) -> tuple[str, int]:
    """Open the data of a part that no other store is writing to.

    What a rival left is gone on with before anything new is begun.
    """
    stems = [f"{name}.{rival}" if rival else name for rival in range(RIVALS)]
    for flags in (_FLAGS & ~os.O_CREAT, _FLAGS):
        for stem in stems:
            fd = _lock(parts, f"{stem}.data", flags)
            if fd is not None:
                return stem, fd
    raise OSError(errno.EBUSY, "other pulls receive the same file here")


def _lock(parts: int, name: str, flags: int) -> int | None:
    try:
        fd = os.open(name, flags, 0o600, dir_fd=parts)
    except FileNotFoundError:
        return None
    if lock(fd) is not False:
        # Its owner may just have renamed or removed it.
        found = look(parts, name)
        if found is not None and found.st_ino == os.fstat(fd).st_ino:
            return fd
    os.close(fd)
    return None
