"""The options of ``send``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from groupwire.cli.options.common import duration
from groupwire.cli.options.members import expect_option

__all__ = ["ExpectOption", "MessageArgument", "SendOptions"]

MessageArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="MESSAGE",
        help="What to send; - reads it from standard input.",
        show_default=False,
    ),
]
ExpectOption = Annotated[
    str | None,
    expect_option("Who has to answer", "Exit code 1 if somebody is missing."),
]


@dataclass(frozen=True, slots=True)
class SendOptions:
    """Who is to answer, how long that may take, and how it is asked."""

    expect: ExpectOption = None
    first: Annotated[
        int | None,
        typer.Option(
            "--first",
            metavar="N",
            min=1,
            help="Stop after this many answers.",
            show_default=False,
        ),
    ] = None
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            "-t",
            metavar="S",
            parser=duration,
            help="Seconds to wait in all.",
        ),
    ] = 5.0
    stall: Annotated[
        float,
        typer.Option(
            "--stall",
            metavar="S",
            parser=duration,
            help="Seconds of silence after which nobody else is waited for; only "
            "when nobody is expected.",
        ),
    ] = 0.2
    retries: Annotated[
        int | None,
        typer.Option(
            "--retries",
            metavar="N",
            min=0,
            max=100,
            help="Ask the silent ones again, up to N times. Usually 2 when members "
            "are expected by name, else 0.",
            show_default=False,
        ),
    ] = None
    tagged: Annotated[
        bool,
        typer.Option(
            "--tagged",
            help="Send it with groupwire's header, so that members answer by name.",
        ),
    ] = False
    plain: Annotated[
        bool,
        typer.Option(
            "--plain", help="Send the bytes as they are: any UDP program reads them."
        ),
    ] = False
    count: Annotated[
        int,
        typer.Option("--count", "-c", metavar="N", min=1, help="Send it N times."),
    ] = 1
    interval: Annotated[
        float,
        typer.Option(
            "--interval",
            metavar="S",
            parser=duration,
            help="Seconds from one sending to the next.",
        ),
    ] = 1.0
