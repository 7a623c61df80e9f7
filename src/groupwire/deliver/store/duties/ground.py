"""What all duties of a store stand on: its directories, its record, its policy."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from groupwire.deliver.names import STATE_DIRECTORY
from groupwire.deliver.reasons import reason_of
from groupwire.deliver.store.parts.part import Guard
from groupwire.deliver.store.policy import StorePolicy
from groupwire.deliver.store.record import Record
from groupwire.deliver.store.tree.folders import OPEN_FOLDER, closing
from groupwire.deliver.store.tree.locks import lock, share

__all__ = ["Ground"]

_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def _make(directory: str) -> None:
    """Make what is missing of the way there, so that it survives a power cut."""
    missing: list[str] = []
    way = os.path.abspath(directory)
    while not os.path.lexists(way):
        missing.append(way)
        way = os.path.dirname(way)
    with suppress(FileExistsError):
        os.makedirs(directory)
    for made in missing:
        parent = os.open(os.path.dirname(made), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


@dataclass(frozen=True, slots=True)
class Ground:
    """Open directories are descriptors; without ``parts`` nothing can be written."""

    policy: StorePolicy
    root: int
    record: Record
    guard: Guard
    state: int | None = None
    parts: int | None = None
    lock: int | None = None
    alone: bool = False
    """Whether no other store was open here when this one began."""
    problem: str = ""
    """Why nothing can be written: read-only, disk-full; empty where it can."""

    @classmethod
    def open(cls, directory: str, policy: StorePolicy) -> Ground:
        """Make the directory and its state where they are missing.

        OSError where it cannot be entered, or where its state is somebody else's. A
        disk that is full or read-only is no error: what is there can still be examined.
        """
        _make(directory)
        root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        guard = Guard(root, policy.keep_free_bytes, policy.max_bytes)
        try:
            return cls._with_state(policy, root, guard)
        except OSError as error:
            problem = reason_of(error)
            if problem not in {"disk-full", "read-only"} or _foreign(root):
                os.close(root)
                raise
        return cls(policy, root, _old_record(root), guard, problem=problem)

    @classmethod
    def _with_state(cls, policy: StorePolicy, root: int, guard: Guard) -> Ground:
        state = _own_folder(root, STATE_DIRECTORY)
        opened = [state]
        try:
            opened.append(parts := _own_folder(state, "parts"))
            opened.append(fd := os.open("lock", _LOCK, 0o600, dir_fd=state))
            alone = _lock(fd)
            os.utime(fd)
            record = Record(state, alone=alone)
        except BaseException:
            for one in opened:
                os.close(one)
            raise
        return cls(policy, root, record, guard, state, parts, fd, alone)

    def share(self) -> None:
        """Let other stores in, once what wants to be alone is done."""
        if self.lock is not None:
            share(self.lock)
            # While the lock changed hands another store may have written it anew.
            self.record.reopen()

    def close(self) -> None:
        """Let go of everything."""
        self.record.close()
        for fd in (self.lock, self.parts, self.state, self.root):
            if fd is not None:
                os.close(fd)


def _own_folder(parent: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    fd = os.open(name, OPEN_FOLDER, dir_fd=parent)
    found = os.fstat(fd)
    if found.st_uid != os.geteuid():
        os.close(fd)
        raise PermissionError(1, "belongs to somebody else", name)
    if found.st_mode & 0o077:
        os.fchmod(fd, 0o700)
    return fd


def _lock(fd: int) -> bool:
    """Take the lock alone, or else with others; return which."""
    if lock(fd):
        return True
    share(fd)  # the one that is alone is so for moments only
    return False


def _old_record(root: int) -> Record:
    """Return the record where nothing can be written, empty if there is none."""
    try:
        state = os.open(STATE_DIRECTORY, OPEN_FOLDER, dir_fd=root)
    except OSError:
        return Record(None)
    with closing(state):
        return Record(state)


def _foreign(root: int) -> bool:
    """Whether there is a state that is not ours."""
    with suppress(FileNotFoundError):
        found = os.stat(STATE_DIRECTORY, dir_fd=root, follow_symlinks=False)
        return found.st_uid != os.geteuid()
    return False
