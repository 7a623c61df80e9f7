"""Finds what a push delivers: paths of the command line become entries.

It reads names and facts, no content; it blocks as long as the disk does.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.limits import MAX_ENTRIES
from groupwire.deliver.names import (
    MAX_PUSHED_PATH_BYTES,
    STATE_DIRECTORY,
    clashes,
    unsafe,
    unsafe_target,
)
from groupwire.errors import UsageError

__all__ = ["STDIN", "Left", "Tree", "walk"]

STDIN = "-"
_PERMISSIONS = 0o777
"""What runs as somebody else (setuid) is not delivered."""
_SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class Left:
    """What is not delivered, and why."""

    path: str
    """Where it is on this disk, fit to be shown."""
    reason: str


@dataclass(frozen=True, slots=True)
class Tree:
    """What a push delivers."""

    title: str
    entries: tuple[Entry, ...]
    """Without digests, in the order of their paths: a directory before its content."""
    local: tuple[str | None, ...]
    """Where each entry is on this disk; None: standard input."""
    problems: tuple[Left, ...] = ()
    """What cannot be read or delivered."""
    skipped: tuple[Left, ...] = ()
    """What is not meant to be: links, devices."""

    def manifest(self, delivery: int) -> Manifest:
        """Return the manifest, without digests."""
        return Manifest(delivery, self.title, self.entries)


def walk(
    paths: Iterable[str | os.PathLike[str]],
    *,
    exclude: Iterable[str] = (),
    links: bool = False,
    stdin_name: str = "stdin",
) -> Tree:
    """Find what these paths stand for, as rsync does: ``dir/`` is what is in it.

    So are ``.`` and ``..``. ``-`` is standard input, delivered as ``stdin_name``.
    A link is skipped or, with ``links``, delivered as one where it stays in the tree;
    one that is named itself is followed. ``exclude`` has shell patterns, of a name or,
    with a slash in them, of the path in the delivery, where ``*`` takes slashes too;
    with a slash at its end one is for directories only.

    Raises UsageError where a path is not there, two are to have one name, or nothing
    is left.
    """
    given = [os.fspath(path) for path in paths]
    found = _Walk(_Patterns(exclude), links=links)
    for path in given:
        if path == STDIN:
            found.add_stdin(stdin_name)
        else:
            found.add(path)
    return found.tree(_title([_name(path, stdin_name) for path in given]))


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry, and where it is."""

    entry: Entry
    local: str | None
    identity: tuple[int, int]
    """Device and inode."""


