"""One object on its way in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.intervals import Intervals
from groupwire.norm.partition import Partition, pieces
from groupwire.norm.receive.assembly import Assembly
from groupwire.norm.receive.sink import Sink
from groupwire.norm.repair.state import Need
from groupwire.norm.wire.extensions import ObjectInfo
from groupwire.norm.wire.head import ObjectFlag

__all__ = ["Deferred", "Incoming", "ObjectStore", "object_bytes"]

_SYMBOL_COST_BYTES, _BLOCK_COST_BYTES = 100, 400
"""What is remembered of an object beside its bytes, of each segment and block."""


def object_bytes(partition: Partition, coding: Coding) -> int:
    """Return what an object takes in memory while it is incomplete.

    Its bytes may have to be there from the first to the last while each block waits for
    a single symbol, and holds parity in place of all others.
    """
    aside = partition.symbols * _SYMBOL_COST_BYTES
    aside += partition.blocks * _BLOCK_COST_BYTES
    parity = partition.blocks * min(coding.parity, partition.large - 1)
    return partition.size_bytes + parity * coding.segment_bytes + aside


class ObjectStore:
    """An object's symbols, in its sink."""

    def __init__(self, sink: Sink, partition: Partition) -> None:
        self._sink = sink
        self._partition = partition

    def write(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> None:
        """Keep consecutive symbols."""
        self._sink.write(self._partition.offset(block, symbol), payloads)

    def read(self, block: int, longest: int) -> Sequence[bytes | memoryview]:  # noqa: ARG002
        """Return all symbols of a block; those that never came may be anything."""
        partition = self._partition
        size = partition.block_bytes(block)
        # A file ends where nothing has been written yet.
        there = self._sink.read(partition.offset(block), size)
        whole = memoryview(there.ljust(size, b"\0"))
        return pieces(whole, partition.segment_bytes)


class Deferred:
    """An object whose place the application will tell later: none of it is kept.

    Only its info is asked for, as the place may depend on that.
    """

    def __init__(
        self, number: int, fti: ObjectInfo, coding: Coding, code: ReedSolomon
    ) -> None:
        self.number = number
        self.fti = fti
        self.coding = coding
        self.code = code
        self.flags = ObjectFlag(0)
        self.info: bytes | None = None

    @property
    def lacks_info(self) -> bool:
        """Whether there is an info that has not arrived."""
        return self.info is None and bool(self.flags & ObjectFlag.INFO)

    def lacks_before(self, block: int) -> bool:  # noqa: ARG002 - symbols are not wanted
        """Return whether something is to be asked for."""
        return self.lacks_info

    def needs(self, block: int | None, symbol: int | None) -> Iterator[Need]:  # noqa: ARG002
        """Iterate over what is to be asked for."""
        if self.lacks_info:
            yield Need(self.number, self.number, info=True)


class Incoming:
    """An object of known size: its info and its symbols, until both are there."""

    def __init__(
        self,
        number: int,
        size_bytes: int,
        sink: Sink,
        coding: Coding,
        code: ReedSolomon,
    ) -> None:
        self.number = number
        self.sink = sink
        self.flags = ObjectFlag(0)
        self.info: bytes | None = None
        self.partition = Partition.of(size_bytes, coding.segment_bytes, coding.block)
        store = ObjectStore(sink, self.partition)
        self._assembly = Assembly(store, code, self.partition.length)
        if not size_bytes:
            # The reference implementation sends no DATA, and INFO may be all there is.
            self._assembly.forget_before(self.partition.blocks)
        self._coding = coding
        for offset, size in _melted(getattr(sink, "held", ())):
            self._hold(offset, size)

    def _hold(self, offset: int, size_bytes: int) -> None:
        """Count whole segments of a range as received, whole blocks of them at once."""
        partition, step = self.partition, self._coding.segment_bytes
        end = min(offset + size_bytes, partition.size_bytes)
        first = -(-offset // step)
        stop = partition.symbols if end == partition.size_bytes else end // step
        if first >= stop:
            return
        block, symbol = partition.place(first)
        last, behind = partition.place(stop)
        if block == last:
            self._assembly.hold(block, (1 << behind) - (1 << symbol))
            return
        if symbol:
            whole = 1 << partition.length(block)
            self._assembly.hold(block, whole - (1 << symbol))
            block += 1
        if block < last:
            self._assembly.hold_blocks(block, last - 1)
        if behind:
            self._assembly.hold(last, (1 << behind) - 1)

    @property
    def arrived_bytes(self) -> int:
        """How many bytes of the object are there; a short last segment counts whole."""
        partition, complete = self.partition, self._assembly.complete
        symbols = self._assembly.partial_symbols
        for first, last in complete:
            symbols += partition.first(last + 1) - partition.first(first)
        return min(symbols * self._coding.segment_bytes, partition.size_bytes)

    @property
    def complete(self) -> bool:
        """Whether nothing is lacking."""
        if self._assembly.lacks_before(self.partition.blocks):
            return False
        return self.info is not None or not self.flags & ObjectFlag.INFO

    def add(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> bool:
        """Take consecutive symbols of a block in; False if they cannot be its."""
        partition = self.partition
        if block >= partition.blocks:
            return False
        length, after = partition.length(block), symbol + len(payloads)
        if symbol < length < after:
            source, parity = payloads[: length - symbol], payloads[length - symbol :]
            return self.add(block, length, parity) and self.add(block, symbol, source)
        if symbol < length:
            if not self._fit(block, symbol, payloads):
                return False
        elif after > length + self._coding.parity or not self._parity_fits(payloads):
            return False
        self._assembly.add(block, symbol, payloads)
        return True

    def _fit(
        self, block: int, symbol: int, payloads: Sequence[bytes | memoryview]
    ) -> bool:
        """Return whether source symbols have the length that they must have."""
        step, sizes = self._coding.segment_bytes, list(map(len, payloads))
        last = self.partition.symbol_bytes(block, symbol + len(payloads) - 1)
        return sizes.pop() == last and sizes.count(step) == len(sizes)

    def _parity_fits(self, payloads: Sequence[bytes | memoryview]) -> bool:
        return max(map(len, payloads)) <= self._coding.segment_bytes

    def lacks_before(self, block: int) -> bool:
        """Return whether something before a block is lacking, or the info."""
        if self.info is None and self.flags & ObjectFlag.INFO:
            return True
        return self._assembly.lacks_before(min(block, self.partition.blocks))

    def needs(self, block: int | None, symbol: int | None) -> Iterator[Need]:
        """Iterate over what is lacking up to a place, None for all of it."""
        number = self.number
        if self.info is None and self.flags & ObjectFlag.INFO:
            yield Need(number, number, info=True)
        last = self.partition.blocks - 1
        if block is None or block > last:
            block, symbol = last, None
        if symbol is not None and symbol >= self.partition.length(block) - 1:
            symbol = None
        yield from self._assembly.needs(number, block, symbol)


def _melted(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Iterate over ranges of bytes, in order, those that touch as one."""
    melted = Intervals()
    for offset, size in ranges:
        if offset >= 0 and size > 0:
            melted.add(offset, offset + size - 1)
    for first, last in melted:
        yield first, last - first + 1
