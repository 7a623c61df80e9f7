"""Datagrams that came one by one, in rows."""

from __future__ import annotations

import pytest

from groupwire.net.batch.rows import in_rows, runs
from groupwire.values import Datagram, Origin

_A, _B = Origin("192.0.2.1", 5000), Origin("192.0.2.2", 5000)


def _datagram(
    byte: int, size: int = 1000, origin: Origin = _A, interface: int = 1, step: int = 0
) -> Datagram:
    return Datagram(bytes([byte]) * size, origin, interface, segment_bytes=step)


def _parts(rows: list[Datagram]) -> list[int]:
    return [bytes(part)[0] for row in rows for part in row.segments()]


def test_equal_datagrams_of_a_sender_are_one_row() -> None:
    rows = in_rows([_datagram(n) for n in range(5)])
    assert len(rows) == 1
    assert rows[0].segment_bytes == 1000
    assert rows[0].origin == _A
    assert _parts(rows) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "other",
    [
        _datagram(9, size=999),
        _datagram(9, origin=_B),
        _datagram(9, interface=2),
        _datagram(9, step=500),
    ],
    ids=["shorter", "another sender", "another interface", "joined by the kernel"],
)
def test_what_differs_ends_a_row_and_order_is_kept(other: Datagram) -> None:
    rows = in_rows([_datagram(0), _datagram(1), other, _datagram(2), _datagram(3)])
    assert [len(list(row.segments())) for row in rows][0::2] == [2, 2]
    assert rows[1] is other


def test_small_datagrams_stay_alone() -> None:
    alone = [_datagram(n, size=100) for n in range(3)]
    assert in_rows(alone) == alone


def test_one_is_no_row() -> None:
    one = _datagram(1)
    assert in_rows([one]) == [one]
    assert in_rows([]) == []


def test_columns_that_are_the_same_all_along_are_one_row() -> None:
    assert list(runs([1000] * 4, [b"a"] * 4, [b"x"] * 4)) == [(0, 4)]


def test_a_row_of_columns_ends_where_one_of_them_changes() -> None:
    sizes, names = [1000, 1000, 999, 999, 999], [b"a", b"a", b"a", b"b", b"b"]
    assert list(runs(sizes, names)) == [(0, 2), (2, 3), (3, 5)]


def test_small_ones_among_columns_stay_alone() -> None:
    assert list(runs([9] * 2 + [512] * 2, [b"a"] * 4)) == [(0, 1), (1, 2), (2, 4)]


def test_large_datagrams_stay_alone() -> None:
    alone = [_datagram(n, size=60_000) for n in range(3)]
    assert in_rows(alone) == alone
    assert list(runs([60_000] * 2 + [1000] * 2)) == [(0, 1), (1, 2), (2, 4)]
    assert list(runs([60_000] * 2)) == [(0, 1), (1, 2)]
