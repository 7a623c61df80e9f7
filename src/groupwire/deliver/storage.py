"""What the rules of delivery want of the disk of a member, without touching one.

Nothing here waits: what takes time is answered later, by the ``handle_*`` verb of the
core that is named with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from groupwire.deliver.entries import Manifest
from groupwire.norm import Sink

__all__ = [
    "Examined",
    "Outcome",
    "PartSink",
    "Status",
    "Storage",
]


class Status(StrEnum):
    """What became of an entry at a member."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    MISMATCH = "mismatch"
    """It does not agree with its digest; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry."""

    status: Status
    sha256: bytes | None = None
    """As it was read from the disk."""
    size_bytes: int = 0
    reason: str = ""
    """Where it failed: exists, unsafe-name, too-large, disk-full, read-only, vetoed,
    clash, io-error, gone, changed, unsupported."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a member has of a manifest already, and what it will not take."""

    settled: Mapping[int, Outcome] = field(default_factory=dict[int, Outcome])
    """Entries that are unchanged or refused; all others are wanted. Directories and
    links are settled by :meth:`Storage.conclude`, not here."""
    held_bytes: int = 0
    """Of the wanted ones, what an interrupted pull had received."""
    held: Mapping[int, int] = field(default_factory=dict[int, int])
    """By entry, how much of that is there from the first byte on without a gap."""


class PartSink(Sink, Protocol):
    """Where a file goes while it arrives."""

    @property
    def held(self) -> Sequence[tuple[int, int]]:
        """What is there already: (offset, size) in bytes, in order."""
        ...

    @property
    def have_bytes(self) -> int:
        """How much of it has been written, what was held included."""
        ...


class Storage(Protocol):
    """The disk of a member. ``key`` is the delivery's own number, given by the core.

    What ``is_for_now`` of an OSError, such as EMFILE, is tried again later.
    """

    @property
    def holds(self) -> bool:
        """Whether there is anything in the directory already."""
        ...

    def examine(self, key: int, manifest: Manifest) -> None:
        """Look what is there; the answer comes by ``Pull.handle_examined``."""
        ...

    def open(self, key: int, entry: int, size_bytes: int | None = None) -> PartSink:
        """Open where an examined file goes. Raises OSError.

        ``size_bytes`` is what is sent of it: another size than the manifest's where the
        file has changed since. None is that of the manifest.
        """
        ...

    def open_part(self, key: int, entry: int, number: int, size_bytes: int) -> PartSink:
        """Open where a part of a file of unknown length goes. Raises OSError."""
        ...

    def open_foreign(self, key: int, number: int, size_bytes: int) -> PartSink:
        """Open where an object of a foreign sender goes. Raises OSError."""
        ...

    def finish(self, key: int, entry: int, sha256: bytes) -> None:
        """Verify, make durable, rename; ``Pull.handle_finished`` tells the outcome.

        Of a file of unknown length all parts have come.
        """
        ...

    def finish_foreign(self, key: int, number: int, name: str) -> None:
        """Do the same without a digest to compare; the outcome has its own."""
        ...

    def discard(self, key: int, entry: int) -> None:
        """Throw away what has come of a file: it changed at the sender."""
        ...

    def put_away(self, key: int, entry: int) -> None:
        """Close what has come of a file; it is kept for when it comes again."""
        ...

    def discard_foreign(self, key: int, number: int) -> None:
        """Throw away what has come of an object of a foreign sender."""
        ...

    def conclude(self, key: int) -> None:
        """Make directories, links, modes; ``Pull.handle_concluded`` tells the end."""
        ...

    def abandon(self, key: int) -> None:
        """Leave a delivery; what is incomplete is kept for the next."""
        ...
