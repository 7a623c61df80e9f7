"""One value in, text or JSON out: what people and programs see of a command."""

from __future__ import annotations

from groupwire.cli.render.out import Out, Tone, settle_stdout
from groupwire.cli.render.text import Columns, Paint, escape, escape_bytes

__all__ = [
    "Columns",
    "Out",
    "Paint",
    "Tone",
    "escape",
    "escape_bytes",
    "settle_stdout",
]
