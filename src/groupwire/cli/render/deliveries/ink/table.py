"""Rows under a head, each column as wide as it needs to be; plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupwire.cli.render.text import Paint

__all__ = ["Cell", "table"]

Cell = tuple[str, str]
"""A text and its style, or an empty one."""


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    paint: Paint,
    right: str = "",
    *,
    room: int | None = None,
    least: Sequence[str] = (),
) -> Iterator[str]:
    """Yield the lines; ``right`` has an ``r`` where a column stands at the right.

    ``least`` names columns that go first where there is not ``room`` for all. A last
    column without a title counts for nothing: it is text, and can be broken.
    """
    titles = [(title, "dim") for title in head]
    every = [titles, *rows]
    widths = [max(len(row[column][0]) for row in every) for column in range(len(head))]
    sides = right.ljust(len(head))
    kept = _kept(head, widths, room, least)
    for row in every:
        cells = (_cell(*row[c], widths[c], sides[c], paint) for c in kept)
        yield "  ".join(cells).rstrip()


def _kept(
    head: Sequence[str], widths: Sequence[int], room: int | None, least: Sequence[str]
) -> list[int]:
    """Return the columns that there is room for."""
    kept = list(range(len(head)))
    for title in least:
        used = sum(widths[c] + 2 for c in kept if head[c]) - 2
        if room is None or used <= room:
            break
        kept.remove(head.index(title))
    return kept


def _cell(text: str, style: str, width: int, side: str, paint: Paint) -> str:
    # Spaces are not painted, so that those at the end of a line can go.
    space = " " * (width - len(text))
    painted = paint(text, style) if style else text
    return f"{space}{painted}" if side == "r" else f"{painted}{space}"
