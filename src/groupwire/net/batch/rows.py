"""Datagrams that came one by one, put together as the kernel would have joined them.

Where nothing on the way coalesces (UDP_GRO needs a device that does), a flood costs a
message for each packet; in a row it costs little more than one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from groupwire.values import Datagram

__all__ = ["LEAST_BYTES", "MOST_BYTES", "in_rows", "runs"]

LEAST_BYTES = 512
"""Of a datagram that is worth it: small ones are words, not data."""
MOST_BYTES = 16_384
"""To put larger ones together takes as long as to look at each."""


def runs(sizes: Sequence[int], *marks: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Iterate over (first, after) of the rows that these columns make, in order.

    Equal sizes and marks are one row; a small datagram is one of its own.
    """
    columns, count, after = (sizes, *marks), len(sizes), 0
    if LEAST_BYTES <= sizes[0] <= MOST_BYTES and all(
        c.count(c[0]) == count for c in columns
    ):
        yield 0, count
        return
    for (size, *_), run in groupby(zip(*columns, strict=True)):
        for length in _lengths(size, len(list(run))):
            first, after = after, after + length
            yield first, after


def _lengths(size: int, count: int) -> Sequence[int]:
    """Return how many of so many equal datagrams each row has."""
    return (count,) if LEAST_BYTES <= size <= MOST_BYTES else (1,) * count


def in_rows(datagrams: Sequence[Datagram]) -> list[Datagram]:
    """Return them with equal ones of a sender behind each other joined, in order."""
    rows: list[Datagram] = []
    first, count = 0, len(datagrams)
    while first < count:
        after = _end_of_row(datagrams, first, count)
        head = datagrams[first]
        if after > first + 1:
            head = head.followed_by(datagrams[first + 1 : after])
        rows.append(head)
        first = after
    return rows


def _end_of_row(datagrams: Sequence[Datagram], first: int, count: int) -> int:
    head, after = datagrams[first], first + 1
    size, origin, index = len(head.data), head.origin, head.interface
    if not LEAST_BYTES <= size <= MOST_BYTES or head.segment_bytes:
        return after
    while after < count:
        other = datagrams[after]
        if len(other.data) != size or other.origin != origin or other.segment_bytes:
            break
        if other.interface != index:
            break
        after += 1
    return after
