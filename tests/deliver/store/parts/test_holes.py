"""Which rows of zeros are left out."""

from __future__ import annotations

from groupwire.deliver.store.parts.holes import split

DATA = b"data"
SOME, MANY = bytes(1400), [bytes(1400)] * 12


def test_long_rows_of_zeros_are_holes() -> None:
    parts = [DATA, *MANY, DATA, DATA, *MANY]
    assert list(split(parts)) == [
        (False, 0, 1),
        (True, 1, 13),
        (False, 13, 15),
        (True, 15, 27),
    ]


def test_a_few_zeros_are_written_with_their_neighbours() -> None:
    assert list(split([DATA, SOME, DATA, SOME])) == [(False, 0, 4)]


def test_a_hole_is_found_in_views_of_datagrams() -> None:
    view = memoryview(bytearray(8 + (1 << 15)))[8:]
    assert list(split([view])) == [(True, 0, 1)]


def test_nothing_is_no_hole() -> None:
    assert list(split([])) == []
