"""Removes what interrupted pulls left and nobody came back for."""

from __future__ import annotations

import os
from contextlib import suppress

from groupwire.deliver.store.duties.ground import Ground
from groupwire.deliver.store.tree.folders import closing, names
from groupwire.deliver.store.tree.locks import lock

__all__ = ["KEPT_DAYS", "MAX_PARTS", "RIVALS", "drop", "drop_rivals", "tidy"]

KEPT_DAYS = 7
"""A part that nobody goes on with for so long is removed at the next start."""
MAX_PARTS = 4096
"""More interrupted files than that are not kept: the oldest go first."""
_DAY_NS = 86_400 * 10**9
RIVALS = 8
"""So many stores may be receiving one file into one directory."""


def tidy(ground: Ground) -> None:
    """Clean the directory of parts, where no other store uses it."""
    if ground.parts is None or ground.lock is None or not ground.alone:
        return
    # The lock was touched a moment ago: this is the disk's own time.
    oldest = os.fstat(ground.lock).st_mtime_ns - KEPT_DAYS * _DAY_NS
    found = set(names(ground.parts))
    stems = {n.removesuffix(".journal") for n in found if n.endswith(".journal")}
    whole = {stem for stem in stems if f"{stem}.data" in found}
    ages = sorted((_mtime_ns(ground.parts, f"{stem}.journal"), stem) for stem in whole)
    kept = {stem for age, stem in ages[-MAX_PARTS:] if age >= oldest}
    for name in found:
        stem, _, kind = name.rpartition(".")
        if stem not in kept or kind not in {"data", "journal"}:
            remove(ground.parts, name)


def remove(folder: int, name: str) -> None:
    """Remove a file; whatever cannot be is left."""
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)


def drop(folder: int, stem: str) -> None:
    """Remove a part, unless a store is receiving it."""
    with suppress(OSError):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        with closing(os.open(f"{stem}.data", flags, dir_fd=folder)) as fd:
            if lock(fd):
                remove(folder, f"{stem}.journal")
                remove(folder, f"{stem}.data")


def drop_rivals(folder: int, name: str) -> None:
    """Remove what interrupted pulls left of a file that has come in a part so named."""
    stem = name.partition(".")[0]
    drop(folder, stem)
    for rival in range(1, RIVALS):
        drop(folder, f"{stem}.{rival}")


def _mtime_ns(folder: int, name: str) -> int:
    return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns
