"""Segments of a stream that came together."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.norm.receive.places import stream_symbol

from groupwire.norm.receive.stretch import StreamStore, Stretch
from groupwire.norm.stream_header import StreamHeader

TEXTS = [b"one|t", b"wo", b"three|", b"four"]


def _symbols(starts: tuple[int, ...] = (1, 0, 0, 0)) -> list[bytes]:
    return [
        stream_symbol(text, message_start=start)
        for text, start in zip(TEXTS, starts, strict=True)
    ]


def test_symbols_that_came_together_are_joined() -> None:
    symbols = _symbols()
    stretch = Stretch.of([memoryview(symbol) for symbol in symbols])
    assert stretch is not None
    assert (stretch.length, stretch.data) == (4, b"".join(TEXTS))
    assert list(stretch.symbols()) == symbols


@pytest.mark.parametrize(
    ("starts", "at"),
    [
        ((0, 0, 0, 0), None),
        ((1, 0, 0, 0), 0),
        ((5, 0, 0, 0), 4),
        ((0, 0, 3, 1), 9),
        ((0, 0, 0, 4), 16),
    ],
)
def test_it_tells_where_the_first_message_begins(
    starts: tuple[int, ...], at: int | None
) -> None:
    stretch = Stretch.of(_symbols(starts))
    assert stretch is not None
    assert stretch.message_at == at


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b"\0\3\0", id="cut"),
        pytest.param(stream_symbol(b""), id="the end"),
        pytest.param(stream_symbol(b"abc") + b"\0", id="bytes behind it"),
        pytest.param(stream_symbol(b"abc")[:-1], id="a length that lies"),
        pytest.param(stream_symbol(b"abc", message_start=4), id="a start that lies"),
    ],
)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_with_one_that_is_odd_all_are_read_one_by_one(odd: bytes, place: int) -> None:
    symbols = _symbols()
    symbols.insert(place, odd)
    assert Stretch.of(symbols) is None


def test_one_alone_leaves_what_stands_behind_its_bytes() -> None:
    symbol = stream_symbol(b"abc", message_start=3) + b"filled"
    stretch = Stretch.alone(StreamHeader.decode(symbol), symbol)
    assert (stretch.length, stretch.data, stretch.message_at) == (1, b"abc", 2)
    middle = stream_symbol(b"abc")
    assert Stretch.alone(StreamHeader.decode(middle), middle).message_at is None


def test_a_store_keeps_nothing_of_what_it_has_forgotten() -> None:
    store = StreamStore(2)
    store.write(0, 0, [b"a", memoryview(b"b")])
    store.write(1, 1, [b"c"])
    store.forget_before(1)
    assert store.get(0, 0) is None
    assert store.get(1, 1) == b"c"
    # As long as symbols can be: nobody knows how long those were that never came.
    assert store.read(1, 4) == [bytes(4), b"c\0\0\0"]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6), st.integers(0, 99))
def test_whatever_came_together_a_block_is_read_as_it_came(
    counts: list[int], seed: int
) -> None:
    rng = Random(seed)
    total = sum(counts)
    texts = [rng.randbytes(rng.randrange(1, 9)) for _ in range(total)]
    symbols = [stream_symbol(text, message_start=1) for text in texts]
    store = StreamStore(total)
    places = [sum(counts[:n]) for n in range(len(counts))]
    for at in rng.sample(range(len(counts)), len(counts)):
        store.write(5, places[at], symbols[places[at] :][: counts[at]])
    assert store.read(5, 16) == [symbol.ljust(16, b"\0") for symbol in symbols]


def test_it_finds_what_begins_next() -> None:
    store = StreamStore(8)
    assert store.next(0, 0) is None
    store.write(2, 6, [b"late"])
    store.write(2, 1, _symbols())
    store.write(4, 3, [b"later"])
    assert store.next(0, 5) == (2, 1)
    assert store.next(2, 1) == (2, 1)
    assert store.next(2, 2) == (2, 6)
    assert store.next(2, 7) == (4, 3)
    assert store.next(4, 4) is None
    assert store.get(2, 2) is None
    assert store.get(3, 0) is None


def test_a_large_symbol_that_came_alone_is_kept_as_it_came() -> None:
    store = StreamStore(2)
    symbol = stream_symbol(b"x" * 10_000)
    view = memoryview(symbol)
    store.write(0, 1, [view])
    assert store.get(0, 1) is view
    assert store.read(0, 10_010) == [bytes(10_010), symbol + bytes(2)]
