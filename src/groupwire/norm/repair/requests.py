"""Repair needs to and from the requests of a NACK (RFC 5740 §4.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from groupwire.norm.repair.state import Need
from groupwire.norm.wire.payload import FecId, PayloadId, payload_id_bytes
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)

__all__ = ["Numbering", "Scheme", "needs_of", "requests_of"]

_MAX_SYMBOL = 2048
"""No code that is spoken has more symbols in a block."""
_ITEM_HEAD_BYTES = 4
_SEGMENT, _BLOCK = int(RepairLevel.SEGMENT), int(RepairLevel.BLOCK)
_INFO, _OBJECT = int(RepairLevel.INFO), int(RepairLevel.OBJECT)
"""Plain numbers, because a NACK is read item by item."""
_LARGEST_BYTES = 6 * RepairRequest.MAX_ITEMS
"""Of one message: even in requests of one item each, no more than may be read."""


class Scheme(NamedTuple):
    """How a sender writes payload ids."""

    fec_id: FecId
    field_bits: int = 8

    @property
    def tells_length(self) -> bool:
        """Whether payload ids hold the length of their block."""
        return self.fec_id is FecId.SMALL_BLOCK

    @property
    def block_bits(self) -> int:
        """How many bits a block number has."""
        if self.fec_id is FecId.SMALL_BLOCK:
            return 32
        return 16 if self.field_bits == 16 else 24


class Numbering(NamedTuple):
    """Turns numbers of the wire into unwrapped ones."""

    object: Callable[[int], int]
    """From an object id."""
    block: Callable[[int, int], int]
    """From an unwrapped object number and the bits of a block number."""
    length: Callable[[int, int], int]
    """From an unwrapped object and block: its length; only fec_id 129 sends it."""


def needs_of(requests: Iterable[RepairRequest], numbering: Numbering) -> Iterator[Need]:
    """Iterate over what is asked for."""
    for request in requests:
        items = request.items
        if request.form is RepairForm.RANGES:
            pairs = zip(items[::2], items[1::2], strict=True)
        else:
            pairs = zip(items, items, strict=True)
        level = int(request.level)
        for first, last in pairs:
            if request.form is RepairForm.ERASURES:
                yield from _erasures(first, numbering)
            else:
                yield from _range(level, first, last, numbering)


def _erasures(item: RepairItem, numbering: Numbering) -> Iterator[Need]:
    """Read a count instead of symbols: any will do where there is parity."""
    number = numbering.object(item.object_id)
    block = numbering.block(number, item.payload_id.block)
    count = min(item.payload_id.symbol, _MAX_SYMBOL)
    if count:
        yield Need(number, number, False, block, block, (1 << count) - 1)


def _range(
    level: int, first: RepairItem, last: RepairItem, numbering: Numbering
) -> Iterator[Need]:
    number = numbering.object(first.object_id)
    last_number = numbering.object(last.object_id)
    if last_number < number:
        return
    if level & _OBJECT:
        yield Need(number, last_number)
        return
    if level & _INFO:
        yield Need(number, last_number, info=True)
    if number != last_number or not level & (_BLOCK | _SEGMENT):
        return
    block = numbering.block(number, first.payload_id.block)
    if level & _BLOCK:
        last_block = numbering.block(number, last.payload_id.block)
        if block <= last_block:
            yield Need(number, number, False, block, last_block)
        return
    low, high = first.payload_id.symbol, last.payload_id.symbol
    if first.payload_id.block == last.payload_id.block and low <= high < _MAX_SYMBOL:
        yield Need(number, number, False, block, block, (2 << high) - (1 << low))


def requests_of(
    needs: Iterable[Need], scheme: Scheme, numbering: Numbering, limit_bytes: int
) -> Iterator[tuple[RepairRequest, ...]]:
    """Iterate over contents of messages of at most ``limit_bytes``, in order."""
    writer = _Writer(scheme, numbering, limit_bytes)
    for need in needs:
        for level, first, last in writer.ranges(need):
            if not writer.add(level, first, last):
                yield writer.take()
                writer.add(level, first, last)
    if requests := writer.take():
        yield requests


class _Writer:
    """Gathers requests until a message is full."""

    def __init__(self, scheme: Scheme, numbering: Numbering, limit_bytes: int) -> None:
        self._scheme = scheme
        self._numbering = numbering
        self._limit = self._left = min(limit_bytes, _LARGEST_BYTES)
        self._item_bytes = _ITEM_HEAD_BYTES + payload_id_bytes(scheme.fec_id)
        self._open: list[tuple[RepairForm, RepairLevel, list[RepairItem]]] = []

    def ranges(
        self, need: Need
    ) -> Iterator[tuple[RepairLevel, RepairItem, RepairItem]]:
        """Iterate over a need's ranges as the wire has them."""
        if need.block is None:
            level = RepairLevel.INFO if need.info else RepairLevel.OBJECT
            yield level, self._item(need.object), self._item(need.last_object)
        elif need.symbols is None:
            first = self._item(need.object, need.block)
            yield RepairLevel.BLOCK, first, self._item(need.object, need.last_block)
        else:
            for low, high in _runs(need.symbols):
                first = self._item(need.object, need.block, low)
                last = self._item(need.object, need.block, high)
                yield RepairLevel.SEGMENT, first, last

    def add(self, level: RepairLevel, first: RepairItem, last: RepairItem) -> bool:
        """Take a range in; False where the message has no room for it."""
        form = RepairForm.ITEMS if first == last else RepairForm.RANGES
        items = [first] if first == last else [first, last]
        size = len(items) * self._item_bytes
        fresh = not self._open or self._open[-1][:2] != (form, level)
        if fresh:
            size += RepairRequest.LAYOUT.size
        if size > self._left and self._open:
            return False
        self._left -= size
        if fresh:
            self._open.append((form, level, items))
        else:
            self._open[-1][2].extend(items)
        return True

    def take(self) -> tuple[RepairRequest, ...]:
        """Return what has been gathered and begin anew."""
        done = tuple(
            RepairRequest(form, level, tuple(items))
            for form, level, items in self._open
        )
        self._open.clear()
        self._left = self._limit
        return done

    def _item(self, number: int, block: int = 0, symbol: int = 0) -> RepairItem:
        length = 0
        if self._scheme.tells_length:
            length = self._numbering.length(number, block)
        bits = block & (1 << self._scheme.block_bits) - 1
        where = PayloadId(bits, symbol, length)
        return RepairItem(self._scheme.fec_id, number & 0xFFFF, where)


def _runs(bits: int) -> Iterator[tuple[int, int]]:
    """Iterate over the runs of ones, lowest first."""
    at = 0
    while bits:
        zeros = (bits & -bits).bit_length() - 1
        bits >>= zeros
        ones = (~bits & bits + 1).bit_length() - 1
        yield at + zeros, at + zeros + ones - 1
        bits >>= ones
        at += zeros + ones
