"""Messages made wrong in the ways that parsers are made wrong by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

__all__ = ["Corpus", "Mutator"]

_LARGEST = 65_507
"""What UDP carries."""
_UNCHANGED = 0.2
"""So much is left alone, so that a core gets anywhere at all."""
_MOST_CHANGES = 4
_LARGE = 0.01
_INTERESTING = (0, 1, 2, 3, 4, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
_INTERESTING_WIDE = (0, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x0100, 0x4000)


class Corpus(NamedTuple):
    """Where mutation begins."""

    usual: Sequence[bytes]
    large: Sequence[bytes]
    """As much as there can be of each kind; drawn seldom, because they take long."""


class Mutator:
    """Draws messages from a corpus and changes most of them."""

    def __init__(self, corpus: Corpus, rng: Random) -> None:
        self._corpus = corpus
        self._rng = rng
        self._random = rng.random
        self._ways: tuple[Callable[[bytearray], None], ...] = (
            self._flip,
            self._byte,
            self._wide,
            self._wide,
            self._cut,
            self._extend,
            self._drop,
            self._repeat,
            self._splice,
        )

    def next(self) -> bytes:
        """Return the next message."""
        base = self._draw()
        if self._random() < _UNCHANGED:
            return base
        data = bytearray(base)
        for _ in range(1 + self._below(_MOST_CHANGES)):
            if data:
                self._ways[self._below(len(self._ways))](data)
        return bytes(data[:_LARGEST])

    def _draw(self) -> bytes:
        large = self._random() < _LARGE
        messages = self._corpus.large if large else self._corpus.usual
        return messages[self._below(len(messages))]

    def _below(self, end: int) -> int:
        return int(self._random() * end)

    def _at(self, data: bytearray) -> int:
        """Return a place, mostly in what may be header."""
        end = len(data)
        return self._below(end if self._random() < 0.3 else min(end, 48))

    def _flip(self, data: bytearray) -> None:
        data[self._at(data)] ^= 1 << self._below(8)

    def _byte(self, data: bytearray) -> None:
        at = self._at(data)
        if self._random() < 0.5:
            data[at] = _INTERESTING[self._below(len(_INTERESTING))]
        else:
            data[at] = self._below(256)

    def _wide(self, data: bytearray) -> None:
        at = self._at(data) & ~1
        value = _INTERESTING_WIDE[self._below(len(_INTERESTING_WIDE))]
        data[at : at + 2] = value.to_bytes(2, "big")

    def _cut(self, data: bytearray) -> None:
        del data[self._below(len(data)) :]

    def _extend(self, data: bytearray) -> None:
        data += self._rng.randbytes(1 + self._below(16))

    def _drop(self, data: bytearray) -> None:
        at = self._at(data)
        del data[at : at + 1 + self._below(8)]

    def _repeat(self, data: bytearray) -> None:
        at = self._at(data)
        piece = data[at : at + 1 + self._below(32)]
        data[at:at] = piece * (1 + self._below(3))

    def _splice(self, data: bytearray) -> None:
        other = self._draw()
        at = self._at(data)
        data[at:] = other[at:]
