"""A stream as blocks of symbols: what has been written, and what is kept for repair."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from groupwire.norm.partition import pieces
from groupwire.norm.send.content import Symbol
from groupwire.norm.stream_header import (
    STREAM_HEADER_BYTES,
    StreamHeader,
    stream_heads,
)

__all__ = ["StreamContent"]

_FEWEST = 3


class StreamContent:
    """Bytes without end, cut into segments as they are written.

    Each symbol begins with the header of RFC 5740 §4.2.1 that tells how much of it
    counts; blocks have their full length always. At most ``kept_blocks`` are kept, and
    no fewer than three: one that is sent, one to write to, one for the end. Of those
    that nobody needs any more only ``kept_bytes`` are.
    """

    def __init__(
        self,
        segment_bytes: int,
        block: int,
        kept_blocks: int,
        kept_bytes: int | None = None,
    ) -> None:
        self.symbol_bytes = segment_bytes + STREAM_HEADER_BYTES
        self._segment = segment_bytes
        self._block = block
        self._kept = max(_FEWEST, kept_blocks)
        self._kept_bytes = kept_bytes
        self._sizes: deque[int] = deque()
        """Of the blocks, in bytes, where these are counted."""
        self._size = 0
        self._blocks: deque[list[Symbol]] = deque()
        self.first_block = 0
        self.ended = False
        self._open = bytearray()
        self._message_at = 0
        self._offset = 0
        """Of the first byte of the open segment, in the stream."""
        self._begins = True
        self.block_after = 0
        """One more than the last block that has symbols."""

    @property
    def buffer_bytes(self) -> int:
        """How many bytes are kept at most."""
        return self._kept * self._block * self._segment

    @property
    def blocks(self) -> int:
        """How many blocks have something to send, from the very first on."""
        return self.block_after

    @property
    def ready_blocks(self) -> int:
        """The same: a block is begun when the one before it is full."""
        return self.block_after

    @property
    def last(self) -> tuple[int, int]:
        """The last block and symbol that have been written."""
        block = max(0, self.block_after - 1)
        return block, max(0, self.ready(block) - 1)

    def length(self, block: int) -> int:  # noqa: ARG002 - all are alike
        """Return how many source symbols a block has."""
        return self._block

    def ready(self, block: int) -> int:
        """Return how many of them are there to be sent."""
        at = block - self.first_block
        return len(self._blocks[at]) if 0 <= at < len(self._blocks) else 0

    def symbols(self, block: int, first: int, stop: int) -> Sequence[Symbol]:
        """Return symbols of a block that is kept."""
        return self._blocks[block - self.first_block][first:stop]

    def room_bytes(self, unsent_block: int) -> int:
        """Return how much may be written before what has not been sent is dropped."""
        last = self.block_after - 1
        used = (last - unsent_block) * self._block + self.ready(last)
        free = (self._kept - 1) * self._block - max(0, used)
        room = free * self._segment
        if self._kept_bytes is not None:
            needed = islice(self._sizes, max(0, unsent_block - self.first_block), None)
            room = min(room, self._kept_bytes - sum(needed))
        return max(0, room - len(self._open))

    def forget_before(self, block: int) -> None:
        """Keep no more of what lies before a block than the limit allows."""
        if self._kept_bytes is None:
            return
        while (
            self._size > self._kept_bytes
            and self.first_block < block
            and len(self._blocks) > _FEWEST
        ):
            self._drop_first()

    def write(
        self, data: bytes | memoryview, *, message_ends: bool, flush: bool = False
    ) -> None:
        """Append bytes; the next ones begin a message if this one ends there."""
        view = memoryview(data)
        if view and self._begins:
            self._begins = False
            if not self._message_at:
                self._message_at = len(self._open) + 1
        if self._open:
            lacking = self._segment - len(self._open)
            self._open += view[:lacking]
            view = view[lacking:]
            if len(self._open) == self._segment:
                self.flush()
        if whole := len(view) // self._segment * self._segment:
            self._append(view[:whole])
            view = view[whole:]
        if flush and view and not self._open:
            self._append(view)
        else:
            self._open += view
            if flush:
                self.flush()
        self._begins = self._begins or message_ends

    @property
    def roomy(self) -> bool:
        """Whether so little is kept that nothing need be given up for one more."""
        most = self._kept_bytes
        if most is not None and self._size > most:
            return False
        return len(self._blocks) < self._kept - 1

    def fits(self, size_bytes: int) -> bool:
        """Return whether a message would be a segment of its own if it were flushed."""
        return self._begins and not self._open and 0 < size_bytes <= self._segment

    def head_of(self, size_bytes: int) -> bytes:
        """Return the header of a message that fits."""
        return StreamHeader(size_bytes, 1, self._offset).encode()

    def append(self, symbol: Symbol) -> None:
        """Append a message that fits as the symbol that it has become."""
        self._keep([symbol])
        size = len(symbol) - STREAM_HEADER_BYTES
        self._offset = (self._offset + size) & 0xFFFF_FFFF

    def flush(self) -> None:
        """Send what is written now, though the segment is not full."""
        if self._open:
            self._append(memoryview(bytes(self._open)))
            self._open.clear()

    def end(self) -> None:
        """Write the mark that nothing follows."""
        self.flush()
        self._keep([StreamHeader(0, 0, self._offset).encode()])
        self.ended = True

    def _append(self, data: memoryview) -> None:
        """Keep bytes as segments, the last one perhaps shorter; the open one is empty.

        A beginning that was noted is that of the first one.
        """
        segments = pieces(data, self._segment)
        sizes = list(map(len, segments))
        heads = stream_heads(sizes, self._message_at, self._offset)
        self._keep([a + b for a, b in zip(heads, segments, strict=True)])
        self._offset = (self._offset + len(data)) & 0xFFFF_FFFF
        self._message_at = 0

    def _keep(self, symbols: Sequence[Symbol]) -> None:
        """Put symbols into the last block and new ones behind it."""
        while symbols:
            if not self._blocks or len(self._blocks[-1]) == self._block:
                self._blocks.append([])
                self._sizes.append(0)
                self.block_after += 1
                if len(self._blocks) > self._kept:
                    self._drop_first()
            last = self._blocks[-1]
            room = self._block - len(last)
            new, symbols = symbols[:room], symbols[room:]
            last += new
            if self._kept_bytes is not None:
                size = sum(map(len, new))
                self._sizes[-1] += size
                self._size += size

    def _drop_first(self) -> None:
        self._blocks.popleft()
        self._size -= self._sizes.popleft()
        self.first_block += 1
