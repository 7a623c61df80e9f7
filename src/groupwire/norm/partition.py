"""How an object is cut into blocks and symbols (RFC 5052 §9.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Self

__all__ = ["Partition", "pieces"]


@dataclass(frozen=True, slots=True)
class Partition:
    """Blocks of nearly equal length, the longer ones first.

    An object of no bytes has one block of one empty symbol, so that there is something
    to send and to ask for.
    """

    size_bytes: int
    segment_bytes: int
    symbols: int
    """Source symbols of the whole object."""
    blocks: int
    large: int
    """Symbols in each of the first ``large_blocks``."""
    large_blocks: int

    @classmethod
    def of(cls, size_bytes: int, segment_bytes: int, block: int) -> Self:
        """Cut an object into segments, and these into blocks of at most ``block``."""
        symbols = max(1, -(-size_bytes // segment_bytes))
        blocks = -(-symbols // block)
        large = -(-symbols // blocks)
        large_blocks = symbols - (symbols // blocks) * blocks or blocks
        return cls(size_bytes, segment_bytes, symbols, blocks, large, large_blocks)

    def length(self, block: int) -> int:
        """Return how many source symbols a block has."""
        return self.large if block < self.large_blocks else self.large - 1

    @property
    def last(self) -> tuple[int, int]:
        """The last block and the last symbol in it."""
        block = self.blocks - 1
        return block, self.length(block) - 1

    def first(self, block: int) -> int:
        """Return the number, in the object, of a block's first symbol."""
        if block <= self.large_blocks:
            return block * self.large
        return block * (self.large - 1) + self.large_blocks

    def place(self, number: int) -> tuple[int, int]:
        """Return the block and the symbol in it that are the object's n-th symbol."""
        behind = number - self.large_blocks * self.large
        if behind < 0:
            return divmod(number, self.large)
        if self.large == 1:
            return self.blocks, 0
        block, symbol = divmod(behind, self.large - 1)
        return self.large_blocks + block, symbol

    def offset(self, block: int, symbol: int = 0) -> int:
        """Return where in the object a symbol begins, in bytes."""
        return (self.first(block) + symbol) * self.segment_bytes

    def symbol_bytes(self, block: int, symbol: int) -> int:
        """Return how long a source symbol is: all are whole but the object's last."""
        offset = self.offset(block, symbol)
        return min(self.segment_bytes, self.size_bytes - offset)

    def block_bytes(self, block: int) -> int:
        """Return how many bytes of the object a block holds."""
        offset = self.offset(block)
        return min(self.length(block) * self.segment_bytes, self.size_bytes - offset)


def pieces(data: memoryview, segment_bytes: int) -> Sequence[memoryview]:
    """Cut bytes into segments, the last one perhaps shorter; at least one."""
    return _cutter(len(data), segment_bytes)(data)


@lru_cache(maxsize=128)
def _cutter(
    size_bytes: int, segment_bytes: int
) -> Callable[[memoryview], tuple[memoryview, ...]]:
    # To make the slices takes as long as to cut with them, and all rows are alike.
    if size_bytes <= segment_bytes:
        return lambda data: (data,)
    starts = range(0, size_bytes, segment_bytes)
    return itemgetter(*(slice(at, at + segment_bytes) for at in starts))
