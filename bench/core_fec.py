"""Parity made and erasures filled, in MB/s of source: ours, ISA-L's and zfec's.

``python -m bench.core_fec`` prints the table. zfec is measured where it is installed;
nothing else needs it, and its licence would not let it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from time import perf_counter

from groupwire.norm.fec import isal
from groupwire.norm.fec.code import Combine, ReedSolomon, combine

from .outcome import Outcome, Row
from .stats import Samples
from .table import plain_text, tables

__all__ = ["rows"]

SOURCE = 64
PARITY = 32
SYMBOL = 1400
ROUNDS = 9
TURN_S = 0.02
Work = Callable[[], object]


def rows() -> list[Row]:
    """Measure every variant in each round, so that a slow moment hits them all."""
    symbols = [Random(n).randbytes(SYMBOL) for n in range(SOURCE)]
    works = dict(_works(symbols))
    samples = Samples()
    for _ in range(ROUNDS):
        for label, work in works.items():
            samples.add(label, [_speed(work)])
    return [
        Row(label, samples.of(label), "MB/s", ours="zfec" not in label)
        for label in sorted(works, key=lambda label: label.partition(", ")[0])
    ]


def _speed(work: Work) -> float:
    """Repeat ``work`` for a short turn; return the MB/s of source that went in."""
    started = ended = perf_counter()
    count = 0
    while ended < started + TURN_S:
        work()
        count += 1
        ended = perf_counter()
    return count * SOURCE * SYMBOL / (ended - started) / 1e6


def _works(symbols: list[bytes]) -> Iterator[tuple[str, Work]]:
    fast = isal.find()
    yield from _ours("pure", combine, symbols)
    if fast is not None:
        yield from _ours("ISA-L", fast, symbols)
    yield from _zfec(symbols)


def _ours(
    name: str, combine: Combine, symbols: list[bytes]
) -> Iterator[tuple[str, Work]]:
    code = ReedSolomon(SOURCE, PARITY, combine=combine)
    for count in (8, 32):
        yield (
            f"make {count} parity symbols, {name}",
            partial(code.encode, symbols, range(count), SYMBOL),
        )
    made = code.encode(symbols, range(PARITY), SYMBOL)
    for count in (3, 8):
        gaps = _gaps(count)
        source = {n: symbol for n, symbol in enumerate(symbols) if n not in gaps}
        parity = dict(enumerate(made[:count]))
        assert code.decode(SOURCE, source, parity, SYMBOL) == {
            n: symbols[n] for n in gaps
        }
        yield (
            f"fill {count} gaps, {name}",
            partial(code.decode, SOURCE, source, parity, SYMBOL),
        )


def _zfec(symbols: list[bytes]) -> Iterator[tuple[str, Work]]:
    try:
        from zfec import Decoder, Encoder
    except ImportError:
        return
    encoder = Encoder(SOURCE, SOURCE + PARITY)
    decoder = Decoder(SOURCE, SOURCE + PARITY)
    for count in (8, 32):
        wanted = list(range(SOURCE, SOURCE + count))
        ours = ReedSolomon(SOURCE, PARITY).encode(symbols, range(count), SYMBOL)
        made = encoder.encode(symbols, wanted)
        assert made == ours
        yield (
            f"make {count} parity symbols, zfec",
            partial(encoder.encode, symbols, wanted),
        )
    for count in (3, 8):
        # It wants what arrived in its own place, and parity where the gaps are.
        numbers, arrived = list(range(SOURCE)), list(symbols)
        for number, gap in enumerate(_gaps(count)):
            numbers[gap], arrived[gap] = SOURCE + number, made[number]
        assert decoder.decode(arrived, numbers) == symbols
        yield (
            f"fill {count} gaps, zfec",
            partial(decoder.decode, arrived, numbers),
        )


def _gaps(count: int) -> range:
    """Return numbers of lost symbols, spread over the block."""
    return range(1, SOURCE, SOURCE // count)[:count]


if __name__ == "__main__":
    for table in tables(Outcome(rows())):
        print(plain_text(table))
