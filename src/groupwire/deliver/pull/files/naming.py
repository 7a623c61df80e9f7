"""Which entry an object is of: INFO tells (docs/delivery.md §4.1)."""

from __future__ import annotations

from collections import OrderedDict

from groupwire.deliver.entries import Kind, Manifest
from groupwire.deliver.wire.seals import Seal, parse_part

__all__ = ["Naming", "Target", "is_before"]

Target = tuple[int, int | None]
"""The entry, and which part of it where its length is not known."""

_MORE_OBJECTS = 1 << 16
"""Objects remembered beside two for each entry; the oldest is forgotten first."""
_OBJECTS = 1 << 16
"""Numbers of objects that the wire can tell apart."""


class Naming:
    """From INFO to entry, from object to entry, and the latest seal of each entry."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._paths = {
            entry.path.encode(): number
            for number, entry in reversed(list(enumerate(manifest.entries)))
            if entry.kind is Kind.FILE and entry.size_bytes is not None
        }
        self._most = 2 * len(manifest.entries) + _MORE_OBJECTS
        self._targets: OrderedDict[int, Target] = OrderedDict()
        self._seals: dict[int, tuple[int, Seal]] = {}

    def target(self, info: bytes | None) -> Target | None:
        """Return what INFO means; None where it is of nothing in the manifest."""
        if info is None:
            return None
        if (part := parse_part(info)) is not None and self.is_open(part[0]):
            return part
        entry = self._paths.get(info)
        return None if entry is None else (entry, None)

    def is_open(self, entry: int) -> bool:
        """Return whether an entry is a file of unknown length."""
        if not self.is_file(entry):
            return False
        return self._manifest.entries[entry].size_bytes is None

    def is_file(self, entry: int) -> bool:
        """Return whether an entry is a file at all."""
        entries = self._manifest.entries
        return entry < len(entries) and entries[entry].kind is Kind.FILE

    def note(self, number: int, target: Target) -> None:
        """Remember what an object is of."""
        self._targets[number] = target
        if len(self._targets) > self._most:
            self._targets.popitem(last=False)

    def of(self, number: int) -> Target | None:
        """Return what an object is of."""
        return self._targets.get(number)

    def seal(self, seal: Seal, order: int) -> bool:
        """Take a seal; False if a later one of its entry has come before.

        ``order`` is the number of the object that brought it.
        """
        before, _ = self._seals.get(seal.entry, (order, None))
        if order < before:
            return False
        self._seals[seal.entry] = order, seal
        return True

    def sealed(self, entry: int) -> Seal | None:
        """Return the latest seal of an entry."""
        return self._seals.get(entry, (0, None))[1]

    def digest(self, entry: int, number: int) -> bytes | None:
        """Return what an object has to agree with, None if that is not known yet.

        What was begun before the object that is sealed may well be the same: it was
        sent once more for somebody else.
        """
        seal = self.sealed(entry)
        if seal is None:
            return self._manifest.entries[entry].sha256
        sealed, own = seal.object, number % _OBJECTS
        if sealed is None or sealed == own or is_before(number, sealed):
            return seal.sha256
        return None


def is_before(number: int, object_id: int) -> bool:
    """Return whether an object came before the one that has this id on the wire."""
    ahead = (object_id - number) % _OBJECTS
    return 0 < ahead < _OBJECTS // 2
