"""Parity made and erasures filled, in MB/s of source: ours, ISA-L's and zfec's.

zfec is measured where it is installed; nothing else needs it, and its licence would not
let it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from random import Random

from groupwire.norm.fec import isal
from groupwire.norm.fec.code import Combine, ReedSolomon, combine

from .turns import Turn, calls_per_s

__all__ = ["COUNTS", "LIBRARIES", "SOURCE", "SYMBOL", "fill", "libraries", "make"]

SOURCE, PARITY, SYMBOL = 64, 32, 1400
COUNTS = (8, 32)
PURE, ISAL, ZFEC = "Python alone", "ISA-L", "zfec"
LIBRARIES = (PURE, ISAL, ZFEC)
_Work = Callable[[], object]


def libraries() -> list[str]:
    """Return which of them are here."""
    here = {
        PURE: True,
        ISAL: isal.find() is not None,
        ZFEC: find_spec("zfec") is not None,
    }
    return [name for name in LIBRARIES if here[name]]


def make(library: str, count: int) -> Turn:
    """Make ``count`` parity symbols of a block; MB/s of source."""
    block = _block()
    work = _zfec_make(block, count) if library == ZFEC else _make(library, block, count)
    return _timed(work)


def fill(library: str, count: int) -> Turn:
    """Fill ``count`` gaps of a block from as many parity symbols; MB/s of source."""
    block = _block()
    work = _zfec_fill(block, count) if library == ZFEC else _fill(library, block, count)
    return _timed(work)


def _timed(work: _Work) -> Turn:
    return lambda: calls_per_s(work) * SOURCE * SYMBOL / 1e6


def _block() -> list[bytes]:
    return [Random(n).randbytes(SYMBOL) for n in range(SOURCE)]


def _gaps(count: int) -> range:
    """Return numbers of lost symbols, spread over the block."""
    return range(1, SOURCE, SOURCE // count)[:count]


def _code(library: str = PURE) -> ReedSolomon:
    sums: Combine | None = combine if library == PURE else isal.find()
    return ReedSolomon(SOURCE, PARITY, combine=sums)


def _make(library: str, block: list[bytes], count: int) -> _Work:
    return partial(_code(library).encode, block, range(count), SYMBOL)


def _fill(library: str, block: list[bytes], count: int) -> _Work:
    code = _code(library)
    lost = {n: block[n] for n in _gaps(count)}
    source = {n: symbol for n, symbol in enumerate(block) if n not in lost}
    parity = dict(enumerate(code.encode(block, range(count), SYMBOL)))
    assert code.decode(SOURCE, source, parity, SYMBOL) == lost
    return partial(code.decode, SOURCE, source, parity, SYMBOL)


def _zfec_make(block: list[bytes], count: int) -> _Work:
    from zfec import Encoder  # type: ignore[import-untyped]

    encoder = Encoder(SOURCE, SOURCE + PARITY)
    wanted = list(range(SOURCE, SOURCE + count))
    assert encoder.encode(block, wanted) == _code().encode(block, range(count), SYMBOL)
    return partial(encoder.encode, block, wanted)


def _zfec_fill(block: list[bytes], count: int) -> _Work:
    from zfec import Decoder

    decoder = Decoder(SOURCE, SOURCE + PARITY)
    parity = _code().encode(block, range(count), SYMBOL)
    # It wants what arrived in its own place, and parity where the gaps are.
    numbers, arrived = list(range(SOURCE)), list(block)
    for number, gap in enumerate(_gaps(count)):
        numbers[gap], arrived[gap] = SOURCE + number, parity[number]
    assert decoder.decode(arrived, numbers) == block
    return partial(decoder.decode, arrived, numbers)
