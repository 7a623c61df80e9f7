"""The options of ``receive``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from groupwire.cli.options.common import duration
from groupwire.cli.options.members import AnswerToOption, name_option

__all__ = ["DurationOption", "NameOption", "ReceiveOptions"]

NameOption = Annotated[str | None, name_option("The member name to answer with")]
DurationOption = Annotated[
    float | None,
    typer.Option(
        "--duration",
        "-d",
        metavar="S",
        parser=duration,
        help="End after so many seconds.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class ReceiveOptions:
    """Who is answered and how, how long, and where the bytes go."""

    answer: Annotated[
        str,
        typer.Option("--answer", "-a", metavar="TEXT", help="What to answer."),
    ] = "ack"
    no_answer: Annotated[
        bool, typer.Option("--no-answer", help="Listen only, and answer nobody.")
    ] = False
    name: NameOption = None
    answer_to: AnswerToOption = None
    answer_rate: Annotated[
        int,
        typer.Option(
            "--answer-rate",
            metavar="N",
            min=1,
            max=1_000_000,
            help="At most so many answers a second to one sender.",
        ),
    ] = 1000
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
            "--raw", help="Only the bytes that arrive to stdout, all else to stderr."
        ),
    ] = False
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Append the bytes that arrive to this file; a message is answered "
            "when it is written.",
            show_default=False,
        ),
    ] = None
