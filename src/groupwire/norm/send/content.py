"""Where the symbols of an object come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Protocol, TypeAlias, cast

from groupwire.norm.partition import Partition, pieces

__all__ = [
    "BytesSource",
    "FileSource",
    "GrowingContent",
    "GrowingSource",
    "ObjectContent",
    "Source",
    "Symbol",
    "content_of",
]

Symbol: TypeAlias = bytes | memoryview


class Source(Protocol):
    """Bytes of a known size that can be read again, anywhere."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""
        ...

    def read(self, offset: int, size_bytes: int) -> memoryview:
        """Return exactly so many bytes from ``offset`` on."""
        ...


class GrowingSource(Source, Protocol):
    """A source that is read ahead: not all of it can be had at once.

    What is not ready is not sent; the sender is told of more by ``wake``.
    """

    @property
    def ready_bytes(self) -> int:
        """How many bytes can be read without waiting, from the first on."""
        ...


class BytesSource:
    """Bytes in memory, never copied."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._view = memoryview(data).cast("B")

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""
        return len(self._view)

    def read(self, offset: int, size_bytes: int) -> memoryview:
        """Return a view of them."""
        return self._view[offset : offset + size_bytes]


class FileSource:
    """A file, or whatever else can seek and read.

    What has been cut off since it was opened is read as zeros: receivers learn of it
    by the digest that travels above NORM, and the sender from :attr:`short`.
    """

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self._size = size_bytes
        self.short = False
        """Whether the file had fewer bytes than it was said to have."""

    @property
    def size_bytes(self) -> int:
        """How many bytes there were when it was opened."""
        return self._size

    def read(self, offset: int, size_bytes: int) -> memoryview:
        """Return a copy of them."""
        self._file.seek(offset)
        data = self._file.read(size_bytes)
        while len(data) < size_bytes:
            more = self._file.read(size_bytes - len(data))
            if not more:
                self.short = True
                more = bytes(size_bytes - len(data))
            data += more
        return memoryview(data)


class ObjectContent:
    """The symbols of an object of known size."""

    def __init__(self, source: Source, partition: Partition) -> None:
        self._source = source
        self._partition = partition
        self.symbol_bytes = partition.segment_bytes

    @property
    def blocks(self) -> int:
        """How many blocks there are to send."""
        return self._partition.blocks

    @property
    def first_block(self) -> int:
        """The first block that is kept."""
        return 0

    @property
    def ready_blocks(self) -> int:
        """How many blocks there is something of to be sent now."""
        return self._partition.blocks

    @property
    def ended(self) -> bool:
        """Whether all of it is there."""
        return True

    @property
    def last(self) -> tuple[int, int]:
        """The last block and the last symbol in it."""
        return self._partition.last

    def length(self, block: int) -> int:
        """Return how many source symbols a block has."""
        return self._partition.length(block)

    def ready(self, block: int) -> int:
        """Return how many of them are there to be sent."""
        return self._partition.length(block)

    def symbols(self, block: int, first: int, stop: int) -> Sequence[Symbol]:
        """Return symbols of a block, the object's last one perhaps shorter."""
        step, offset = self.symbol_bytes, self._partition.offset(block, first)
        size = min((stop - first) * step, self._partition.size_bytes - offset)
        return pieces(self._source.read(offset, size), step)


class GrowingContent(ObjectContent):
    """The symbols of an object whose source is still being read."""

    def __init__(self, source: GrowingSource, partition: Partition) -> None:
        super().__init__(source, partition)
        self._growing = source

    @property
    def _ready(self) -> int:
        """How many symbols of the object are there, from the first on."""
        partition, ready = self._partition, self._growing.ready_bytes
        if ready >= partition.size_bytes:
            return partition.symbols
        return ready // partition.segment_bytes

    @property
    def ready_blocks(self) -> int:
        """How many blocks there is something of to be sent now."""
        block, symbol = self._partition.place(self._ready)
        return block + (symbol > 0)

    @property
    def ended(self) -> bool:
        """Whether all of it is there."""
        return self._ready == self._partition.symbols

    def ready(self, block: int) -> int:
        """Return how many symbols of a block are there to be sent."""
        there = self._ready - self._partition.first(block)
        return min(max(0, there), self._partition.length(block))


def content_of(source: Source, partition: Partition) -> ObjectContent:
    """Return the symbols of a source, all of them or as they can be read."""
    if hasattr(source, "ready_bytes"):
        return GrowingContent(cast("GrowingSource", source), partition)
    return ObjectContent(source, partition)
