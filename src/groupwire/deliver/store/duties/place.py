"""Gives files that have come their names: compared, durable, in one step."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from groupwire.deliver.entries import Entry
from groupwire.deliver.names import unsafe
from groupwire.deliver.reasons import reason_of
from groupwire.deliver.storage import Outcome, Status
from groupwire.deliver.store.duties.ground import Ground
from groupwire.deliver.store.duties.judge import Standing
from groupwire.deliver.store.duties.tidy import drop_rivals
from groupwire.deliver.store.parts.part import Part, PartFile
from groupwire.deliver.store.record import Stored
from groupwire.deliver.store.tree.folders import (
    Folders,
    closing,
    look,
    open_folder,
)
from groupwire.deliver.store.tree.libc import rename_new, sync_filesystem

__all__ = ["Placing", "move", "note_folders", "place_many", "sync_folders"]

_FEW = 3
"""Up to here each file is synced by itself; above, the filesystem once."""


@dataclass(frozen=True, slots=True)
class Placing:
    """A part that is complete, and where it goes."""

    part: Part
    entry: Entry
    digest: bytes
    """What its Digester says."""
    expected: bytes | None = None
    """What the sender says; None for a foreign one."""
    keep_time: bool = True
    """Whether the entry's time is known."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A part that is whole; ``name`` is its own in the directory of parts."""

    placing: Placing
    name: str
    stored: Stored


def place_many(
    ground: Ground, placings: Sequence[Placing], sender: str
) -> list[Outcome]:
    """Place files; the outcomes are in the order of ``placings``.

    They become durable together, then get their names, then the directories become
    durable: each of that once, however many files there are.
    """
    batch = _Batch(ground, sender, one_by_one=len(placings) <= _FEW)
    return batch.run(placings)


