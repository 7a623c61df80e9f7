"""The options of ``receive``."""

from __future__ import annotations

from typing import Annotated

import typer

from groupwire.cli.options.common import duration

__all__ = [
    "AnswerOption",
    "AnswerRateOption",
    "AnswerToOption",
    "CountOption",
    "DurationOption",
    "NameOption",
    "NoAnswerOption",
    "OutputOption",
    "RawOption",
]

AnswerOption = Annotated[
    str,
    typer.Option("--answer", "-a", metavar="TEXT", help="What to answer."),
]
NoAnswerOption = Annotated[
    bool, typer.Option("--no-answer", help="Listen only, and answer nobody.")
]
NameOption = Annotated[
    str | None,
    typer.Option(
        "--name",
        "-n",
        metavar="NAME",
        help="The member name to answer with: letters, digits and ._- (not only "
        "digits), up to 64. Without it the short host name.",
        show_default=False,
    ),
]
AnswerToOption = Annotated[
    list[str] | None,
    typer.Option(
        "--answer-to",
        metavar="CIDR",
        help="Answer senders in this network too, beyond the own link, such as "
        "10.0.0.0/8. May be given several times.",
        show_default=False,
    ),
]
AnswerRateOption = Annotated[
    int,
    typer.Option(
        "--answer-rate",
        metavar="N",
        min=1,
        max=1_000_000,
        help="At most so many answers a second to one sender.",
    ),
]
CountOption = Annotated[
    int | None,
    typer.Option(
        "--count",
        "-c",
        metavar="N",
        min=1,
        help="End after so many messages.",
        show_default=False,
    ),
]
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
RawOption = Annotated[
    bool,
    typer.Option(
        "--raw", help="Only the bytes that arrive to stdout, all else to stderr."
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Append the bytes that arrive to this file; a message is answered "
        "when it is written.",
        show_default=False,
    ),
]
