"""The options of ``streams``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from groupwire.cli.options.common import InterfaceOption
from groupwire.cli.options.receiving import DurationOption

__all__ = ["ListingOptions", "ListingPlace"]


@dataclass(frozen=True, slots=True)
class ListingOptions:
    """How long."""

    seconds: DurationOption = None


@dataclass(frozen=True, slots=True)
class ListingPlace:
    """Where announcements are heard."""

    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            "-g",
            metavar="GROUP",
            help="Listen to this group, ADDRESS:9875 mostly, instead of those where "
            "streams of each scope are announced.",
            show_default=False,
        ),
    ] = None
    interface: InterfaceOption = None
