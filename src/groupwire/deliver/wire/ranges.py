"""Sets of entries as ranges, and as text: ``0-3,7``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from groupwire.deliver.limits import MAX_ENTRIES
from groupwire.errors import DecodeError

__all__ = ["ALL", "parse_ranges", "ranges_of", "ranges_text"]

ALL = "all"
"""Stands for every entry (docs/delivery.md §3.3)."""
_RANGE = re.compile(r"([0-9]{1,7})(?:-([0-9]{1,7}))?")


def ranges_of(entries: Iterable[int]) -> tuple[range, ...]:
    """Return the fewest ranges, in order, that hold just these entries."""
    found: list[range] = []
    for entry in sorted(set(entries)):
        if found and found[-1].stop == entry:
            found[-1] = range(found[-1].start, entry + 1)
        else:
            found.append(range(entry, entry + 1))
    return tuple(found)


def ranges_text(ranges: Sequence[range] | None) -> str:
    """Write ranges of step 1; None is all."""
    if ranges is None:
        return ALL
    return ",".join(_text(r) for r in ranges if r)


def parse_ranges(text: str) -> tuple[range, ...] | None:
    """Read what :func:`ranges_text` writes; DecodeError for junk.

    Ranges ascend and neither overlap nor touch, so that nobody makes us count twice.
    """
    if text == ALL:
        return None
    if not text:
        return ()
    found: list[range] = []
    least = 0
    for part in text.split(","):
        found.append(_range(part, least))
        least = found[-1].stop + 1
    return tuple(found)


def _text(entries: range) -> str:
    first, last = entries[0], entries[-1]
    return str(first) if first == last else f"{first}-{last}"


def _range(text: str, least: int) -> range:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise DecodeError("deliver-ranges")
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    if not least <= first <= last < MAX_ENTRIES:
        raise DecodeError("deliver-ranges")
    return range(first, last + 1)
