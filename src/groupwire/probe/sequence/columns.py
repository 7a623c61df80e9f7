"""Numbers out of a row of equal datagrams, read as columns and not one by one.

What the kernel has joined are the packets of one sender behind each other, so nearly
always the numbers go up by one: that is seen by comparing two strings of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["is_constant", "runs"]

_LADDER = bytes(range(256)) * 2


def is_constant(data: bytes, step: int, first: int, after: int) -> bool:
    """Tell whether bytes ``first`` up to before ``after`` are alike in all packets."""
    for at in range(first, after):
        column = data[at::step]
        if column.count(column[:1]) != len(column):
            return False
    return True


def runs(data: bytes, step: int, at: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield first and count of each run of numbers that lie ``at`` in every packet.

    They have ``width`` bytes, in network order; all packets reach as far.
    """
    low = at + width - 1
    column = data[low::step]
    first, count = column[0], len(column)
    if column == _LADDER[first : first + count]:
        number = int.from_bytes(data[at : at + width], "big")
        last = data[(count - 1) * step + at :][:width]
        goes_on = int.from_bytes(last, "big") == (number + count - 1) % (1 << 8 * width)
        before = 256 - first
        if goes_on and all(
            _turns_once(data[high::step], before) for high in range(at, low)
        ):
            yield number, count
            return
    yield from _runs(data, step, at, width)


def _turns_once(column: bytes, before: int) -> bool:
    """Tell whether the first ``before`` bytes are alike, and those behind too."""
    rest = len(column) - before
    if rest <= 0:
        return column.count(column[:1]) == len(column)
    head, tail = column[:before], column[before:]
    return head.count(head[:1]) == before and tail.count(tail[:1]) == rest


def _runs(data: bytes, step: int, at: int, width: int) -> Iterator[tuple[int, int]]:
    """Do it one by one, also where the numbers wrap in the middle."""
    first, count = 0, 0
    for start in range(at, len(data), step):
        number = int.from_bytes(data[start : start + width], "big")
        if count and number == first + count:
            count += 1
            continue
        if count:
            yield first, count
        first, count = number, 1
    yield first, count
