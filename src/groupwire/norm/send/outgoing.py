"""One object on its way out: what is new, what is asked for again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.intervals import Intervals
from groupwire.norm.send.content import Symbol
from groupwire.norm.wire.extensions import ObjectInfo
from groupwire.norm.wire.head import ObjectFlag

__all__ = ["KEY_BITS", "Content", "ObjectHead", "Outgoing", "Row", "key"]


class Content(Protocol):
    """The symbols of an object or stream, by block and number."""

    symbol_bytes: int
    """Of a whole symbol, as the code sees it."""

    @property
    def first_block(self) -> int:
        """The first block that is kept."""
        ...

    @property
    def blocks(self) -> int:
        """One more than the last block that has something to send."""
        ...

    @property
    def ready_blocks(self) -> int:
        """One more than the last block of which something can be sent now."""
        ...

    @property
    def ended(self) -> bool:
        """Whether all is there, and no more will come."""
        ...

    @property
    def last(self) -> tuple[int, int]:
        """The last block and symbol, as far as is known."""
        ...

    def length(self, block: int) -> int:
        """Return how many source symbols a block has when it is complete."""
        ...

    def ready(self, block: int) -> int:
        """Return how many of them are there to be sent."""
        ...

    def symbols(self, block: int, first: int, stop: int) -> Sequence[Symbol]:
        """Return some of them."""
        ...


KEY_BITS = 16
"""Of a symbol's number, below its block's."""
_SYMBOL = (1 << KEY_BITS) - 1


def key(block: int, symbol: int) -> int:
    """Return what stands for a symbol in a row."""
    return block << KEY_BITS | symbol


class ObjectHead(NamedTuple):
    """What is told of an object beside its symbols."""

    flags: ObjectFlag
    fti: ObjectInfo
    info: bytes | None = None


class Row(NamedTuple):
    """Symbols to send: all flagged alike, all but the last equally long."""

    flags: ObjectFlag
    keys: list[int]
    """Block and symbol of each in one number, as pairs would keep the garbage collector
    busy: see :func:`key`."""
    payloads: list[Symbol]

    @property
    def places(self) -> list[tuple[int, int]]:
        """Block and symbol of each."""
        return [(key >> KEY_BITS, key & _SYMBOL) for key in self.keys]


class _Repair:
    """What is asked for of one block."""

    __slots__ = ("parity", "source")

    def __init__(self) -> None:
        self.parity = 0
        """Fresh parity symbols to send, as bits of symbol numbers."""
        self.source = 0
        """Symbols to send again, as bits."""


class Outgoing:
    """An object, from its first transmission until it is no longer kept."""

    def __init__(
        self,
        number: int,
        content: Content,
        code: ReedSolomon,
        *,
        head: ObjectHead,
        auto_parity: int = 0,
    ) -> None:
        self.number = number
        self.content = content
        self.head = head
        info = head.info
        self.info = info
        self.flags = head.flags if info is None else head.flags | ObjectFlag.INFO
        self.streams = bool(head.flags & ObjectFlag.STREAM)
        """Whether it is a stream."""
        self.unreliable = bool(head.flags & ObjectFlag.UNRELIABLE)
        """Whether nothing of it is repaired (RFC 5740 §4.2.1)."""
        self._code = code
        self._auto = min(auto_parity, code.parity)
        self._info_new = info is not None
        self._info_again = False
        self.block = 0
        """The block of the next new symbol."""
        self.symbol = 0
        self._whole = Intervals()
        self._partial: dict[int, _Repair] = {}
        self._order: list[int] = []
        self._parity_used: dict[int, int] = {}
        self.sent_bytes = 0
        """In source symbols that were sent for the first time, or skipped."""

    def skip(self, block: int, size_bytes: int) -> None:
        """Begin with this block; what is before it is sent to who asks for it."""
        self.block, self.sent_bytes = block, size_bytes

    @property
    def repairing(self) -> bool:
        """Whether something that was asked for waits."""
        return bool(self._info_again or self._whole or self._partial)

    @property
    def has_new(self) -> bool:
        """Whether something waits that can be sent and never was."""
        return self._info_new or self.symbol < self._stop() or self._block_done()

    @property
    def finished(self) -> bool:
        """Whether all of it has been sent once and nothing more will come."""
        return self.content.ended and not self.has_new

    @property
    def position(self) -> tuple[int, int]:
        """Block and symbol of the last new source symbol that was sent."""
        symbol = min(self.symbol, self.content.length(self.block))
        return self.block, max(0, symbol - 1)

    def take_info(self, *, new: bool) -> bool:
        """Return whether the info is to be sent now, and count it as sent."""
        due = self._info_new if new else self._info_again
        if due:
            self._info_new = self._info_again = False
        return due

    def next_new(self, limit: int) -> Row | None:
        """Return at most ``limit`` symbols that have never been sent."""
        keys: list[int] = []
        payloads: list[Symbol] = []
        while len(keys) < limit and (stop := self._find_new()):
            block, first = self.block, self.symbol
            length = self.content.length(block)
            stop = min(stop, first + limit - len(keys))
            if first < length:
                stop = min(stop, length)
                fresh = self.content.symbols(block, first, stop)
                self.sent_bytes += self._bytes_of(fresh)
                payloads += fresh
            else:
                payloads += self._parity(block, list(range(first, stop)))
            self.symbol = stop
            keys += range(key(block, first), key(block, stop))
            if stop == length <= limit < 2 * length:
                break  # the next one is a row by itself, whole for both ends
        return Row(self.flags, keys, payloads) if keys else None

    @property
    def flows(self) -> bool:
        """Whether nothing but source symbols is sent unasked: the info has been."""
        return not self._info_new and not self._auto

    def step(self) -> None:
        """Step into the block of the next symbol, which is there."""
        if self.symbol >= self.content.length(self.block):
            self.block += 1
            self.symbol = 0

    def went_on(self, size_bytes: int) -> None:
        """Count the next symbol of its block as sent."""
        self.symbol += 1
        self.sent_bytes += size_bytes

    def _bytes_of(self, symbols: Sequence[Symbol]) -> int:
        """Return how long they are together; of an object only the last is shorter."""
        if self.streams:
            return sum(map(len, symbols))
        return len(symbols[0]) * (len(symbols) - 1) + len(symbols[-1])

    def _find_new(self) -> int:
        """Step into the block behind a done one; return where its news end, or 0."""
        stop = self._stop()
        if self.symbol >= stop and self._block_done():
            self.block = max(self.block + 1, self.content.first_block)
            self.symbol = 0
            stop = self._stop()
        return stop if self.symbol < stop else 0

    def _stop(self) -> int:
        """Return one more than the last symbol of this block to be sent unasked."""
        length, ready = self.content.length(self.block), self.content.ready(self.block)
        return ready if ready < length else length + self._auto

    def _block_done(self) -> bool:
        """Return whether there is a block behind this one, to be sent next."""
        return self.block + 1 < self.content.ready_blocks

    @property
    def unsent_block(self) -> int:
        """The first block of which something has never been sent."""
        whole = self.content.length(self.block) + self._auto
        return self.block + (self.symbol >= whole)

    @property
    def last_begun(self) -> int:
        """The last block of which something has been sent, -1 for none."""
        return self.block if self.symbol else self.block - 1

    @property
    def begun(self) -> bool:
        """Whether anything of it has been sent."""
        info_sent = self.info is not None and not self._info_new
        return info_sent or self.last_begun >= 0

    # What has been asked for.

    def ask_info(self) -> None:
        """Send the info again."""
        self._info_again = self.info is not None and not self._info_new

    def ask_blocks(self, first: int, last: int) -> bool:
        """Send whole blocks again; False if some are kept no more."""
        kept = self.content.first_block
        low, high = max(first, kept), min(last, self.last_begun)
        if low <= high:
            self._whole.add(low, high)
        return first >= kept

    def fresh_parity(self, block: int) -> int:
        """Return how many parity symbols of a block have never been sent."""
        content = self.content
        if content.ready(block) < content.length(block):
            return 0
        return self._code.parity - self._parity_used.get(block, self._auto)

    def existing(self, block: int, symbols: int) -> int:
        """Return those of the symbols asked for that a block has."""
        return symbols & (1 << self.content.length(block) + self._code.parity) - 1

    def trimmed(self, block: int, symbols: int) -> int:
        """Return those of the symbols asked for that fresh parity cannot replace.

        RFC 5740 §5.4.2: explicit repair only after all fresh parity; receivers ask for
        the lowest parity first, so the lowest are what most of them have in common.
        """
        fresh = self.fresh_parity(block) + self._waiting(block).parity.bit_count()
        if fresh <= 0:
            return symbols
        length = self.content.length(block)
        used = self._code.parity - fresh
        left = symbols.bit_count() - fresh
        if left <= 0:
            return 0
        kept = symbols & ~(((1 << fresh) - 1) << (length + used))
        while kept.bit_count() > left:
            kept &= ~(1 << (kept.bit_length() - 1))
        return kept

    def ask_symbols(self, block: int, count: int, explicit: int) -> bool:
        """Send ``count`` symbols: fresh parity, then ``explicit`` ones where it ends.

        False if the block is kept no more.
        """
        content = self.content
        if block < content.first_block:
            return False
        if block > self.last_begun or block in self._whole:
            return True
        repair = self._waiting(block)
        waiting = repair.parity.bit_count() + repair.source.bit_count()
        fresh = min(self.fresh_parity(block), max(0, count - waiting))
        repair.source |= explicit & (1 << self._sent(block)) - 1
        if fresh > 0:
            used = self._parity_used.get(block, self._auto)
            repair.parity |= ((1 << fresh) - 1) << (content.length(block) + used)
            self._parity_used[block] = used + fresh
        self._plan(block, repair)
        return True

    def _waiting(self, block: int) -> _Repair:
        return self._partial.get(block) or _Repair()

    def _plan(self, block: int, repair: _Repair) -> None:
        if (repair.source or repair.parity) and block not in self._partial:
            self._partial[block] = repair
            heappush(self._order, block)

    def _sent(self, block: int) -> int:
        """Return one more than the highest symbol that has ever been sent."""
        if block == self.block and self.symbol < self.content.length(block):
            return self.symbol
        used = self._parity_used.get(block, self._auto)
        return self.content.length(block) + used

    def next_repair(self, limit: int) -> Row | None:
        """Return at most ``limit`` of the lowest symbols asked for, None for none."""
        self._forget()
        whole, partial = self._whole.first(), self._lowest()
        if whole is not None and (partial is None or whole <= partial):
            self._whole_block(whole)
        elif partial is None:
            return None
        return self._partial_blocks(limit)

    def _forget(self) -> None:
        """Repair nothing of what is kept no more."""
        kept = self.content.first_block
        self._whole.remove(0, kept - 1)
        while (block := self._lowest()) is not None and block < kept:
            del self._partial[block]

    def _lowest(self) -> int | None:
        while self._order and self._order[0] not in self._partial:
            heappop(self._order)
        return self._order[0] if self._order else None

    def _whole_block(self, block: int) -> None:
        """Turn a whole block into its symbols."""
        self._whole.remove(block, block)
        repair = self._waiting(block)
        stop = min(self._sent(block), self.content.ready(block))
        repair.source |= (1 << stop) - 1
        self._plan(block, repair)

    def _partial_blocks(self, limit: int) -> Row:
        """Gather symbols of as many blocks as one row holds, flagged alike."""
        explicit = None
        keys: list[int] = []
        payloads: list[Symbol] = []
        whole = self._whole.first()
        while len(keys) < limit and (block := self._lowest()) is not None:
            if whole is not None and block > whole:
                break
            repair = self._partial[block]
            again = bool(repair.source)
            if explicit not in {None, again}:
                break
            explicit = again
            bits = repair.source if again else repair.parity
            numbers = _lowest_bits(bits, limit - len(keys))
            taken = sum(1 << n for n in numbers)
            if again:
                repair.source &= ~taken
            else:
                repair.parity &= ~taken
            if not repair.source and not repair.parity:
                del self._partial[block]
            keys += [key(block, n) for n in numbers]
            payloads += self._payloads(block, numbers)
        extra = ObjectFlag.EXPLICIT if explicit else ObjectFlag(0)
        return Row(self.flags | ObjectFlag.REPAIR | extra, keys, payloads)

    def _payloads(self, block: int, numbers: list[int]) -> Iterator[Symbol]:
        length = self.content.length(block)
        for first, stop in _stretches([n for n in numbers if n < length]):
            yield from self.content.symbols(block, first, stop)
        yield from self._parity(block, [n for n in numbers if n >= length])

    def _parity(self, block: int, numbers: list[int]) -> list[Symbol]:
        if not numbers:
            return []
        length = self.content.length(block)
        symbols = self.content.symbols(block, 0, length)
        size = max(map(len, symbols))
        return list(self._code.encode(symbols, [n - length for n in numbers], size))


def _lowest_bits(bits: int, limit: int) -> list[int]:
    numbers: list[int] = []
    while bits and len(numbers) < limit:
        low = bits & -bits
        numbers.append(low.bit_length() - 1)
        bits ^= low
    return numbers


def _stretches(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Iterate over runs of consecutive numbers, as first and one more than last."""
    first = last = None
    for number in numbers:
        if last is None or first is None:
            first = number
        elif number != last + 1:
            yield first, last + 1
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last + 1
