"""Bytes of an object that its sink has already, as after an interruption."""

from __future__ import annotations

import time
from collections.abc import Sequence
from random import Random

import pytest
from tests.norm.receive.facts import BACKOFF_S, DATA, numbered
from tests.norm.receive.places import CODING, Ear, Object, Source, asked

from groupwire.norm.coding import Coding
from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.receive.events import ObjectReceived
from groupwire.norm.receive.incoming import Incoming
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.wire.head import ObjectFlag

Ranges = Sequence[tuple[int, int]]
STEP = CODING.segment_bytes


class Kept(MemorySink):
    """Memory that an earlier run has filled in part."""

    def __init__(self, data: bytes, held: Ranges) -> None:
        super().__init__()
        self.held = held
        self.offsets: list[int] = []
        for offset, size in held:
            if offset >= 0 and size > 0:
                super().write(offset, [data[offset : offset + size]])

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        super().write(offset, parts)
        self.offsets.append(offset)


class Null:
    """Takes everything and has most of it."""

    def __init__(self, held: Ranges) -> None:
        self.held = held

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None: ...

    def read(self, offset: int, size_bytes: int) -> bytes:  # noqa: ARG002
        return bytes(size_bytes)


def _incoming(data: bytes, held: Ranges, coding: Coding = CODING) -> Incoming:
    code = ReedSolomon(coding.block, coding.parity)
    return Incoming(0, len(data), Kept(data, held), coding, code)


def _there(size: int, held: Ranges) -> set[int]:
    """Return the segments that lie wholly in what is held, byte by byte."""
    there = {at for offset, n in held for at in range(offset, offset + n)}
    starts = range(0, size, STEP)
    return {s // STEP for s in starts if {*range(s, min(s + STEP, size))} <= there}


def _fill(incoming: Incoming, data: bytes, but: set[int]) -> None:
    """Let everything arrive that is not there, and find it incomplete before."""
    partition, cut = incoming.partition, Object(data)
    for number in range(partition.symbols):
        if number not in but:
            assert not incoming.complete
            block, symbol = partition.place(number)
            assert incoming.add(block, symbol, [cut.symbol(block, symbol)])
    assert incoming.complete


@pytest.mark.parametrize("seed", range(40))
def test_exactly_the_segments_that_lie_wholly_in_what_is_held_are_there(
    seed: int,
) -> None:
    dice = Random(seed)
    data = dice.randbytes(dice.randint(1, 40 * STEP))
    draw = dice.randint
    held = [
        (draw(-2, len(data)), draw(-2, len(data) // 2 + STEP))
        for _ in range(dice.randint(0, 6))
    ]
    incoming = _incoming(data, held)
    there = _there(len(data), [h for h in held if h[0] >= 0])
    whole = sum(min(STEP, len(data) - number * STEP) for number in there)
    assert 0 <= incoming.arrived_bytes - whole < STEP
    _fill(incoming, data, there)
    assert incoming.arrived_bytes == len(data)
    sink = incoming.sink
    assert isinstance(sink, Kept)
    assert sink.data[: len(data)] == data
    assert not {at // STEP for at in sink.offsets} & there


def test_ranges_that_touch_hold_the_segment_that_they_share() -> None:
    data = bytes(3 * STEP)
    incoming = _incoming(data, [(STEP + 5, 2 * STEP - 5), (0, STEP + 5)])
    assert incoming.complete


@pytest.mark.parametrize("held", [[], [(0, 0)], [(0, 5)], [(7, 3)]])
def test_of_an_object_of_no_bytes_nothing_can_be_held(held: Ranges) -> None:
    incoming = _incoming(b"", held)
    assert incoming.complete
    assert incoming.arrived_bytes == 0


def test_parity_and_what_is_held_make_a_block_together() -> None:
    cut, sink = numbered(), Kept(DATA, [(0, 3 * STEP), (4 * STEP, 8 * STEP)])
    ear, source = Ear(sink_for=lambda _: sink), Source()
    ear.hear(source.symbol(cut, 1, 0))
    ear.hear(source.symbol(cut, 0, 4))
    (event,) = ear.events()
    assert isinstance(event, ObjectReceived)
    assert sink.data == DATA
    assert sink.offsets == [3 * STEP]


def test_only_what_is_not_held_is_asked_for() -> None:
    sink = Kept(DATA, [(0, 6 * STEP), (8 * STEP, 4 * STEP)])
    ear, source = Ear(sink_for=lambda _: sink), Source()
    ear.hear(source.symbol(numbered(), 0, 0), source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:1:4-5"]


@pytest.mark.parametrize("informed", [False, True])
def test_an_object_that_is_held_wholly_is_complete_at_once(informed: bool) -> None:
    sink = Kept(DATA, [(0, len(DATA))])
    ear, source = Ear(sink_for=lambda _: sink), Source()
    flags = ObjectFlag.INFO if informed else ObjectFlag(0)
    ear.hear(source.symbol(numbered(flags=flags), 2, 1))
    if informed:
        assert ear.events() == []
        ear.hear(source.info(0, b"name", size=len(DATA)))
    last = ear.events()[-1]
    assert isinstance(last, ObjectReceived)
    assert sink.offsets == []


def test_what_is_held_of_a_huge_object_is_counted_at_once() -> None:
    size, coding = 4 << 30, Coding()
    code = ReedSolomon(coding.block, coding.parity)
    held = [(0, 3 << 30), ((3 << 30) + 7, (1 << 30) - 100_000)]
    started = time.process_time()
    incoming = Incoming(0, size, Null(held), coding, code)
    assert size - 110_000 < incoming.arrived_bytes < size
    assert time.process_time() - started < 0.05
