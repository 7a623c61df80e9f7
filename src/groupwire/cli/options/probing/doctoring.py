"""The options of ``doctor``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import typer

from groupwire.cli.options.common import duration

__all__ = ["DoctorOptions", "minutes"]


def minutes(text: str) -> float:
    """Read minutes: a number above 0, and not for ever."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise typer.BadParameter(f"{text!r} is no number of minutes above 0.")
    return value


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """How long and where the doctor looks; seconds, and for the soak minutes."""

    listen: Annotated[
        float | None,
        typer.Option(
            "--listen",
            metavar="S",
            parser=duration,
            help="Wait so many seconds for a router or switch that asks who wants "
            "which group; most ask every 125 s, so 130 is enough. Needs root.",
            show_default=False,
        ),
    ] = None
    peer: Annotated[
        str | None,
        typer.Option(
            "--peer",
            metavar="ADDRESS",
            help="Test against this machine too, where `groupwire doctor --serve` (or "
            "`groupwire receive`) runs.",
            show_default=False,
        ),
    ] = None
    serve: Annotated[
        bool,
        typer.Option(
            "--serve", help="Be the other end for `groupwire doctor --peer` elsewhere."
        ),
    ] = False
    soak: Annotated[
        float | None,
        typer.Option(
            "--soak",
            metavar="MINUTES",
            parser=minutes,
            help="Stay joined so long, and notice when the group falls silent and why: "
            "for what works for some minutes and then stops.",
            show_default=False,
        ),
    ] = None
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit code 1 also where something that decides could not be looked "
            "at.",
        ),
    ] = False
