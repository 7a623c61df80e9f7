"""The options of ``subscribe``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Reach, Where
from groupwire.cli.options.receiving import DurationOption, NameOption
from groupwire.errors import UsageError
from groupwire.messages.rules import StartAt

if TYPE_CHECKING:
    from groupwire.aio import SubscribeConfig

__all__ = ["SubscribeOptions"]


@dataclass(frozen=True, slots=True)
class SubscribeOptions:
    """What is taken, from when on, and for how long."""

    last_value: Annotated[
        bool,
        typer.Option(
            "--last-value", help="Begin with what each topic had last, as is kept."
        ),
    ] = False
    window: Annotated[
        bool,
        typer.Option("--window", help="Begin with all that publishers still keep."),
    ] = False
    name: NameOption = None
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            "-c",
            metavar="N",
            min=1,
            help="End after so many messages.",
            show_default=False,
        ),
    ] = None
    seconds: DurationOption = None
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="Only the bytes of messages to stdout, all else to stderr."
        ),
    ] = False

    @property
    def start_at(self) -> StartAt:
        """What is wanted of publishers that are there already; UsageError."""
        if self.last_value and self.window:
            raise UsageError(
                "--last-value and --window contradict each other",
                fix="give one of them: the window has the last values too",
            )
        if self.window:
            return StartAt.WINDOW
        return StartAt.LAST_VALUE if self.last_value else StartAt.NOW

    def config(self, where: Where, reach: Reach) -> SubscribeConfig:
        """Return what the subscriber is told; UsageError."""
        from groupwire import aio

        return aio.SubscribeConfig(
            start_at=self.start_at,
            name=self.name,
            interface=where.interface,
            ttl=reach.ttl,
            dscp=reach.dscp,
        )
