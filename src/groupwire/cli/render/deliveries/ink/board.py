"""Lines at the foot of a terminal that are drawn anew again and again.

By hand and not by Rich: importing it stops the event loop for 35 ms and drawing by it
for 3 ms, in which a receiver at full speed overruns its buffer. This takes 0.1 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from groupwire.cli.render.out import Out

__all__ = ["BAR", "Board", "Pieces", "bar", "fitted", "plain"]

Pieces: TypeAlias = Sequence[tuple[str, str]]
"""A line: texts of printable ASCII, each with its style or an empty one."""

BAR = "\0bar"
"""As a style: the text is a share from 0 to 1, drawn as wide as there is room."""
_WIDEST_BAR = 30
_NARROWEST_BAR = 8


class Board:
    """Some lines that are replaced by the next; whoever writes else wipes it first."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._drawn = 0

    @property
    def lines(self) -> int:
        """How many lines there is room for."""
        return max(2, self._out.notes_size.lines - 2)

    def draw(self, rows: Sequence[Pieces]) -> None:
        """Replace what was drawn."""
        # One column stays free: a terminal may break the line after the last.
        width = self._out.notes_size.columns - 1
        text = "".join(f"{self._painted(row, width)}\x1b[K\n" for row in rows)
        self._out.screen(f"{self._back()}{text}\x1b[J")
        self._drawn = len(rows)

    def wipe(self) -> None:
        """Leave the terminal as it was."""
        if self._drawn:
            self._out.screen(f"{self._back()}\x1b[J")
            self._drawn = 0

    def _back(self) -> str:
        return f"\r\x1b[{self._drawn}A" if self._drawn else "\r"

    def _painted(self, row: Pieces, width: int) -> str:
        paint = self._out.note_paint
        whole = fitted(row, width, utf8=self._out.notes_utf8)
        return "".join(paint(text, style) if style else text for text, style in whole)


def fitted(row: Pieces, width: int, *, utf8: bool) -> list[tuple[str, str]]:
    """Draw the bar as wide as there is room; what does not fit is left out."""
    room = width - sum(len(text) for text, style in row if style != BAR)
    kept = list[tuple[str, str]]()
    for text, style in row:
        if style == BAR:
            kept.extend(bar(float(text), min(room, _WIDEST_BAR), utf8=utf8))
            continue
        left = width - sum(len(part) for part, _ in kept)
        if len(text) > left and kept:
            break
        kept.append((text[:left], style))
    return kept


def bar(part: float, width: int, *, utf8: bool) -> list[tuple[str, str]]:
    """Return a bar; nothing where that would be too narrow to tell anything."""
    if width < _NARROWEST_BAR:
        return []
    full, empty = ("━", "─") if utf8 else ("=", "-")
    done = int(min(1.0, max(0.0, part)) * (width - 1))
    rest = width - 1 - done
    return [(full * done, "green"), (empty * rest, "dim"), (" ", "")]


def plain(row: Pieces) -> str:
    """Return a line as text without its bar."""
    return "".join(text for text, style in row if style != BAR).rstrip()
