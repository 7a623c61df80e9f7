"""Makes directories and links of a manifest once its files are there."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.names import clashes, unsafe, unsafe_target
from groupwire.deliver.reasons import reason_of
from groupwire.deliver.store.duties.ground import Ground
from groupwire.deliver.store.duties.judge import Standing
from groupwire.deliver.store.duties.place import move, note_folders, sync_folders
from groupwire.deliver.store.parts.part import dress, safe_mode
from groupwire.deliver.store.record import Stored
from groupwire.deliver.store.tree.folders import Folders, closing, look, open_folder

__all__ = ["conclude"]


def conclude(ground: Ground, manifest: Manifest, sender: str) -> dict[int, str]:
    """Make what is no file; return why entries failed.

    Directories first, links then, and modes and times last, of the deepest directories
    first: each of these steps changes the times of what is above.
    """
    return _Conclusion(ground, manifest, sender).run()


class _Conclusion:
    """The last steps of one delivery."""

    def __init__(self, ground: Ground, manifest: Manifest, sender: str) -> None:
        self._ground = ground
        self._manifest = manifest
        self._sender = sender
        self._failed: dict[int, str] = {}
        self._made: list[str] = []
        self._touched: set[str] = set()

    def run(self) -> dict[int, str]:
        """Take all of them."""
        self._ground.record.refresh()
        self._refuse()
        for number, entry in self._left(Kind.DIRECTORY):
            self._attempt(number, entry, self._make_folder)
        note_folders(self._ground, self._made, self._sender)
        for number, entry in self._left(Kind.LINK):
            self._attempt(number, entry, self._make_link)
        self._dress_files()
        for number, entry in self._deepest_first():
            self._attempt(number, entry, self._dress_folder)
        self._sync()
        return self._failed

    def _refuse(self) -> None:
        """Sort out what is not to be touched at all."""
        clash = clashes(self._manifest.entries)
        for number, entry in enumerate(self._manifest.entries):
            if entry.kind is not Kind.FILE:
                reason = "clash" if number in clash else self._refusal(entry)
                if reason:
                    self._failed[number] = reason

    def _refusal(self, entry: Entry) -> str:
        if unsafe(entry.path) is not None:
            return "unsafe-name"
        if entry.kind is Kind.DIRECTORY:
            return ""
        if not self._ground.policy.links:
            return "unsupported"
        return "unsafe-name" if unsafe_target(entry.path, entry.target) else ""

    def _left(self, kind: Kind) -> Iterator[tuple[int, Entry]]:
        for number, entry in enumerate(self._manifest.entries):
            if entry.kind is kind and number not in self._failed:
                yield number, entry

    def _deepest_first(self) -> list[tuple[int, Entry]]:
        left = list(self._left(Kind.DIRECTORY))
        return sorted(left, key=lambda one: -one[1].path.count("/"))

    def _attempt(
        self, number: int, entry: Entry, step: Callable[[Entry], None]
    ) -> None:
        try:
            step(entry)
        except OSError as error:
            self._failed[number] = reason_of(error)

    def _make_folder(self, entry: Entry) -> None:
        before = len(self._made)
        os.close(open_folder(self._ground.root, entry.path, self._made))
        self._touch(*self._made[before:])

    def _make_link(self, entry: Entry) -> None:
        """Make it under another name first, so that nothing is ever half there."""
        before = len(self._made)
        with Folders(self._ground.root, make=True) as folders:
            folder, name = folders.parent(entry.path)
            if self._is_there(folder, name, entry):
                return
            self._put_link(folder, name, entry)
            self._made.extend(folders.made)
        note_folders(self._ground, self._made[before:], self._sender)
        self._touch(entry.path, *self._made[before:])

    def _is_there(self, folder: int, name: str, entry: Entry) -> bool:
        """Whether the link is there already; OSError where something else is."""
        found = look(folder, name)
        if found is None:
            return False
        if not stat.S_ISLNK(found.st_mode):
            raise FileExistsError(errno.EEXIST, "no link is put over it", entry.path)
        if os.readlink(name, dir_fd=folder) == entry.target:
            return True
        there = Standing(self._ground, folder, name, entry.path, found)
        if there.refusal(self._sender):
            raise FileExistsError(errno.EEXIST, "another link", entry.path)
        return False

    def _put_link(self, folder: int, name: str, entry: Entry) -> None:
        parts = self._ground.parts
        if parts is None:
            raise OSError(errno.EROFS, "nothing can be written here")
        digest = sha256(entry.target.encode())
        part = f"{sha256(entry.path.encode()).hexdigest()[:16]}-link.{os.getpid()}"
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=parts)
        os.symlink(entry.target, part, dir_fd=parts)
        found = os.stat(part, dir_fd=parts, follow_symlinks=False)
        size, mtime, inode = found.st_size, found.st_mtime_ns, found.st_ino
        stored = Stored(entry.path, size, mtime, digest.digest(), inode, self._sender)
        self._ground.record.add([stored])
        try:
            replace = look(folder, name) is not None
            move(self._ground, part, folder, name, replace=replace)
        except OSError:
            os.unlink(part, dir_fd=parts)
            raise

    def _dress_folder(self, entry: Entry) -> None:
        """Set mode and time of a directory that a pull of this sender made.

        Others belong to whoever made them: a private one stays private.
        """
        with closing(open_folder(self._ground.root, entry.path)) as fd:
            inode = os.fstat(fd).st_ino
            lines = self._ground.record.find(f"{entry.path}/")
            if any(s.inode == inode and s.sender == self._sender for s in lines):
                dress(fd, entry.mode | 0o100, entry.mtime_ns)

    def _dress_files(self) -> None:
        """Give files that are unchanged the mode and time that their sender has now."""
        with Folders(self._ground.root) as folders:
            for _, entry in self._left(Kind.FILE):
                with suppress(OSError):  # it is there, which is what counts
                    self._dress_file(folders, entry)

    def _dress_file(self, folders: Folders, entry: Entry) -> None:
        folder, name = folders.parent(entry.path)
        found = look(folder, name)
        known = found and self._ground.record.match(entry.path, found)
        if not found or not known or known.sha256 != entry.sha256:
            return
        same = found.st_mtime_ns == entry.mtime_ns
        if known.sender != self._sender or (same and _mode_is(found, entry.mode)):
            return
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with closing(os.open(name, flags, dir_fd=folder)) as fd:
            if os.fstat(fd).st_ino == known.inode:
                mtime = dress(fd, entry.mode, entry.mtime_ns).st_mtime_ns
                self._ground.record.add([dataclasses.replace(known, mtime_ns=mtime)])

    def _touch(self, *paths: str) -> None:
        self._touched.update(path.rpartition("/")[0] for path in paths)

    def _sync(self) -> None:
        if not self._ground.policy.durable or not self._touched:
            return
        try:
            self._ground.record.sync()
            sync_folders(self._ground, self._touched)
        except OSError as error:
            for number, _ in [*self._left(Kind.DIRECTORY), *self._left(Kind.LINK)]:
                self._failed[number] = reason_of(error)


def _mode_is(found: os.stat_result, mode: int) -> bool:
    return stat.S_IMODE(found.st_mode) == safe_mode(mode)
