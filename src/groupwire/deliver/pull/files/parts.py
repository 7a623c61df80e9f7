"""A file of unknown length, which comes in parts (docs/delivery.md §4.1)."""

from __future__ import annotations

from groupwire.deliver.pull.files.gate import Gate
from groupwire.deliver.wire.seals import PART_BYTES

__all__ = ["Parts"]


class Parts:
    """Which parts have come, as what objects."""

    def __init__(self) -> None:
        self.finishing = False
        """Whether the disk verifies them all."""
        self._sizes: dict[int, int] = {}
        self._coming: dict[int, tuple[int, Gate]] = {}

    def wants(self, part: int, number: int, size_bytes: int) -> bool:
        """Return whether an object may be a part that is lacking."""
        if self.finishing or part in self._sizes or size_bytes > PART_BYTES:
            return False
        coming, _ = self._coming.get(part, (number, None))
        return coming <= number

    def open(self, part: int, number: int, gate: Gate) -> Gate:
        """Let a part come; what came of an earlier object of it counts no more."""
        if part in self._coming:
            self._coming[part][1].closed = True
        self._coming[part] = number, gate
        return gate

    def received(self, part: int, number: int, size_bytes: int) -> bool:
        """Note that a part is complete; False where it is not the one that comes."""
        coming, gate = self._coming.get(part, (None, None))
        if coming != number or gate is None:
            return False
        del self._coming[part]
        gate.closed = True
        self._sizes[part] = size_bytes
        return True

    def complete(self, size_bytes: int) -> bool:
        """Return whether these are all parts of a file that has so many bytes."""
        count = -(-size_bytes // PART_BYTES)
        if len(self._sizes) < count or self._coming:
            return False
        sizes = [self._sizes.get(part, 0) for part in range(count)]
        # All but the last are full, or what lies behind would be at a wrong place.
        return sum(sizes) == size_bytes and sizes[:-1] == [PART_BYTES] * (count - 1)

    def close(self) -> None:
        """Take nothing more."""
        for _, gate in self._coming.values():
            gate.closed = True

    @property
    def have_bytes(self) -> int:
        """How much has come."""
        coming = sum(gate.have_bytes for _, gate in self._coming.values())
        return sum(self._sizes.values()) + coming
