"""Whether what stands here may be replaced, and whether it is what is wanted."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from hashlib import sha256

from groupwire.deliver.entries import Entry
from groupwire.deliver.names import unsafe
from groupwire.deliver.store.duties.ground import Ground
from groupwire.deliver.store.policy import StorePolicy
from groupwire.deliver.store.record import Stored
from groupwire.deliver.store.tree.folders import closing

__all__ = ["Standing", "digest_there", "refusal"]

_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_READ_BYTES = 1 << 20


def refusal(policy: StorePolicy, entry: Entry, clash: str | None = None) -> str:
    """Return why a file is not taken, whatever is here; empty if it is."""
    if unsafe(entry.path) is not None:
        return "unsafe-name"
    if clash is not None:
        return "clash"
    limit = policy.max_bytes
    if limit is not None and (entry.size_bytes or 0) > limit:
        return "too-large"
    if policy.accept is not None and not policy.accept(entry):
        return "vetoed"
    return ""


class Standing:
    """What stands where a file is to go; it is read only when it has to be."""

    def __init__(
        self, ground: Ground, folder: int, name: str, path: str, found: os.stat_result
    ) -> None:
        self._ground = ground
        self._folder = folder
        self._name = name
        self._path = path
        self.found = found
        self._digest: bytes | None = None

    @property
    def digest(self) -> bytes:
        """Of a regular file: from the record, or from the disk. OSError."""
        if self._digest is None:
            known = self._ground.record.match(self._path, self.found)
            self._digest = known.sha256 if known is not None else self._read()
        return self._digest

    def _read(self) -> bytes:
        return digest_there(self._folder, self._name)

    def is_equal(self, size_bytes: int | None, digest: bytes | None) -> bool:
        """Whether it is a file of this size and digest."""
        if digest is None or not stat.S_ISREG(self.found.st_mode):
            return False
        with suppress(PermissionError):  # what we may not read is not what we want
            return self.found.st_size == size_bytes and self.digest == digest
        return False

    def refusal(self, sender: str, besides: Stored | None = None) -> str:
        """Return why it must not be replaced, empty if it may be.

        ``besides`` is the line of what is to replace it, which tells nothing of it.
        """
        if stat.S_ISDIR(self.found.st_mode):
            return "is-a-directory"
        if self._ground.policy.overwrite or self._is_stored_by(sender, besides):
            return ""
        return "exists"

    def _is_stored_by(self, sender: str, besides: Stored | None) -> bool:
        """Whether a pull stored it for this sender, and nobody changed it since.

        Copies of the directory have other inodes: there the content tells.
        """
        lines = self._ground.record.find(self._path)
        ours = [s for s in lines if s.sender == sender and s != besides]
        if any(s.matches(self.found) for s in ours):
            return True
        if not stat.S_ISREG(self.found.st_mode):
            return False
        alike = [s for s in ours if s.size_bytes == self.found.st_size]
        with suppress(PermissionError):
            return bool(alike) and self._read() in {s.sha256 for s in alike}
        return False


def digest_there(folder: int, name: str) -> bytes:
    """Read a regular file and return its SHA-256; other threads run meanwhile."""
    digest, buffer = sha256(), bytearray(_READ_BYTES)
    view = memoryview(buffer)
    with closing(os.open(name, _OPEN_FILE, dir_fd=folder)) as fd:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise FileExistsError(errno.EEXIST, "no regular file", name)
        while got := os.readv(fd, [buffer]):
            digest.update(view[:got])
    return digest.digest()
