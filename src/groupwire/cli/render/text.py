"""Text for terminals: what strangers sent made harmless, colour, aligned columns.

Single lines are coloured here by hand and not by Rich: importing Rich costs as much as
the whole of asyncio, and a thousand messages a second leave no time for markup.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import IO, Any

__all__ = [
    "Columns",
    "Paint",
    "and_so_on",
    "escape",
    "escape_bytes",
    "plural",
    "seconds",
    "size_of",
    "wrapped",
]

_USUAL = os.terminal_size((80, 24))
_NARROWEST = 20
"""Columns below which nothing is gained by breaking lines."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}


def escape_bytes(data: bytes) -> str:
    """Show received bytes as one line that no terminal interprets."""
    return escape(data.decode("utf-8", "backslashreplace"))


def escape(text: str) -> str:
    r"""Show control, format and bidi characters as ``\x1b``, ``\u202e`` and so on."""
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    # Zs: the spaces of other scripts, which isprintable() refuses.
    if char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def and_so_on(text: str, limit: int) -> str:
    """Cut to ``limit`` characters, the last of which then says that more was there."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def size_of(stream: IO[Any] | None) -> os.terminal_size:
    """Return the size of the terminal that a stream is; of none the usual one.

    Of this stream: the other one may be a pipe, or another terminal.
    """
    try:
        found = os.get_terminal_size(stream.fileno())  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        found = _USUAL
    columns = _told("COLUMNS") or found.columns or _USUAL.columns
    return os.terminal_size((columns, _told("LINES") or found.lines or _USUAL.lines))


def _told(variable: str) -> int:
    text = os.environ.get(variable, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def wrapped(line: str, columns: int) -> str:
    """Break a line between words where it is wider; the rest is indented."""
    seen = _COLOUR.sub("", line)
    if len(seen) <= columns or columns < _NARROWEST:
        return line
    indent = " " * (len(seen) - len(seen.lstrip(" ")) + 2)
    first, *words = line.split(" ")
    lines = [first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if _width(longer) <= columns or not lines[-1].strip():
            lines[-1] = longer
        else:
            lines.append(indent + word)
    return "\n".join(one.rstrip(" ") for one in lines)


def _width(text: str) -> int:
    return len(_COLOUR.sub("", text))


class Paint:
    """Colours text for one stream, or leaves it alone where that is no terminal."""

    def __init__(self, stream: IO[str] | None) -> None:
        self.on = _colours(stream)

    def __call__(self, text: str, style: str) -> str:
        """Return ``text`` in ``style``: bold, dim, red, green, yellow or cyan."""
        if not self.on or not text:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def _colours(stream: IO[str] | None) -> bool:
    # https://no-color.org and https://force-color.org: set and not empty.
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Columns:
    """Columns of lines that come one by one: each is as wide as the widest so far."""

    def __init__(self, *widths: int) -> None:
        self._widths = list(widths)

    def left(self, column: int, text: str) -> str:
        """Pad on the right."""
        return text.ljust(self._width(column, text))

    def right(self, column: int, text: str) -> str:
        """Pad on the left."""
        return text.rjust(self._width(column, text))

    def _width(self, column: int, text: str) -> int:
        self._widths[column] = max(self._widths[column], len(text))
        return self._widths[column]


def plural(count: int, noun: str) -> str:
    """Return ``1 answer``, ``2 answers``, ``1,234 answers``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def seconds(value: float) -> str:
    """Return a duration as people write it: ``1.8 ms``, ``0.2 s``, ``5 s``."""
    if 0 < value < 0.1:
        return f"{value * 1e3:.1f} ms"
    return f"{value:.2f}".rstrip("0").rstrip(".") + " s"
