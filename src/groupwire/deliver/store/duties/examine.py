"""Looks what a member has of a manifest already, and what it will not take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.names import clashes
from groupwire.deliver.reasons import reason_of
from groupwire.deliver.storage import Examined, Outcome, Status
from groupwire.deliver.store.duties.ground import Ground
from groupwire.deliver.store.duties.judge import Standing, refusal
from groupwire.deliver.store.duties.tidy import drop
from groupwire.deliver.store.parts.journal import Identity, held_ranges
from groupwire.deliver.store.parts.ranges import Ranges
from groupwire.deliver.store.tree.folders import Folders, look, names

__all__ = ["examine"]

_NOTHING = Ranges()


def examine(ground: Ground, manifest: Manifest, sender: str) -> Examined:
    """Settle what is unchanged or refused; all other files are wanted.

    A delivery that does not fit is refused as a whole: nobody fills a disk with half of
    it. Files that are equal count nothing.
    """
    ground.record.refresh()
    settled: dict[int, Outcome] = {}
    clash = clashes(manifest.entries)
    with Folders(ground.root) as folders:
        for number, entry in enumerate(manifest.entries):
            if entry.kind is Kind.FILE:
                why = clash.get(number)
                outcome = _settle(ground, folders, entry, sender, why)
                if outcome is not None:
                    settled[number] = outcome
    wanted = {
        number: entry
        for number, entry in enumerate(manifest.entries)
        if entry.kind is Kind.FILE and number not in settled
    }
    # One stream has no size to count; several would be a way round the limit.
    unsized = [n for n, e in wanted.items() if e.size_bytes is None]
    for number in unsized[1:]:
        del wanted[number]
        settled[number] = Outcome(Status.FAILED, reason="unsupported")
    held = _Held(ground).parts_of(wanted)
    size = sum(ranges.size for ranges in held.values())
    reason = _too_much(ground, wanted, size) if wanted else ""
    if reason:
        settled.update(dict.fromkeys(wanted, Outcome(Status.FAILED, reason=reason)))
        return Examined(settled)
    return Examined(settled, size, {n: r.prefix for n, r in held.items() if r.prefix})


def _settle(
    ground: Ground, folders: Folders, entry: Entry, sender: str, clash: str | None
) -> Outcome | None:
    reason = refusal(ground.policy, entry, clash)
    if reason:
        return Outcome(Status.FAILED, reason=reason)
    try:
        return _compare(ground, folders, entry, sender)
    except OSError as error:
        return Outcome(Status.FAILED, reason=reason_of(error))


def _compare(
    ground: Ground, folders: Folders, entry: Entry, sender: str
) -> Outcome | None:
    try:
        folder, name = folders.parent(entry.path)
    except FileNotFoundError:
        return None
    found = look(folder, name)
    if found is None:
        return None
    there = Standing(ground, folder, name, entry.path, found)
    if there.is_equal(entry.size_bytes, entry.sha256):
        return Outcome(Status.UNCHANGED, entry.sha256, found.st_size)
    reason = there.refusal(sender)
    return Outcome(Status.FAILED, reason=reason) if reason else None


def _too_much(ground: Ground, wanted: Mapping[int, Entry], held: int) -> str:
    """Return why all of this together is not taken, empty if it is."""
    if ground.problem:
        return ground.problem
    total = sum(entry.size_bytes or 0 for entry in wanted.values())
    limit = ground.policy.max_bytes
    if limit is not None and total > limit:
        return "too-large"
    block = os.fstatvfs(ground.root).f_frsize
    on_disk = sum(-(-(e.size_bytes or 0) // block) * block for e in wanted.values())
    return "disk-full" if on_disk - held > max(ground.guard.free_bytes(), 0) else ""


class _Held:
    """What interrupted pulls left; parts of another version of a file are removed."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._families: dict[str, list[str]] = {}
        if ground.parts is not None:
            for name in names(ground.parts):
                stem, dot, _ = name.partition(".")
                if dot and name.endswith(".journal"):
                    self._families.setdefault(stem.partition("-")[0], []).append(name)

    def parts_of(self, wanted: Mapping[int, Entry]) -> dict[int, Ranges]:
        """Return what is there of files that are wanted."""
        if not self._families:
            return {}
        found = {number: self._part_of(entry) for number, entry in wanted.items()}
        return {number: ranges for number, ranges in found.items() if ranges}

    def _part_of(self, entry: Entry) -> Ranges:
        size, parts = entry.size_bytes, self._ground.parts
        if size is None or parts is None:
            return _NOTHING
        identity = Identity(entry.path, size, entry.mtime_ns, entry.sha256)
        if identity.family not in self._families:
            return _NOTHING
        for name in self._families[identity.family]:
            if not name.startswith(identity.name):
                drop(parts, name.removesuffix(".journal"))
        with suppress(OSError):
            data = os.stat(f"{identity.name}.data", dir_fd=parts, follow_symlinks=False)
            journal = f"{identity.name}.journal"
            return held_ranges(parts, journal, identity, data.st_size)
        return _NOTHING