class _Walk:
    """What was found so far."""

    def __init__(self, patterns: _Patterns, *, links: bool) -> None:
        self._patterns = patterns
        self._links = links
        self._found: dict[str, _Found] = {}
        self._problems: list[Left] = []
        self._skipped: list[Left] = []

    def add(self, given: str) -> None:
        """Take in what was named, be it a link or not."""
        name = _own_name(given)
        try:
            facts = os.stat(given)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise _absent(given) from None
        except OSError as error:
            return self._fail(given, error)
        if not stat.S_ISDIR(facts.st_mode):
            return self._take_other(given, name, facts)
        if not name:
            return self._descend(given, "")
        if self._take(given, name, Kind.DIRECTORY, facts):
            self._descend(given, f"{name}/")
        return None

    def add_stdin(self, name: str) -> None:
        """Take in the one file of unknown length."""
        reason = _undeliverable(name)
        if reason is not None:
            raise UsageError(
                f"{name!r} is no name for a file: {reason}", fix="choose another one"
            )
        self._put(_Found(Entry(name, size_bytes=None), None, (0, 0)))

    def tree(self, title: str) -> Tree:
        """Return it in order."""
        found = [self._found[path] for path in sorted(self._found)]
        for number, reason in clashes([f.entry for f in found]).items():
            self._problem(found[number].local or STDIN, reason)
            del self._found[found[number].entry.path]
        found = [f for f in found if f.entry.path in self._found]
        problems, skipped = tuple(self._problems), tuple(self._skipped)
        self._check(len(found))
        entries = tuple(f.entry for f in found)
        return Tree(title, entries, tuple(f.local for f in found), problems, skipped)

    def _check(self, entries: int) -> None:
        if entries > MAX_ENTRIES:
            raise UsageError(
                f"{entries} entries are too many for a delivery",
                fix=f"use several pushes of at most {MAX_ENTRIES} each",
            )
        if not entries:
            left = [*self._problems, *self._skipped]
            why = f": {left[0].path!r}: {left[0].reason}" if left else ""
            raise UsageError(f"nothing to push{why}", fix="name what can be read")

    def _descend(self, local: str, prefix: str) -> None:
        """Take in what is in a directory and below it."""
        todo = [(local, prefix)]
        while todo:
            local, prefix = todo.pop()
            try:
                with os.scandir(local) as listing:
                    todo += [
                        (item.path, f"{prefix}{item.name}/")
                        for item in listing
                        if self._meet(item, prefix + item.name)
                    ]
            except OSError as error:
                self._fail(local, error)

    def _meet(self, item: os.DirEntry[str], path: str) -> bool:
        """Take in what is in a directory; return whether it is one to look into."""
        try:
            facts = item.stat(follow_symlinks=False)
        except OSError as error:
            self._fail(item.path, error)
            return False
        if stat.S_ISDIR(facts.st_mode):
            return self._take(item.path, path, Kind.DIRECTORY, facts)
        if stat.S_ISLNK(facts.st_mode):
            self._take_link(item.path, path, facts)
        else:
            self._take_other(item.path, path, facts)
        return False

    def _take_link(self, local: str, path: str, facts: os.stat_result) -> None:
        if self._patterns.match(path, directory=False):
            return None
        if not self._links:
            return self._skip(local, "a symbolic link")
        try:
            target = os.readlink(local)
        except OSError as error:
            return self._fail(local, error)
        reason = unsafe_target(path, target)
        if reason is not None:
            return self._skip(local, f"a symbolic link with {reason}")
        self._take(local, path, Kind.LINK, facts, target)
        return None

    def _take_other(self, local: str, path: str, facts: os.stat_result) -> None:
        special = _SPECIAL.get(stat.S_IFMT(facts.st_mode))
        if special is None:
            self._take(local, path, Kind.FILE, facts)
        elif not self._patterns.match(path, directory=False):
            self._skip(local, special)

    def _take(
        self,
        local: str,
        path: str,
        kind: Kind,
        facts: os.stat_result,
        target: str = "",
    ) -> bool:
        if self._patterns.match(path, directory=kind is Kind.DIRECTORY):
            return False
        if kind is Kind.DIRECTORY and os.path.basename(path) == STATE_DIRECTORY:
            self._skip(local, "groupwire's own")
            return False
        reason = _undeliverable(path)
        if reason is None and kind is Kind.FILE and not os.access(local, os.R_OK):
            reason = "permission denied"
        if reason is not None:
            self._problem(local, reason)
            return False
        size = facts.st_size if kind is Kind.FILE else 0
        mode = facts.st_mode & _PERMISSIONS
        entry = Entry(path, kind, size, mode, facts.st_mtime_ns, None, target)
        self._put(_Found(entry, local, (facts.st_dev, facts.st_ino)))
        return True

    def _put(self, found: _Found) -> None:
        held = self._found.setdefault(found.entry.path, found)
        both = {held.entry.kind, found.entry.kind}
        if held.identity != found.identity and both != {Kind.DIRECTORY}:
            one, other = held.local or STDIN, found.local or STDIN
            raise UsageError(
                f"{_shown(one)} and {_shown(other)} are both to be {held.entry.path!r}",
                fix="push them one after the other, or the directories they are in",
            )

    def _fail(self, local: str, error: OSError) -> None:
        self._problem(local, (error.strerror or "cannot be read").lower())

    def _problem(self, local: str, reason: str) -> None:
        self._problems.append(Left(_shown(local), reason))

    def _skip(self, local: str, reason: str) -> None:
        self._skipped.append(Left(_shown(local), reason))


class _Patterns:
    """What is excluded."""

    def __init__(self, patterns: Iterable[str]) -> None:
        everything = [pattern for pattern in patterns if pattern.strip("/")]
        self._any = _either([p for p in everything if p[-1] != "/"])
        self._directories = _either([p.rstrip("/") for p in everything])

    def match(self, path: str, *, directory: bool) -> bool:
        """Tell whether one of them is for this path."""
        pattern = self._directories if directory else self._any
        return pattern is not None and pattern.match(path) is not None


def _either(patterns: Sequence[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(map(_expression, patterns)))


def _expression(pattern: str) -> str:
    if "/" in pattern:
        return translate(pattern.lstrip("/"))
    return f"(?s:(?:.*/)?){translate(pattern)}"


def _undeliverable(path: str) -> str | None:
    reason = unsafe(path)
    if reason is None and len(path.encode()) > MAX_PUSHED_PATH_BYTES:
        return f"a path longer than {MAX_PUSHED_PATH_BYTES} bytes"
    return reason


def _own_name(given: str) -> str:
    """Return what it is called in the delivery; nothing where its content is meant."""
    name = os.path.basename(given)
    return "" if name in {".", ".."} else name


def _name(given: str, stdin_name: str) -> str:
    """Return what people call it."""
    if given == STDIN:
        return stdin_name
    return os.path.basename(os.path.abspath(given)) or given


def _title(names: Sequence[str]) -> str:
    if len(names) < 2:
        return _shown("".join(names))
    return f"{_shown(names[0])} and {len(names) - 1} more"


def _shown(path: str) -> str:
    """Return a path that can be printed, whatever bytes it has."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _absent(given: str) -> UsageError:
    problem = f"there is no {_shown(given)!r}"
    if os.path.lexists(given):
        problem = f"{_shown(given)!r} is a link that leads nowhere"
    return UsageError(
        problem, fix=f"name what is there, seen from {_shown(os.getcwd())!r}"
    )
