"""Rows under a head, each column as wide as it needs to be; plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupwire.cli.render.text import Paint

__all__ = ["Cell", "table"]

Cell = tuple[str, str]
"""A text and its style, or an empty one."""


def table(
    head: Sequence[str], rows: Sequence[Sequence[Cell]], paint: Paint, right: str = ""
) -> Iterator[str]:
    """Yield the lines; ``right`` has an ``r`` where a column stands at the right."""
    titles = [(title, "dim") for title in head]
    every = [titles, *rows]
    widths = [max(len(row[column][0]) for row in every) for column in range(len(head))]
    sides = right.ljust(len(head))
    for row in every:
        cells = [
            _cell(text, style, width, side, paint)
            for (text, style), width, side in zip(row, widths, sides, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _cell(text: str, style: str, width: int, side: str, paint: Paint) -> str:
    # Spaces are not painted, so that those at the end of a line can go.
    space = " " * (width - len(text))
    painted = paint(text, style) if style else text
    return f"{space}{painted}" if side == "r" else f"{painted}{space}"
