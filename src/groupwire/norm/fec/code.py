"""Reed-Solomon over GF(2^8) for one block: parity made, erasures filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from groupwire.errors import UsageError
from groupwire.norm.fec import isal
from groupwire.norm.fec.field import Matrix, identity, inverted
from groupwire.norm.fec.generator import MAX_SYMBOLS, parity_rows
from groupwire.norm.fec.sums import Combine, Symbol, combine

__all__ = ["Combine", "ReedSolomon", "Symbol", "best_combine", "combine"]


def best_combine() -> Combine:
    """Return the fastest way to make sums that this machine has."""
    return isal.find() or combine


class ReedSolomon:
    """The code of blocks of at most ``source`` symbols with ``parity`` more.

    Sums are made by ``combine``, the best one unless another is given. Raises
    UsageError where both together are more than 255.
    """

    def __init__(
        self, source: int, parity: int, *, combine: Combine | None = None
    ) -> None:
        if source < 1 or parity < 0 or source + parity > MAX_SYMBOLS:
            raise UsageError(
                f"{source} source and {parity} parity symbols are not possible",
                fix=f"use at least 1 and at most {MAX_SYMBOLS} together",
            )
        self.source = source
        self.parity = parity
        self._combine = combine or best_combine()

    def encode(
        self, block: Sequence[Symbol], wanted: Iterable[int], size_bytes: int
    ) -> list[bytes]:
        """Return the parity symbols asked for, by number from 0 on, and no others.

        ``block`` may hold fewer symbols than the code, and each fewer bytes.
        """
        return self._sums(self._rows(wanted, len(block)), block, size_bytes)

    def decode(
        self,
        length: int,
        source: Mapping[int, Symbol],
        parity: Mapping[int, Symbol],
        size_bytes: int,
    ) -> dict[int, bytes]:
        """Return the missing symbols of a block of ``length`` source symbols.

        ``source`` and ``parity`` are what arrived, by number from 0 on. Raises
        UsageError if that is not enough.
        """
        missing = [n for n in range(length) if n not in source]
        if not missing:
            return {}
        numbers = _lowest(parity, len(missing))
        rows = self._rows(numbers, length)
        # What the missing symbols alone would have made of each parity symbol. With
        # zeros for them the rows are those of the last block, and so are their tables.
        zeros = bytes(size_bytes)
        block: list[Symbol] = [zeros] * length
        for number, symbol in source.items():
            block[number] = symbol
        arrived = [*block, *(parity[n] for n in numbers)]
        units = identity(len(numbers))
        known = tuple(row + unit for row, unit in zip(rows, units, strict=True))
        rests = self._sums(known, arrived, size_bytes)
        solved = inverted(tuple(bytes(row[n] for n in missing) for row in rows))
        found = self._combine(solved, rests, size_bytes)
        return dict(zip(missing, found, strict=True))

    def _rows(self, numbers: Iterable[int], length: int) -> Matrix:
        """Return the rows of some parity symbols, cut to the length of a block."""
        if length > self.source:
            raise UsageError(
                f"a block of {length} symbols is longer than the code",
                fix=f"use at most {self.source}",
            )
        rows = parity_rows(self.source, self.parity)
        return tuple(rows[n][:length] for n in numbers)

    def _sums(
        self, rows: Matrix, symbols: Sequence[Symbol], size_bytes: int
    ) -> list[bytes]:
        longest = max(map(len, symbols), default=0)
        if longest > size_bytes:
            raise UsageError(
                f"a symbol of {longest} bytes is longer than {size_bytes}",
                fix="give the size of the longest",
            )
        return self._combine(rows, symbols, size_bytes)


def _lowest(parity: Iterable[int], count: int) -> list[int]:
    """Return so many numbers of parity symbols; UsageError where there are fewer."""
    numbers = sorted(parity)[:count]
    if len(numbers) < count:
        raise UsageError(
            f"{count} symbols are missing and {len(numbers)} parity symbols are there",
            fix="decode when as many have arrived",
        )
    return numbers
