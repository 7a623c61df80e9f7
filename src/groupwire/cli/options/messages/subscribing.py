"""The options of ``subscribe``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Reach, Where, duration
from groupwire.cli.options.messages.common import NameOption
from groupwire.cli.options.receiving import DurationOption
from groupwire.errors import UsageError
from groupwire.messages.rules import StartAt

if TYPE_CHECKING:
    from groupwire.aio import SubscribeConfig

__all__ = ["PatternsArgument", "SubscribeOptions"]

PatternsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATTERN]...",
        help="Topics, as in MQTT: + is one level, # the rest. Without any, all of "
        "them. In quotes: # begins a comment in many shells.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class SubscribeOptions:
    """What is taken, from when on, for how long, and how it is written."""

    last_value: Annotated[
        bool,
        typer.Option(
            "--last-value",
            help="Begin with the last message of each topic, of publishers that were "
            "there before.",
        ),
    ] = False
    from_start: Annotated[
        bool,
        typer.Option("--from-start", help="Begin with all that publishers still keep."),
    ] = False
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
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            "-t",
            metavar="S",
            parser=duration,
            help="End when no message has come for so many seconds, with exit code 1.",
            show_default=False,
        ),
    ] = None
    no_topic: Annotated[
        bool,
        typer.Option("--no-topic", help="Only the message on each line."),
    ] = False
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="Only the bytes of messages to stdout, nothing between them, and all "
            "else to stderr.",
        ),
    ] = False
    name: NameOption = None

    @property
    def start_at(self) -> StartAt:
        """What is wanted of publishers that are there already; UsageError."""
        if self.last_value and self.from_start:
            raise UsageError(
                "--last-value and --from-start contradict each other",
                fix="give one of them: what is kept has the last values too",
            )
        if self.from_start:
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
