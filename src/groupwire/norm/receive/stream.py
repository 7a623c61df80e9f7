"""A stream on its way in: put in order, handed over as far as nothing is lacking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupwire.errors import DecodeError
from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.receive.assembly import Assembly
from groupwire.norm.receive.stretch import StreamStore, Stretch
from groupwire.norm.repair.state import Need
from groupwire.norm.stream_header import STREAM_HEADER_BYTES, StreamHeader
from groupwire.norm.wire.head import ObjectFlag

__all__ = ["Chunk", "IncomingStream", "stream_bytes"]

_SYMBOL_COST_BYTES = 100
"""What it takes to remember where a symbol is."""

_MOST_CHUNK_BYTES = 1 << 20
"""More is handed over in several pieces: to join them takes their memory twice."""

Chunk = tuple[bytes | memoryview, int | None]
"""Bytes, and where in them the first message begins that begins there."""
Place = tuple[int, int]
"""Block and symbol."""


def stream_bytes(coding: Coding, blocks: int) -> int:
    """Return what so many blocks of a stream take in memory.

    A block that is not complete has fewer symbols than that, source and parity.
    """
    symbol = coding.segment_bytes + STREAM_HEADER_BYTES + _SYMBOL_COST_BYTES
    return blocks * coding.block * symbol


class _Joined:
    """What is handed over next, as one."""

    def __init__(self) -> None:
        self._parts: list[bytes | memoryview] = []
        self._message_at: int | None = None
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def full(self) -> bool:
        return self._size >= _MOST_CHUNK_BYTES

    def add(self, stretch: Stretch) -> None:
        if self._message_at is None and stretch.message_at is not None:
            self._message_at = self._size + stretch.message_at
        self._parts.append(stretch.data)
        self._size += len(stretch.data)

    def take(self) -> Chunk:
        parts, message_at = self._parts, self._message_at
        self._parts, self._message_at, self._size = [], None, 0
        return parts[0] if len(parts) == 1 else b"".join(parts), message_at


class IncomingStream:
    """A stream, from the block where it was joined.

    At most ``most_blocks`` wait for what was lost before them; then it is skipped. Of a
    stream that is ``unreliable`` (RFC 5740 §4.2.1) nothing is repaired, and it begins
    with what is heard first: what lies before the place that its sender had reached one
    datagram ago is waited for no more, so that two may change places on the way.
    """

    def __init__(
        self,
        number: int,
        first_block: int,
        most_blocks: int,
        coding: Coding,
        code: ReedSolomon,
        *,
        unreliable: bool = False,
    ) -> None:
        self.number = number
        self.flags = ObjectFlag.STREAM
        if unreliable:
            self.flags |= ObjectFlag.UNRELIABLE
        self.info: bytes | None = None
        self.unreliable = unreliable
        self.block_bits = coding.scheme.block_bits
        """Of a block's number on the wire, where it wraps."""
        self.block = first_block
        """Where the next symbol to be handed over is."""
        self.symbol = 0
        self.ended = False
        self.intact = True
        """Whether nothing has been given up."""
        self.skipped = 0
        """Symbols given up since they were last told."""
        self._first: Place | None = None if unreliable else (first_block, 0)
        self._sound: Place = first_block, 0
        """From here on nothing was given up."""
        self.message_by_message = False
        """Whether what is handed over ends where a message begins that is marked."""
        self.views = False
        """Whether what is handed over may be a view of what came."""
        self._most = most_blocks
        self._coding = coding
        self._size = coding.segment_bytes + STREAM_HEADER_BYTES
        self._reached: Place = first_block, -1
        """The furthest symbol that is known to have been sent."""
        self._past: Place = first_block, 0
        """What lies before this is waited for no more, if nobody repairs it."""
        self._store = StreamStore(coding.block)
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
        return self._first is not None and self._here > self._first

    @property
    def _here(self) -> Place:
        return self.block, self.symbol

    def add(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> bool:
        """Take consecutive symbols of a block in; False if they cannot be its.

        None is longer than the first: they are of one row.
        """
        length, after = self._coding.block, symbol + len(payloads)
        if after > length + self._coding.parity or len(payloads[0]) > self._size:
            return False
        if block < self.block or self.ended:
            return True
        if self._first is None:
            self._move(block, min(symbol, length))
            self._first = self._here
        self.reach(block, min(after, length) - 1)
        if symbol < length < after:
            self._assembly.add(block, symbol, payloads[: length - symbol])
            symbol, payloads = length, payloads[length - symbol :]
        self._assembly.add(block, symbol, payloads)
        return True

    def take_next(self, symbol: int, payload: bytes | memoryview) -> Chunk | None:
        """Take in the next symbol of this block, and return what there is to hand over.

        As :meth:`add` and :meth:`take` do, where there is nothing but that to be done;
        else None, and nothing is done.
        """
        block = self.block
        if (
            symbol != self.symbol
            or self._reached >= (block, symbol)
            or self.ended
            or self.skipped
            or self._first is None
            or len(payload) > self._size
            or self.message_by_message
            or (self.info is None and self.flags & ObjectFlag.INFO)
        ):
            return None
        try:
            header = StreamHeader.decode(payload)
        except DecodeError:
            return None
        size, start = header.length_bytes, header.message_start
        if not size or not self._assembly.extends(block, symbol):
            return None
        self._store.append(block, symbol, payload)
        self._reached = block, symbol
        self._move(block, symbol + 1)
        if self.unreliable:
            self._past = block, symbol + 1
        data = payload[STREAM_HEADER_BYTES : STREAM_HEADER_BYTES + size]
        return data, start - 1 if start else None

    def reach(self, block: int, symbol: int) -> None:
        """Note that the sender has sent all up to a symbol.

        What lies further back than it keeps is given up.
        """
        if block >= self.block + self._most:
            self.skip_to(block - self._most + 1)
        self._reached = max(self._reached, (block, symbol))

    def flushed(self, block: int, symbol: int) -> None:
        """Note that the sender has sent all up to a symbol, and rests there."""
        self.reach(block, symbol)
        self._past = max(self._past, self._behind)

    @property
    def _behind(self) -> Place:
        """The place behind the furthest that is known to have been sent."""
        block, symbol = self._reached
        return block, symbol + 1

    def skip_to(self, block: int) -> None:
        """Give up what is lacking before a block."""
        if block > self.block:
            self._leap(block, 0)

    def _leap(self, block: int, symbol: int) -> None:
        """Give up what lies before a place."""
        ahead = (block - self.block) * self._coding.block + symbol - self.symbol
        self.skipped += ahead
        self.intact = False
        self._move(block, symbol)
        self._sound = self._here

    def forgive(self) -> None:
        """Count what was given up as none of the stream, once it is told."""
        self.intact = True

    def _move(self, block: int, symbol: int) -> None:
        """Go on at a place; what is lacking of blocks before it is not wanted."""
        if symbol == self._coding.block:
            block, symbol = block + 1, 0
        if block != self.block:
            if self._assembly.lacks_before(block):
                self._assembly.forget_before(block)
            self._store.forget_before(block)
        self.block, self.symbol = block, symbol

    def has(self, place: Place) -> bool:
        """Return whether all up to a place has been handed over, without gaps.

        Gaps do not count where nobody repairs them.
        """
        if self._first is None or not (self.intact or self.unreliable):
            return False
        first = self._first if self.unreliable else max(self._first, self._sound)
        return first <= place < self._here

    def take(self) -> Iterator[Chunk]:
        """Iterate over what can be handed over now; each only once.

        What follows on each other is one chunk, unless it is very much, or messages
        are to be told apart.
        """
        chunk = _Joined()
        while True:
            stretch = self._next()
            if stretch is not None:
                begins = stretch.message_at is not None
                if begins and chunk and self.message_by_message:
                    yield chunk.take()
                chunk.add(stretch)
                self._move(self.block, self.symbol + stretch.length)
                if not chunk.full:
                    continue
            if chunk:
                yield chunk.take()
            if stretch is None and not self._pass_over():
                break
        if self.unreliable:
            self._past = self._behind

    def _next(self) -> Stretch | None:
        """Return what comes next, None where it is not there, or cannot be read."""
        if self.ended:
            return None
        found = self._store.get(self.block, self.symbol)
        if found is None or isinstance(found, Stretch):
            return found
        try:
            header = StreamHeader.decode(found)
        except DecodeError:
            return None
        self.ended = header.ends
        if header.ends:
            return None
        return Stretch.alone(header, found if self.views else bytes(found))

    def _pass_over(self) -> bool:
        """Give up what cannot be read, or is waited for no more; False if neither."""
        if self.ended:
            return False
        if self._store.get(self.block, self.symbol) is not None:
            self._leap(self.block, self.symbol + 1)
            return True
        if not self.unreliable or self._here >= self._past:
            return False
        there = self._store.next(self.block, self.symbol)
        self._leap(*(self._past if there is None else min(there, self._past)))
        return True

    def lacks_before(self, block: int) -> bool:
        """Return whether something before a block is to be asked for, or the info."""
        if self.info is None and self.flags & ObjectFlag.INFO:
            return True
        return self._assembly.lacks_before(block)

    def is_past(self, place: Place) -> bool:
        """Return whether all up to a place is handed over or given up, and the info."""
        if self.info is None and self.flags & ObjectFlag.INFO:
            return False
        return place < self._here

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
