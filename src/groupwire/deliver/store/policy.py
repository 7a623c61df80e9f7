"""What a member lets strangers put on its disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groupwire.deliver.entries import Entry

__all__ = ["StorePolicy"]


@dataclass(frozen=True, slots=True)
class StorePolicy:
    """How far a store goes for a sender."""

    overwrite: bool = False
    """Whether files are replaced that no pull of this sender stored."""
    max_bytes: int | None = None
    """Of one file, and of one delivery."""
    keep_free_bytes: int = 16 << 20
    """What is left of the disk for others."""
    links: bool = False
    """Whether symbolic links are made."""
    accept: Callable[[Entry], bool] | None = None
    """Asked for each file before it starts; False refuses it."""
    durable: bool = True
    """Whether a file is on the disk itself before it counts as stored."""
