"""Received names are data: which of them may become files here, and which clash.

What is refused is what is dangerous where this runs. Backslashes, colons and the names
of devices on other systems are letters like all others here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groupwire.deliver.entries import Entry, Kind
from groupwire.deliver.limits import MAX_ENTRIES, MAX_PATH_BYTES
from groupwire.gather.fields import UNPRINTABLE_IN_NAMES

__all__ = [
    "MAX_DEPTH",
    "MAX_PUSHED_PATH_BYTES",
    "STATE_DIRECTORY",
    "clashes",
    "unsafe",
    "unsafe_target",
]

STATE_DIRECTORY = ".groupwire"
"""Where a member keeps what is incomplete; nobody may send into it."""
MAX_PART_BYTES = 255
MAX_DEPTH = 100
MAX_PUSHED_PATH_BYTES = 1300
"""docs/delivery.md §4.1: it travels as the INFO of an object, which is a segment."""
_IGNORABLE = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode: disks that fold case leave these out."""
_MAX_PLACES = 2 * MAX_ENTRIES
"""Directories that are not entries themselves count too: nobody makes us hold more."""


def unsafe(path: str) -> str | None:
    """Return why a path must not become a file here, or None."""
    if not path:
        return "empty name"
    if not path.isprintable() and UNPRINTABLE_IN_NAMES.search(path):
        return "control characters, or no UTF-8"
    if path[0] == "/":
        return "absolute path"
    if len(path) > MAX_PATH_BYTES or len(path.encode()) > MAX_PATH_BYTES:
        return f"longer than {MAX_PATH_BYTES} bytes"
    return _unsafe_parts(path.split("/"))


def unsafe_target(path: str, target: str) -> str | None:
    """Return why a link at ``path``, which is safe, must not point there, or None.

    ``..`` is taken at the beginning only: behind a name, which may be a link itself,
    nobody knows where it leads.
    """
    if not target:
        return "empty target"
    if UNPRINTABLE_IN_NAMES.search(target):
        return "control characters in its target"
    if target[0] == "/":
        return "absolute target"
    parts = target.rstrip("/").split("/")
    up = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    if up > path.count("/") or ".." in parts[up:]:
        return "target outside the tree"
    if any(map(_is_own, parts)):
        return f"target in {STATE_DIRECTORY}, which is groupwire's own"
    return None


def clashes(entries: Sequence[Entry]) -> Mapping[int, str]:
    """Return which entries cannot be beside an earlier one, and why.

    Names that differ by case or Unicode form only are one name on some disks. What is
    unsafe takes no part.
    """
    tree = _Tree()
    found: dict[int, str] = {}
    for number, entry in enumerate(entries):
        if unsafe(entry.path) is None:
            reason = tree.add(entry)
            if reason is not None:
                found[number] = reason
    return found


def _unsafe_parts(parts: list[str]) -> str | None:
    if len(parts) > MAX_DEPTH:
        return f"more than {MAX_DEPTH} directories deep"
    for part in parts:
        if part in {"", ".", ".."}:
            return f"{part!r} in the path"
        # At any depth: a pull into a directory further down would believe it.
        if _is_own(part):
            return f"{STATE_DIRECTORY} is groupwire's own"
        if len(part) > MAX_PART_BYTES or len(part.encode()) > MAX_PART_BYTES:
            return f"a name longer than {MAX_PART_BYTES} bytes"
    return None


def _is_own(part: str) -> bool:
    """Return whether a disk may take this for where a member keeps its state."""
    if not part.isascii():
        part = _IGNORABLE.sub("", part)
    return _folded(part) == STATE_DIRECTORY


def _folded(name: str) -> str:
    if name.isascii():
        return name.lower()
    # The Unicode Standard, 3.13, D145: canonical caseless matching.
    form = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFD", form)


@dataclass(slots=True)
class _Place:
    """A name in a directory."""

    number: int
    name: str
    kind: Kind
    listed: bool
    """Whether it is an entry, not only the parent of one."""


class _Tree:
    """The names so far, by directory."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, str], _Place] = {}
        self._directories: dict[str, int | str] = {"": 0}
        """Of the parents of entries: which place, or why it cannot be."""

    def add(self, entry: Entry) -> str | None:
        """Take an entry in; or return why it cannot be."""
        parent, _, name = entry.path.rpartition("/")
        directory = self._directories.get(parent)
        if directory is None:
            directory = self._directories[parent] = self._directory(parent)
        if isinstance(directory, str):
            return directory
        place = self._place(directory, name, entry.kind, listed=True)
        return place if isinstance(place, str) else None

    def _directory(self, path: str) -> int | str:
        directory = 0
        for name in path.split("/"):
            place = self._place(directory, name, Kind.DIRECTORY, listed=False)
            if isinstance(place, str):
                return place
            directory = place.number
        return directory

    def _place(
        self, directory: int, name: str, kind: Kind, *, listed: bool
    ) -> _Place | str:
        key = directory, _folded(name)
        place = self._places.get(key)
        if place is None:
            return self._new(key, _Place(len(self._places) + 1, name, kind, listed))
        if place.name != name:
            return f"differs from {place.name!r} by case or Unicode form only"
        if Kind.DIRECTORY not in {place.kind, kind} or (place.listed and listed):
            return "is there twice"
        if place.kind is not kind:
            return f"{name!r} is a directory and something else"
        place.listed |= listed
        return place

    def _new(self, key: tuple[int, str], place: _Place) -> _Place | str:
        if len(self._places) >= _MAX_PLACES:
            return "too many directories"
        self._places[key] = place
        return place
