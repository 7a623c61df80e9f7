"""Blocks put together from the symbols that arrive, in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.intervals import Intervals
from groupwire.norm.repair.state import Need

__all__ = ["Assembly", "Store"]


class Store(Protocol):
    """Keeps source symbols, by block and number."""

    def write(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> None:
        """Keep consecutive symbols."""
        ...

    def read(self, block: int, longest: int) -> Sequence[bytes | memoryview]:
        """Return all symbols of a block; those that never came may be anything.

        Where they may differ in length, all as long as their parity, the longest one.
        """
        ...


class _Partial:
    """A block that is not complete."""

    __slots__ = ("have", "parity")

    def __init__(self) -> None:
        self.have = 0
        """Source symbols that are there, as bits."""
        self.parity: dict[int, bytes] = {}
        """By number from 0 on."""


class Assembly:
    """Which symbols of an object are there, and which are lacking.

    ``length`` gives the source symbols of a block. Of each block only what is lacking
    is remembered; the symbols themselves are in the store.
    """

    def __init__(
        self, store: Store, code: ReedSolomon, length: Callable[[int], int]
    ) -> None:
        self._store = store
        self._code = code
        self._length = length
        self.complete = Intervals()
        self._partial: dict[int, _Partial] = {}

    def add(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> bool:
        """Take consecutive symbols in; True if with them the block is complete."""
        if block in self.complete:
            return False
        length = self._length(block)
        partial = self._partial.get(block)
        if partial is None:
            if symbol == 0 and len(payloads) == length:
                self._store.write(block, 0, payloads)
                self.complete.add(block, block)
                return True
            partial = self._partial[block] = _Partial()
        if symbol < length:
            self._add_source(partial, block, symbol, payloads)
        else:
            self._add_parity(partial, length, symbol - length, payloads)
        return self._settle(partial, block, length)

    def extends(self, block: int, symbol: int) -> bool:
        """Count a symbol that follows on all that there is of a block; it is stored.

        False, and nothing is done, where it does not, or anything else is to be done.
        """
        partial = self._partial.get(block)
        if partial is None:
            if symbol or block in self.complete:
                return False
            partial = self._partial[block] = _Partial()
        elif partial.parity or partial.have + 1 != 1 << symbol:
            return False
        partial.have |= 1 << symbol
        if symbol + 1 == self._length(block):
            del self._partial[block]
            self.complete.add(block, block)
        return True

    def _add_source(
        self,
        partial: _Partial,
        block: int,
        symbol: int,
        payloads: Sequence[bytes | memoryview],
    ) -> None:
        fresh = ((1 << len(payloads)) - 1) << symbol
        if not partial.have & fresh:
            self._store.write(block, symbol, payloads)
            partial.have |= fresh
            return
        for number, payload in enumerate(payloads, symbol):
            if not partial.have >> number & 1:
                self._store.write(block, number, [payload])
                partial.have |= 1 << number

    def _add_parity(
        self,
        partial: _Partial,
        length: int,
        first: int,
        payloads: Sequence[bytes | memoryview],
    ) -> None:
        """Keep as much parity as symbols are lacking: more is of no use."""
        lacking = length - partial.have.bit_count()
        for number, payload in enumerate(payloads, first):
            if number >= self._code.parity or len(partial.parity) == lacking:
                return
            partial.parity[number] = bytes(payload)

    def _settle(self, partial: _Partial, block: int, length: int) -> bool:
        lacking = length - partial.have.bit_count()
        if lacking > len(partial.parity):
            return False
        if lacking:
            self._decode(partial, block, length)
        del self._partial[block]
        self.complete.add(block, block)
        return True

    def _decode(self, partial: _Partial, block: int, length: int) -> None:
        longest = max(map(len, partial.parity.values()))
        symbols = self._store.read(block, longest)
        there = dict(enumerate(symbols))
        for number in _bits(((1 << length) - 1) & ~partial.have):
            del there[number]
        sizes = list(map(len, symbols))
        size = max(*sizes, longest)
        found = self._code.decode(length, there, partial.parity, size)
        for number, symbol in found.items():
            self._store.write(block, number, [symbol[: sizes[number]]])

    def hold(self, block: int, symbols: int) -> None:
        """Count source symbols, as bits, as received: the store has them already."""
        partial = self._partial.setdefault(block, _Partial())
        partial.have |= symbols
        self._settle(partial, block, self._length(block))

    def hold_blocks(self, first: int, last: int) -> None:
        """Count whole blocks of which nothing was known as received."""
        self.complete.add(first, last)

    @property
    def partial_symbols(self) -> int:
        """How many source symbols there are of blocks that are not complete."""
        return sum(partial.have.bit_count() for partial in self._partial.values())

    def forget_before(self, block: int) -> None:
        """Want nothing before a block any more."""
        if block > 0:
            self.complete.add(0, block - 1)
        for old in [b for b in self._partial if b < block]:
            del self._partial[old]

    def lacks_before(self, block: int) -> bool:
        """Return whether a block before this one is not complete."""
        return self.complete.first_gap() < block

    def needs(self, number: int, block: int, symbol: int | None) -> Iterator[Need]:
        """Iterate over what is lacking of object ``number``, lowest first.

        All blocks before ``block``, and of this one all up to ``symbol``: those symbols
        themselves (RFC 5740 §4.2.3.1), or with None the whole block. Of a block of
        which something is there, parity is asked for first (§5.3).
        """
        last = block if symbol is None else block - 1
        for first, stop in self.complete.gaps(0, last):
            yield from self._lacking(number, first, stop)
        if symbol is not None and block not in self.complete:
            partial = self._partial.get(block)
            have = partial.have if partial is not None else 0
            missing = ((2 << symbol) - 1) & ~have
            if missing:
                yield Need(number, number, False, block, block, missing)

    def _lacking(self, number: int, first: int, last: int) -> Iterator[Need]:
        """Iterate over a range without complete blocks."""
        if last - first >= len(self._partial):
            begun = sorted(b for b in self._partial if first <= b <= last)
        else:
            begun = [b for b in range(first, last + 1) if b in self._partial]
        for block in begun:
            if first < block:
                yield Need(number, number, False, first, block - 1)
            wanted = self._wanted(block, self._partial[block])
            yield Need(number, number, False, block, block, wanted)
            first = block + 1
        if first <= last:
            yield Need(number, number, False, first, last)

    def _wanted(self, block: int, partial: _Partial) -> int:
        """RFC 5740 §5.3: the lowest parity, then the highest source symbols."""
        length = self._length(block)
        missing = ((1 << length) - 1) & ~partial.have
        count = missing.bit_count() - len(partial.parity)
        wanted = 0
        for number in range(self._code.parity):
            if not count:
                break
            if number not in partial.parity:
                wanted |= 1 << (length + number)
                count -= 1
        while count > 0:
            highest = 1 << (missing.bit_length() - 1)
            wanted |= highest
            missing ^= highest
            count -= 1
        return wanted


def _bits(number: int) -> Iterator[int]:
    """Iterate over the places of the bits that are set, lowest first."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
