"""What is lacking: whole objects, infos, whole blocks, symbols.

Objects and blocks are unwrapped numbers here; symbols of a block are bits of an
integer. A receiver's needs, what it has heard others ask for and what a sender has been
asked for are all of this form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from groupwire.norm.intervals import Intervals

__all__ = ["Need", "RepairState", "added_up"]

_MAX_ENTRIES = 4096
"""Of each kind: what strangers ask for must not fill memory."""


class Need(NamedTuple):
    """One range of one kind, in the order in which a sender sends.

    Exactly one of these is true: ``block`` is None (whole objects, or with ``info``
    their infos), ``symbols`` is None (whole blocks up to ``last``), or ``symbols`` is
    the set of those needed of ``block``.
    """

    object: int
    last_object: int
    info: bool = False
    block: int | None = None
    last_block: int = 0
    symbols: int | None = None


class RepairState:
    """A set of repair needs that grows."""

    __slots__ = ("_blocks", "_entries", "_infos", "_objects", "_symbols")

    def __init__(self) -> None:
        self._objects = Intervals()
        self._infos = Intervals()
        self._blocks: dict[int, Intervals] = {}
        self._symbols: dict[int, dict[int, int]] = {}
        self._entries = 0

    def __bool__(self) -> bool:
        return bool(self._objects or self._infos or self._blocks or self._symbols)

    def add_objects(self, first: int, last: int) -> None:
        """Ask for whole objects, with their infos."""
        if len(self._objects) < _MAX_ENTRIES:
            self._objects.add(first, last)

    def add_infos(self, first: int, last: int) -> None:
        """Ask for the infos of objects."""
        if len(self._infos) < _MAX_ENTRIES:
            self._infos.add(first, last)

    def add_blocks(self, number: int, first: int, last: int) -> None:
        """Ask for whole blocks of an object."""
        blocks = self._blocks.get(number)
        if blocks is None:
            if len(self._blocks) >= _MAX_ENTRIES:
                return
            blocks = self._blocks[number] = Intervals()
        if len(blocks) < _MAX_ENTRIES:
            blocks.add(first, last)

    def add_symbols(self, number: int, block: int, symbols: int) -> None:
        """Ask for symbols of a block, as bits."""
        of = self._symbols.get(number)
        if of is None or block not in of:
            if self._entries >= _MAX_ENTRIES:
                return
            self._entries += 1
            of = self._symbols.setdefault(number, {})
        of[block] = of.get(block, 0) | symbols

    def add(self, need: Need) -> None:
        """Ask for one need of any kind."""
        if need.info:
            self.add_infos(need.object, need.last_object)
        elif need.block is None:
            self.add_objects(need.object, need.last_object)
        elif need.symbols is None:
            self.add_blocks(need.object, need.block, need.last_block)
        else:
            self.add_symbols(need.object, need.block, need.symbols)

    def __iter__(self) -> Iterator[Need]:
        """Iterate in the order in which a sender sends (RFC 5740 §4.3.1)."""
        wanted = self._wanted() if self._objects or self._infos else {}
        for number in sorted({*wanted, *self._blocks, *self._symbols}):
            if number in wanted:
                yield wanted[number]
            if number not in self._objects:
                yield from self._of_object(number)

    def _wanted(self) -> dict[int, Need]:
        """Return whole objects and infos, by the first of each range."""
        objects = [Need(first, last) for first, last in self._objects]
        infos = [
            Need(low, high, info=True)
            for first, last in self._infos
            for low, high in self._objects.gaps(first, last)
        ]
        return {need.object: need for need in (*objects, *infos)}

    def _of_object(self, number: int) -> Iterator[Need]:
        blocks = self._blocks.get(number)
        symbols = self._symbols.get(number, {})
        if blocks is None:
            for block in sorted(symbols):
                yield Need(number, number, False, block, block, symbols[block])
            return
        whole = [(first, last, None) for first, last in blocks]
        partial = [(b, b, bits) for b, bits in symbols.items() if b not in blocks]
        for first, last, bits in sorted([*whole, *partial], key=lambda entry: entry[0]):
            yield Need(number, number, False, first, last, bits)

    def covers(self, needs: Iterable[Need]) -> bool:
        """Return whether whoever answers this state answers those needs too."""
        return all(self.covers_need(need) for need in needs)

    def covers_need(self, need: Need) -> bool:
        """Return whether one need is in it."""
        if self._objects.covers(need.object, need.last_object):
            return True
        if need.info:
            lacking = self._infos.gaps(need.object, need.last_object)
            return all(self._objects.covers(first, last) for first, last in lacking)
        if need.block is None:
            return False
        blocks = self._blocks.get(need.object)
        if blocks is not None and blocks.covers(need.block, need.last_block):
            return True
        if need.symbols is None:
            return False
        heard = self._symbols.get(need.object, {}).get(need.block, 0)
        return not need.symbols & ~heard


def added_up(needs: Iterable[Need]) -> Iterable[Need]:
    """Return needs as one set of them, in order; a single one is that already."""
    some = list(needs)
    if len(some) < 2:
        return some
    state = RepairState()
    for need in some:
        state.add(need)
    return state
