"""A stream on its way in: put in order, handed over as far as nothing is lacking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupwire.errors import DecodeError
from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.receive.assembly import Assembly
from groupwire.norm.repair.state import Need
from groupwire.norm.stream_header import STREAM_HEADER_BYTES, StreamHeader
from groupwire.norm.wire.head import ObjectFlag

__all__ = ["Chunk", "IncomingStream", "StreamStore", "stream_bytes"]

_SYMBOL_COST_BYTES = 100
"""What it takes to remember where a symbol is."""

Chunk = tuple[bytes, int | None]
"""Bytes, and where in them the first message begins that begins there."""


class StreamStore:
    """Symbols of the blocks that are not yet handed over and complete."""

    def __init__(self, block: int, symbol_bytes: int) -> None:
        self._length = block
        self._size = symbol_bytes
        self._blocks: dict[int, dict[int, bytes]] = {}

    def write(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> None:
        """Keep consecutive symbols."""
        of = self._blocks.setdefault(block, {})
        for number, payload in enumerate(payloads, symbol):
            of[number] = bytes(payload)

    def read(self, block: int) -> Sequence[bytes | memoryview]:
        """Return all symbols of a block, as long as they can be, zeros behind them."""
        of = self._blocks.get(block, {})
        return [of.get(n, b"").ljust(self._size, b"\0") for n in range(self._length)]

    def get(self, block: int, symbol: int) -> bytes | None:
        """Return one symbol."""
        return self._blocks.get(block, {}).get(symbol)

    def forget_before(self, block: int) -> None:
        """Keep nothing of earlier blocks."""
        for old in [b for b in self._blocks if b < block]:
            del self._blocks[old]


def stream_bytes(coding: Coding, blocks: int) -> int:
    """Return what so many blocks of a stream take in memory.

    A block that is not complete has fewer symbols than that, source and parity.
    """
    symbol = coding.segment_bytes + STREAM_HEADER_BYTES + _SYMBOL_COST_BYTES
    return blocks * coding.block * symbol


class IncomingStream:
    """A stream, from the block where it was joined.

    At most ``most_blocks`` wait for what was lost before them; then it is skipped.
    """

    def __init__(
        self,
        number: int,
        first_block: int,
        most_blocks: int,
        coding: Coding,
        code: ReedSolomon,
    ) -> None:
        self.number = number
        self.flags = ObjectFlag.STREAM
        self.info: bytes | None = None
        self.block = first_block
        """Where the next symbol to be handed over is."""
        self.symbol = 0
        self.ended = False
        self.intact = True
        """Whether nothing has been given up."""
        self.skipped = 0
        """Symbols given up since they were last told."""
        self._first = first_block
        self._most = most_blocks
        self._coding = coding
        self._size = coding.segment_bytes + STREAM_HEADER_BYTES
        self._reached = first_block, -1
        """The furthest symbol that is known to have been sent."""
        self._store = StreamStore(coding.block, self._size)
        self._assembly = Assembly(self._store, code, self._length)
        self._assembly.forget_before(first_block)

    def _length(self, block: int) -> int:  # noqa: ARG002 - all are alike
        return self._coding.block

    @property
    def complete(self) -> bool:
        """Whether the stream has ended and all of it has been handed over."""
        return self.ended

    @property
    def begun(self) -> bool:
        """Whether something was handed over, or told as given up."""
        return (self.block, self.symbol) > (self._first, 0)

    def add(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> bool:
        """Take consecutive symbols of a block in; False if they cannot be its."""
        length, after = self._coding.block, symbol + len(payloads)
        if after > length + self._coding.parity:
            return False
        if max(map(len, payloads)) > self._size:
            return False
        if block < self.block or self.ended:
            return True
        self.reach(block, min(after, length) - 1)
        if symbol < length < after:
            self._assembly.add(block, symbol, payloads[: length - symbol])
            symbol, payloads = length, payloads[length - symbol :]
        self._assembly.add(block, symbol, payloads)
        return True

    def reach(self, block: int, symbol: int) -> None:
        """Note that the sender has sent all up to a symbol.

        What lies further back than it keeps is given up.
        """
        if block >= self.block + self._most:
            self.skip_to(block - self._most + 1)
        self._reached = max(self._reached, (block, symbol))

    def skip_to(self, block: int) -> None:
        """Give up what is lacking before a block."""
        if block <= self.block:
            return
        length = self._coding.block
        self._skip((block - self.block) * length - self.symbol)
        self.block, self.symbol = block, 0
        self._assembly.forget_before(block)
        self._store.forget_before(block)

    def _skip(self, symbols: int) -> None:
        self.skipped += symbols
        self.intact = False

    def has(self, place: tuple[int, int]) -> bool:
        """Return whether all up to a place has been handed over, without gaps."""
        joined = self._first, 0
        return self.intact and joined <= place < (self.block, self.symbol)

    def take(self) -> Iterator[Chunk]:
        """Iterate over what can be handed over now; each only once."""
        while not self.ended:
            data = self._store.get(self.block, self.symbol)
            if data is None:
                return
            yield from self._chunk(data)
            self.symbol += 1
            if self.symbol == self._coding.block:
                self.block, self.symbol = self.block + 1, 0
                self._store.forget_before(self.block)

    def _chunk(self, data: bytes) -> Iterator[Chunk]:
        try:
            header = StreamHeader.decode(data)
        except DecodeError:
            self._skip(1)
            return
        if header.ends:
            self.ended = True
            return
        start = STREAM_HEADER_BYTES
        message_at = header.message_start - 1 if header.message_start else None
        yield data[start : start + header.length_bytes], message_at

    def lacks_before(self, block: int) -> bool:
        """Return whether something before a block is lacking, or the info."""
        if self.info is None and self.flags & ObjectFlag.INFO:
            return True
        return self._assembly.lacks_before(block)

    def needs(self, block: int | None, symbol: int | None) -> Iterator[Need]:
        """Iterate over what is lacking up to a place, None for all that is known of.

        Nothing is lacking that has not been sent yet, however far the place is.
        """
        number = self.number
        if self.info is None and self.flags & ObjectFlag.INFO:
            yield Need(number, number, info=True)
        last = self._coding.block - 1
        place = self._reached
        if block is not None:
            place = min(place, (block, last if symbol is None else symbol))
        block, symbol = place
        if block >= self.block and symbol >= 0:
            through = None if symbol >= last else symbol
            yield from self._assembly.needs(number, block, through)
