"""A piece of a file of unknown length, which comes as a row of objects."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.deliver.reasons import too_large
from groupwire.deliver.store.parts.part import PartFile
from groupwire.deliver.wire.seals import PART_BYTES

__all__ = ["Piece"]


class Piece:
    """Part ``number`` of a file; a ``storage.PartSink``."""

    def __init__(self, file: PartFile, number: int, size_bytes: int) -> None:
        if not 0 <= size_bytes <= PART_BYTES:
            raise too_large()
        self._file = file
        self._base = number * PART_BYTES
        self._size = size_bytes
        self.have_bytes = sum(size for _, size in self.held)

    @property
    def held(self) -> Sequence[tuple[int, int]]:
        """What is there already: (offset, size) in bytes, in order."""
        cut: list[tuple[int, int]] = []
        for offset, size in self._file.held:
            start = max(offset - self._base, 0)
            stop = min(offset + size - self._base, self._size)
            if start < stop:
                cut.append((start, stop - start))
        return cut

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other. OSError: disk-full, too-large."""
        size = sum(map(len, parts))
        if offset + size > self._size:
            raise too_large()
        before = self._file.have_bytes
        self._file.write(self._base + offset, parts)
        self.have_bytes += self._file.have_bytes - before

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored, zeros where nothing was."""
        return self._file.read(self._base + offset, size_bytes)
