"""The way of an object to the disk, which can be closed."""

from __future__ import annotations

from collections.abc import Sequence
from errno import ECANCELED

from groupwire.deliver.storage import PartSink

__all__ = ["Gate"]


class Gate:
    """Lets NORM write to a sink until what comes is wanted no more.

    Behind a closed one another object may go to the same file. What comes then is
    refused as a disk refuses it, so that NORM asks for the rest of it no more.
    """

    __slots__ = ("_sink", "closed")

    def __init__(self, sink: PartSink) -> None:
        self._sink = sink
        self.closed = False

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        """Store these parts one behind the other."""
        if self.closed:
            raise OSError(ECANCELED, "wanted no more")
        self._sink.write(offset, parts)

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what was stored."""
        return self._sink.read(offset, size_bytes)

    @property
    def held(self) -> Sequence[tuple[int, int]]:
        """What was there already."""
        return self._sink.held

    @property
    def have_bytes(self) -> int:
        """How much of it is there."""
        return 0 if self.closed else self._sink.have_bytes
