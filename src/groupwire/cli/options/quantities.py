"""Quantities as people write them: ``800M`` bits a second, ``2G`` bytes, ``200ms``."""

from __future__ import annotations

import math
import re

import typer

__all__ = ["bytes_size", "delay", "rate"]

_WRITTEN = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([kMG]?)", re.ASCII | re.IGNORECASE)
_MILLI = "ms"
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


def rate(text: str | float) -> float:
    """Read bits per second, 1 or more; Typer hands a default through here, too."""
    value = _number(text) if isinstance(text, str) else text
    if value is None or value < 1:
        raise typer.BadParameter(
            f"{text!r} is no rate in bits per second; write it as 800M, 64k or 2.5G."
        )
    return value


def bytes_size(text: str) -> int:
    """Read a number of bytes, 0 or more."""
    value = _number(text)
    if value is None:
        raise typer.BadParameter(
            f"{text!r} is no size in bytes; write it as 4G, 500M or 64k."
        )
    return int(value)


def delay(text: str) -> float:
    """Read seconds, such as ``2`` or ``2s``, or milliseconds as ``200ms``."""
    number = text.removesuffix(_MILLI if text.endswith(_MILLI) else "s")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    value = value / 1000 if text.endswith(_MILLI) else value
    if not (value > 0 and math.isfinite(value)):
        raise typer.BadParameter(f"{text!r} is no time such as 0.5 or 200ms.")
    return value


def _number(text: str) -> float | None:
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    return float(found[1]) * _FACTORS[found[2].lower()]
