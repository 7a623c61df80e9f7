"""Segments of a stream that came together: read at once, and kept as they are."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import gt
from typing import NamedTuple, Self

from groupwire.norm.stream_header import STREAM_HEADER_BYTES, StreamHeader

__all__ = ["LARGE_BYTES", "StreamStore", "Stretch"]

_FEWEST = 4
"""Fewer symbols than that take less memory, and little more time, one by one."""


LARGE_BYTES = 8192
"""To copy more than that takes longer than to look at it through a view."""


class Stretch(NamedTuple):
    """Consecutive symbols of a block that hold their bytes and nothing behind them."""

    length: int
    """In symbols."""
    heads: bytes | memoryview
    """Of all of them."""
    data: bytes | memoryview
    """Of all of them, without the headers."""
    message_at: int | None
    """Where in it the first message begins that begins there."""

    @classmethod
    def of(cls, symbols: Sequence[bytes | memoryview]) -> Self | None:
        """Return them, None where one is not so, lies, or is the stream's end."""
        start, count = STREAM_HEADER_BYTES, len(symbols)
        texts = [symbol[start:] for symbol in symbols]
        sizes = tuple(map(len, texts))
        if not min(sizes):
            return None
        heads = b"".join([symbol[:start] for symbol in symbols])
        columns = _heads(count).unpack(heads)
        starts = columns[1::3]
        if columns[0::3] != sizes or any(map(gt, starts, sizes)):
            return None
        return cls(count, heads, b"".join(texts), _first_message(sizes, starts))

    @classmethod
    def alone(cls, header: StreamHeader, symbol: bytes | memoryview) -> Self:
        """Return a single symbol, without what may stand behind its bytes."""
        start = STREAM_HEADER_BYTES
        message_at = header.message_start - 1 if header.message_start else None
        data = symbol[start : start + header.length_bytes]
        return cls(1, symbol[:start], data, message_at)

    def symbols(self) -> Iterator[bytes]:
        """Iterate over the symbols as they came."""
        sizes = _heads(self.length).unpack(self.heads)[0::3]
        step = STREAM_HEADER_BYTES
        for number, end in enumerate(accumulate(sizes)):
            head = self.heads[number * step : (number + 1) * step]
            yield b"".join((head, self.data[end - sizes[number] : end]))


@lru_cache(maxsize=256)
def _heads(count: int) -> struct.Struct:
    return struct.Struct("!" + "HHI" * count)


def _first_message(sizes: Sequence[int], starts: Sequence[int]) -> int | None:
    """Return where the first message begins: starts count from 1, 0 is none."""
    if not any(starts):
        return None
    number, start = next((n, start) for n, start in enumerate(starts) if start)
    return sum(sizes[:number]) + start - 1


class StreamStore:
    """Symbols of the blocks that are not yet handed over and complete."""

    def __init__(self, block: int) -> None:
        self._length = block
        self._blocks: dict[int, dict[int, Stretch | bytes | memoryview]] = {}
        """What came together, or a symbol, by the number of the first one."""

    def write(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> None:
        """Keep consecutive symbols, of which none is kept yet."""
        of = self._blocks.setdefault(block, {})
        if len(payloads) == 1 and len(payloads[0]) > LARGE_BYTES:
            of[symbol] = payloads[0]  # it is nearly all of its datagram
            return
        stretch = Stretch.of(payloads) if len(payloads) >= _FEWEST else None
        if stretch is not None:
            of[symbol] = stretch
        else:
            of.update(
                zip(range(symbol, self._length), map(bytes, payloads), strict=False)
            )

    def append(self, block: int, symbol: int, payload: bytes | memoryview) -> None:
        """Keep one more symbol."""
        of = self._blocks.get(block)
        if of is None:
            of = self._blocks[block] = {}
        of[symbol] = payload

    def read(self, block: int, longest: int) -> Sequence[bytes | memoryview]:
        """Return all symbols of a block, as long as its parity, zeros behind them."""
        symbols = [bytes(longest)] * self._length
        for first, kept in self._blocks.get(block, {}).items():
            some = kept.symbols() if isinstance(kept, Stretch) else [bytes(kept)]
            for number, symbol in enumerate(some, first):
                symbols[number] = symbol.ljust(longest, b"\0")
        return symbols

    def get(self, block: int, symbol: int) -> Stretch | bytes | memoryview | None:
        """Return what begins at a symbol."""
        of = self._blocks.get(block)
        return None if of is None else of.get(symbol)

    def next(self, block: int, symbol: int) -> tuple[int, int] | None:
        """Return where the first begins that does so there or later."""
        for later in sorted(self._blocks):
            first = symbol if later == block else 0
            begins = [n for n in self._blocks[later] if n >= first]
            if later >= block and begins:
                return later, min(begins)
        return None

    def forget_before(self, block: int) -> None:
        """Keep nothing of earlier blocks."""
        for old in [b for b in self._blocks if b < block]:
            del self._blocks[old]
