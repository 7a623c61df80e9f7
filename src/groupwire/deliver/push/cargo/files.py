"""What is known of the files: digests, sizes, which were given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from groupwire.deliver.digest import receipt_digest
from groupwire.deliver.entries import Entry, Kind, Manifest

__all__ = ["MOST_ATTEMPTS", "Files"]

MOST_ATTEMPTS = 3
"""So often a file that changes is sent, or read."""


class Files:
    """The files of a manifest by entry."""

    def __init__(self, manifest: Manifest) -> None:
        self.given_up: dict[int, None] = {}
        self._manifest = manifest
        self._digests = {
            n: e.sha256 for n, e in self._numbered() if e.sha256 is not None
        }
        self._sizes: dict[int, int] = {}
        """Where they are not what the manifest had at first."""
        self._failed: Counter[int] = Counter()
        self._signed: bytes | None = None
        self.count = manifest.files

    @property
    def delivery(self) -> int:
        """The delivery's number."""
        return self._manifest.delivery

    @property
    def sized(self) -> list[int]:
        """All but the one of unknown length."""
        return [n for n, e in self._numbered() if e.size_bytes is not None]

    @property
    def unsized(self) -> int | None:
        """The one of unknown length."""
        return next((n for n, e in self._numbered() if e.size_bytes is None), None)

    @property
    def sized_bytes(self) -> int:
        """Of all whose length is known."""
        return sum(e.size_bytes or 0 for _, e in self._numbered())

    @property
    def all_bytes(self) -> int:
        """Of all files, as far as is known."""
        return sum(self.size(n) for n, _ in self._numbered())

    @property
    def complete(self) -> bool:
        """Whether there is a digest of every file, but of those given up."""
        return len(self._digests) + len(self.given_up) >= self.count

    def is_sized(self, number: int) -> bool:
        """Return whether there is a file of that number that can be sent again."""
        entries = self._manifest.entries
        if not 0 <= number < len(entries):
            return False
        entry = entries[number]
        return entry.kind is Kind.FILE and entry.size_bytes is not None

    def entry(self, number: int) -> Entry:
        """Return an entry as it was at first."""
        return self._manifest.entries[number]

    def path(self, number: int) -> str:
        """Return the path of an entry; empty where a stranger has made it up."""
        entries = self._manifest.entries
        return entries[number].path if 0 <= number < len(entries) else ""

    def size(self, number: int) -> int:
        """Return the size of a file as it is known now."""
        return self._sizes.get(number, self.entry(number).size_bytes or 0)

    def digest(self, number: int) -> bytes | None:
        """Return the digest of a file, None as long as it is not known."""
        return self._digests.get(number)

    def know(self, number: int, sha256: bytes, size_bytes: int) -> None:
        """Note what a file has."""
        self._signed = None
        self._digests[number] = sha256
        if size_bytes != self.entry(number).size_bytes:
            self._sizes[number] = size_bytes

    def fail(self, number: int, *, for_good: bool = False) -> bool:
        """Note that a file could not be read as a whole; True if it is given up."""
        self._signed = None
        self._digests.pop(number, None)
        self._failed[number] += 1
        if for_good or self._failed[number] >= MOST_ATTEMPTS:
            self.given_up[number] = None
        return number in self.given_up

    def manifest(self) -> Manifest:
        """Return the manifest with all that is known."""
        entries = tuple(map(self._known, range(len(self._manifest.entries))))
        return replace(self._manifest, entries=entries)

    def signature(self) -> bytes:
        """Return what the receipt of a member says that has all."""
        if self._signed is None:
            known = self._digests.items()
            self._signed = receipt_digest((self.path(n), d) for n, d in known)
        return self._signed

    def _known(self, number: int) -> Entry:
        entry, digest = self.entry(number), self._digests.get(number)
        if digest is None:
            return entry
        return replace(entry, sha256=digest, size_bytes=self.size(number))

    def _numbered(self) -> Iterator[tuple[int, Entry]]:
        for number, entry in enumerate(self._manifest.entries):
            if entry.kind is Kind.FILE:
                yield number, entry