class _Batch:
    """Some files on their last steps."""

    def __init__(self, ground: Ground, sender: str, *, one_by_one: bool) -> None:
        self._ground = ground
        self._sender = sender
        self._durable = ground.policy.durable
        self._each = self._durable and one_by_one
        self._touched: set[str] = set()

    def run(self, placings: Sequence[Placing]) -> list[Outcome]:
        """Place them all."""
        prepared = [self._prepare(placing) for placing in placings]
        ready = [one for one in prepared if isinstance(one, _Ready)]
        self._ground.record.refresh()
        outcomes = [o for o in prepared if isinstance(o, Outcome)]
        named = iter(self._name_all(ready))
        refused = iter(outcomes)
        return [
            next(named) if isinstance(one, _Ready) else next(refused)
            for one in prepared
        ]

    def _prepare(self, placing: Placing) -> _Ready | Outcome:
        part, entry = placing.part, placing.entry
        if unsafe(entry.path) is not None:
            part.discard()
            return Outcome(Status.FAILED, reason="unsafe-name")
        wrong = placing.expected not in {None, placing.digest}
        if wrong or not part.complete:
            part.discard()
            return Outcome(Status.MISMATCH, placing.digest)
        try:
            mtime = entry.mtime_ns if placing.keep_time else None
            name, found = part.finalize(entry.mode, mtime, durable=self._each)
        except OSError as error:
            part.close()
            return Outcome(Status.FAILED, reason=reason_of(error))
        stored = _stored(entry.path, found, placing.digest, self._sender)
        return _Ready(placing, name, stored)

    def _name_all(self, ready: list[_Ready]) -> list[Outcome]:
        if not ready:
            return []
        try:
            self._ground.record.add(one.stored for one in ready)
            if self._durable:
                self._sync_contents(ready)
        except OSError as error:
            for one in ready:
                one.placing.part.close()
            return [Outcome(Status.FAILED, reason=reason_of(error))] * len(ready)
        with Folders(self._ground.root, make=True) as folders:
            outcomes = [self._name(folders, one) for one in ready]
            note_folders(self._ground, folders.made, self._sender)
        self._touched.update(path.rpartition("/")[0] for path in folders.made)
        return self._sync_names(outcomes)

    def _sync_contents(self, ready: list[_Ready]) -> None:
        if self._each:
            self._ground.record.sync()
        elif not sync_filesystem(self._ground.root):
            for one in ready:
                _sync_file(self._ground, one.name)
            self._ground.record.sync()

    def _name(self, folders: Folders, ready: _Ready) -> Outcome:
        entry, part = ready.placing.entry, ready.placing.part
        outcome = self._try_to_move(folders, ready)
        if outcome.status is Status.STORED:
            self._touched.add(entry.path.rpartition("/")[0])
            part.settle()
            if isinstance(part, PartFile):
                drop_rivals(_parts(self._ground), ready.name)
        elif outcome.status is Status.UNCHANGED:
            part.discard()
        else:
            part.close()
        return outcome

    def _try_to_move(self, folders: Folders, ready: _Ready) -> Outcome:
        try:
            with suppress(FileExistsError):
                return self._move(folders, ready)
            # Something appeared between the look and the rename: look again.
            return self._move(folders, ready)
        except OSError as error:
            return Outcome(Status.FAILED, reason=reason_of(error))

    def _move(self, folders: Folders, ready: _Ready) -> Outcome:
        stored, entry = ready.stored, ready.placing.entry
        folder, name = folders.parent(entry.path)
        found = look(folder, name)
        if found is not None:
            there = Standing(self._ground, folder, name, entry.path, found)
            reason = there.refusal(self._sender, besides=stored)
            if reason and there.is_equal(stored.size_bytes, stored.sha256):
                return Outcome(Status.UNCHANGED, stored.sha256, stored.size_bytes)
            if reason:
                return Outcome(Status.FAILED, reason=reason)
        move(self._ground, ready.name, folder, name, replace=found is not None)
        return Outcome(Status.STORED, stored.sha256, stored.size_bytes)

    def _sync_names(self, outcomes: list[Outcome]) -> list[Outcome]:
        if not self._durable:
            return outcomes
        try:
            sync_folders(self._ground, self._touched)
        except OSError as error:
            lost = Outcome(Status.FAILED, reason=reason_of(error))
            return [lost if o.status is Status.STORED else o for o in outcomes]
        return outcomes


def move(ground: Ground, part: str, folder: int, name: str, *, replace: bool) -> None:
    """Rename what is in the directory of parts; FileExistsError for an unseen file."""
    source = _parts(ground)
    if replace:
        os.replace(part, name, src_dir_fd=source, dst_dir_fd=folder)
    else:
        rename_new(source, part, folder, name)


def note_folders(ground: Ground, made: Iterable[str], sender: str) -> None:
    """Write down which directories a pull made; only these are changed later."""
    with suppress(OSError):
        ground.record.add([_folder_stored(ground, path, sender) for path in made])


def sync_folders(ground: Ground, paths: set[str]) -> None:
    """Make names durable: each directory, or the filesystem where there are many."""
    if len(paths) > _FEW and sync_filesystem(ground.root):
        return
    for path in sorted(paths):
        with closing(open_folder(ground.root, path)) as fd:
            os.fsync(fd)


def _folder_stored(ground: Ground, path: str, sender: str) -> Stored:
    with closing(open_folder(ground.root, path)) as fd:
        return _stored(f"{path}/", os.fstat(fd), b"", sender)


def _stored(path: str, found: os.stat_result, digest: bytes, sender: str) -> Stored:
    size, mtime = found.st_size, found.st_mtime_ns
    return Stored(path, size, mtime, digest, found.st_ino, sender)


def _sync_file(ground: Ground, name: str) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    with closing(os.open(name, flags, dir_fd=_parts(ground))) as fd:
        os.fsync(fd)


def _parts(ground: Ground) -> int:
    if ground.parts is None:
        raise OSError(errno.EROFS, "nothing can be written here")
    return ground.parts
