"""Datagrams that came one by one, put together as the kernel would have joined them.

Where nothing on the way coalesces (UDP_GRO needs a device that does), a flood costs a
message for each packet; in a row it costs little more than one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from groupwire.values import Datagram

__all__ = ["LEAST_BYTES", "in_rows", "runs"]

LEAST_BYTES = 512
"""Of a datagram that is worth it: small ones are words, not data."""


def runs(sizes: Sequence[int], *marks: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Iterate over (first, after) of the rows that these columns make, in order.

    Equal sizes and marks are one row; a small datagram is one of its own.
    """
    columns, count, after = (sizes, *marks), len(sizes), 0
    if sizes[0] >= LEAST_BYTES and all(c.count(c[0]) == count for c in columns):
        yield 0, count
        return
    for (size, *_), run in groupby(zip(*columns, strict=True)):
        for length in [len(list(run))] if size >= LEAST_BYTES else [1 for _ in run]:
            first, after = after, after + length
            yield first, after


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
    if size < LEAST_BYTES or head.segment_bytes:
        return after
    while after < count:
        other = datagrams[after]
        if len(other.data) != size or other.origin != origin or other.segment_bytes:
            break
        if other.interface != index:
            break
        after += 1
    return after
