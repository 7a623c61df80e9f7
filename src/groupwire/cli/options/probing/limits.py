"""Limits on what is measured: each as an option that decides the exit code."""

from __future__ import annotations

import math
from typing import Any

import typer

from groupwire.cli.options.common import duration
from groupwire.cli.options.quantities import rate

__all__ = [
    "max_loss_option",
    "max_seconds_option",
    "min_rate_option",
    "percentage",
]


def percentage(text: str) -> float:
    """Read per cent, with or without the sign, as a part from 0 to 1."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100:
        raise typer.BadParameter(f"{text!r} is no percentage; write it as 0.1 or 0.1%.")
    return value / 100


def max_loss_option(what: str) -> Any:
    """Return ``--max-loss``; ``what`` is its help."""
    return _limit("--max-loss", "PERCENT", percentage, what)


def min_rate_option(what: str) -> Any:
    """Return ``--min-rate``."""
    return _limit("--min-rate", "RATE", rate, what)


def max_seconds_option(flag: str, what: str) -> Any:
    """Return an option for a time that may not be exceeded."""
    return _limit(flag, "S", duration, what)


def _limit(flag: str, metavar: str, parser: Any, what: str) -> Any:
    return typer.Option(
        flag, metavar=metavar, parser=parser, help=what, show_default=False
    )
