"""Digests of all files, read before anything is sent (docs/delivery.md §3.2)."""

from __future__ import annotations

from groupwire.deliver.push.cargo.files import Files
from groupwire.deliver.shelf import Shelf

__all__ = ["Digesting"]


class Digesting:
    """Asks for digests and waits for them."""

    def __init__(self, files: Files, shelf: Shelf) -> None:
        self._files = files
        self._shelf = shelf
        self._waiting: set[int] = set()
        self._begun = False

    def __contains__(self, entry: int) -> bool:
        return entry in self._waiting

    @property
    def done(self) -> bool:
        """Whether all that were asked for are there."""
        return not self._waiting

    def start(self) -> None:
        """Have every file read; only the first call counts."""
        if self._begun:
            return
        self._begun = True
        wanted = [n for n in self._files.sized if self._files.digest(n) is None]
        self._waiting.update(wanted)
        for entry in wanted:
            self._shelf.digest(entry)

    def take(self, entry: int, sha256: bytes | None, size_bytes: int) -> bool:
        """Take in what a file has; False if it changed too often while it was read."""
        if sha256 is not None:
            self._waiting.remove(entry)
            self._files.know(entry, sha256, size_bytes)
        elif self._files.fail(entry):
            self._waiting.remove(entry)
            return False
        else:
            self._shelf.digest(entry)
        return True

    def drop(self, entry: int) -> None:
        """Wait for a file no more: it cannot be read."""
        self._waiting.remove(entry)
