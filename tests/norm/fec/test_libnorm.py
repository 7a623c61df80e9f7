"""Parity made by the reference implementation, captured by tests.interop."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from groupwire.norm.fec.code import Combine, ReedSolomon, combine
from groupwire.norm.partition import Partition


@dataclass(frozen=True)
class Vector:
    """An object, how it is coded, and all parity symbols of its blocks in hex."""

    fec_id: int
    k: int
    parity: int
    segment: int
    size: int
    seed: int
    symbols: dict[str, str]

    def __str__(self) -> str:
        return f"fec {self.fec_id}, {self.k}+{self.parity}, {self.size} bytes"

    @property
    def partition(self) -> Partition:
        return Partition.of(self.size, self.segment, self.k)

    def block(self, number: int) -> list[bytes]:
        """Return the source symbols; an object's bytes are drawn from its seed."""
        data, cut = Random(self.seed).randbytes(self.size), self.partition
        return [
            data[cut.offset(number, n) :][: cut.symbol_bytes(number, n)]
            for n in range(cut.length(number))
        ]

    def parity_of(self, number: int) -> list[bytes]:
        """Return what the reference has made: its symbols follow the block's own."""
        length = self.partition.length(number)
        return [
            bytes.fromhex(self.symbols[f"{number}/{length + n}"])
            for n in range(self.parity)
        ]


VECTORS = [
    Vector(**vector)
    for vector in json.loads(
        (Path(__file__).parent / "vectors/libnorm.json").read_text()
    )
]
BLOCKS = [
    pytest.param(vector, number, id=f"{vector}, block {number}")
    for vector in VECTORS
    for number in range(vector.partition.blocks)
]


def test_full_and_shortened_blocks_and_short_symbols_were_captured() -> None:
    lengths = [
        (vector.k, vector.partition.length(number))
        for vector in VECTORS
        for number in range(vector.partition.blocks)
    ]
    assert any(length == k for k, length in lengths)
    assert any(1 < length < k for k, length in lengths)
    assert any(vector.size < vector.segment for vector in VECTORS)
    assert {vector.fec_id for vector in VECTORS} == {2, 5, 129}


@pytest.mark.parametrize(("vector", "number"), BLOCKS)
def test_parity_is_the_same_in_pure_python(vector: Vector, number: int) -> None:
    check(vector, number, combine)


@pytest.mark.parametrize(("vector", "number"), BLOCKS)
def test_parity_is_the_same_with_the_library(
    vector: Vector, number: int, library: Combine
) -> None:
    check(vector, number, library)


def check(vector: Vector, number: int, sums: Combine) -> None:
    code = ReedSolomon(vector.k, vector.parity, combine=sums)
    block, made = vector.block(number), vector.parity_of(number)
    size = max(map(len, block))
    assert code.encode(block, range(vector.parity), size) == made
    # And what the reference has protected is filled in: as much as there is parity.
    lost = Random(number).sample(range(len(block)), min(len(block), vector.parity))
    kept = {n: symbol for n, symbol in enumerate(block) if n not in lost}
    found = code.decode(len(block), kept, dict(enumerate(made)), size)
    assert found == {n: block[n].ljust(size, b"\0") for n in lost}
