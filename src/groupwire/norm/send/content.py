"""Where the symbols of an object come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Protocol, TypeAlias

from groupwire.norm.partition import Partition, pieces

__all__ = ["BytesSource", "FileSource", "ObjectContent", "Source", "Symbol"]

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
    def ended(self) -> bool:
        """Whether no more blocks will come."""
        return True

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
