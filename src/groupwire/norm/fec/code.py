"""Reed-Solomon over GF(2^8) for one block: parity made, erasures filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import TypeAlias

from groupwire.errors import UsageError
from groupwire.norm.fec.field import Matrix, add, inverted, scaled
from groupwire.norm.fec.generator import MAX_SYMBOLS, parity_rows

__all__ = ["Combine", "ReedSolomon", "combine"]

Combine: TypeAlias = Callable[[Matrix, Sequence[bytes], int], list[bytes]]
"""Makes a sum of scaled symbols for each row; symbols may be shorter than the size."""


def combine(rows: Matrix, symbols: Sequence[bytes], size_bytes: int) -> list[bytes]:
    """Return for each row the sum of all symbols, each times its factor.

    A symbol that is shorter than ``size_bytes`` counts as if zeros followed.
    """
    return [
        reduce(
            add,
            (scaled(s, factor) for s, factor in zip(symbols, row, strict=True)),
            0,
        ).to_bytes(size_bytes, "little")
        for row in rows
    ]


class ReedSolomon:
    """The code of blocks of at most ``source`` symbols with ``parity`` more.

    Raises UsageError where both together are more than 255.
    """

    def __init__(self, source: int, parity: int, *, combine: Combine = combine) -> None:
        if source < 1 or parity < 0 or source + parity > MAX_SYMBOLS:
            raise UsageError(
                f"{source} source and {parity} parity symbols are not possible",
                fix=f"use at least 1 and at most {MAX_SYMBOLS} together",
            )
        self.source = source
        self.parity = parity
        self._combine = combine

    def encode(
        self, block: Sequence[bytes], wanted: Iterable[int], size_bytes: int
    ) -> list[bytes]:
        """Return the parity symbols asked for, by number from 0 on, and no others.

        ``block`` may hold fewer symbols than the code, and each fewer bytes.
        """
        rows = parity_rows(self.source, self.parity)
        length = len(block)
        return self._combine(tuple(rows[n][:length] for n in wanted), block, size_bytes)

    def decode(
        self,
        length: int,
        source: Mapping[int, bytes],
        parity: Mapping[int, bytes],
        size_bytes: int,
    ) -> dict[int, bytes]:
        """Return the missing symbols of a block of ``length`` source symbols.

        ``source`` and ``parity`` are what arrived, by number from 0 on. Raises
        UsageError if that is not enough.
        """
        missing = [n for n in range(length) if n not in source]
        numbers = sorted(parity)[: len(missing)]
        if len(numbers) < len(missing):
            raise UsageError(
                f"{len(missing)} symbols are missing and {len(numbers)} parity "
                "symbols are there",
                fix="decode when as many have arrived",
            )
        if not missing:
            return {}
        rows = parity_rows(self.source, self.parity)
        present = sorted(source)
        # What the missing symbols alone would have made of each parity symbol.
        known = tuple((*(rows[n][at] for at in present), 1) for n in numbers)
        rests = [
            self._combine(
                (row,), [*(source[at] for at in present), parity[n]], size_bytes
            )[0]
            for row, n in zip(known, numbers, strict=True)
        ]
        solved = inverted(tuple(tuple(rows[n][at] for at in missing) for n in numbers))
        return dict(zip(missing, self._combine(solved, rests, size_bytes), strict=True))
