"""The options of ``send``."""

from __future__ import annotations

from typing import Annotated

import typer

from groupwire.cli.options.common import duration

__all__ = [
    "CountOption",
    "ExpectOption",
    "FirstOption",
    "IntervalOption",
    "MessageArgument",
    "PlainOption",
    "RetriesOption",
    "StallOption",
    "TaggedOption",
    "TimeoutOption",
]

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
    typer.Option(
        "--expect",
        "-e",
        metavar="WHO",
        help="Who has to answer: a number, or NAME,NAME or ADDRESS,ADDRESS, or "
        "@FILE with one a line. Exit code 1 if somebody is missing.",
        show_default=False,
    ),
]
FirstOption = Annotated[
    int | None,
    typer.Option(
        "--first",
        metavar="N",
        min=1,
        help="Stop after this many answers.",
        show_default=False,
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        "-t",
        metavar="S",
        parser=duration,
        help="Seconds to wait in all.",
    ),
]
StallOption = Annotated[
    float,
    typer.Option(
        "--stall",
        metavar="S",
        parser=duration,
        help="Seconds of silence after which nobody else is waited for; only "
        "when nobody is expected.",
    ),
]
RetriesOption = Annotated[
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
]
TaggedOption = Annotated[
    bool,
    typer.Option(
        "--tagged",
        help="Send it with groupwire's header, so that members answer by name.",
    ),
]
PlainOption = Annotated[
    bool,
    typer.Option(
        "--plain", help="Send the bytes as they are: any UDP program reads them."
    ),
]
CountOption = Annotated[
    int,
    typer.Option("--count", "-c", metavar="N", min=1, help="Send it N times."),
]
IntervalOption = Annotated[
    float,
    typer.Option(
        "--interval",
        metavar="S",
        parser=duration,
        help="Seconds from one sending to the next.",
    ),
]
