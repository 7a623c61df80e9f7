"""What a delivery consists of: files, directories and links, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Entry", "Kind", "Manifest"]


class Kind(StrEnum):
    """What an entry is."""

    FILE = "f"
    DIRECTORY = "d"
    LINK = "l"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, directory or symbolic link of a delivery."""

    path: str
    """Relative, parts separated by ``/``."""
    kind: Kind = Kind.FILE
    size_bytes: int | None = 0
    """Of a file; None where its length is not known (standard input)."""
    mode: int = 0o644
    """Permission bits."""
    mtime_ns: int = 0
    sha256: bytes | None = None
    """32 bytes, or None where the sender has not read the file yet."""
    target: str = ""
    """Of a link."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All entries of a delivery (docs/delivery.md §3)."""

    delivery: int
    """64 random bits."""
    title: str
    """What people call it: the name of what was pushed."""
    entries: tuple[Entry, ...]

    @property
    def total_bytes(self) -> int | None:
        """Of all files, None where a length is not known."""
        sizes = [e.size_bytes for e in self.entries if e.kind is Kind.FILE]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def files(self) -> int:
        """How many of the entries are files."""
        return sum(e.kind is Kind.FILE for e in self.entries)
