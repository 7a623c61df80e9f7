"""The options of ``push``."""

from __future__ import annotations

from typing import Annotated

import typer

from groupwire.cli.options.common import duration
from groupwire.cli.options.quantities import rate

__all__ = [
    "DropBelowOption",
    "DryRunOption",
    "ExcludeOption",
    "ExpectOption",
    "LinksOption",
    "ParityOption",
    "PathsArgument",
    "PatienceOption",
    "RateOption",
    "SenderNameOption",
    "StartWithOption",
    "TitleOption",
    "WaitOption",
]

PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH...",
        help="Files and directories; DIR/ is what is in it, without its own name. "
        "- is standard input.",
        show_default=False,
    ),
]
ExpectOption = Annotated[
    str | None,
    typer.Option(
        "--expect",
        "-e",
        metavar="WHO",
        help="Who has to have it: a number, or NAME,NAME or ADDRESS,ADDRESS, or "
        "@FILE with one a line. Exit code 1 if somebody has not. Without it, "
        "whoever answers at the start.",
        show_default=False,
    ),
]
WaitOption = Annotated[
    float | None,
    typer.Option(
        "--wait",
        "-w",
        metavar="S",
        parser=duration,
        help="Give members so many seconds to appear; without it 5 to those who are "
        "expected. It begins as soon as they are there.",
        show_default=False,
    ),
]
StartWithOption = Annotated[
    int | None,
    typer.Option(
        "--start-with",
        metavar="N",
        min=0,
        help="Begin as soon as N members are there, 0 without waiting for anybody; "
        "others may come later.",
        show_default=False,
    ),
]
RateOption = Annotated[
    float | None,
    typer.Option(
        "--rate",
        "-r",
        metavar="RATE",
        parser=rate,
        help="At most so many bits a second, such as 800M, 64k or 2.5G. Without "
        "it, what the slowest member takes.",
        show_default=False,
    ),
]
DropBelowOption = Annotated[
    float | None,
    typer.Option(
        "--drop-below",
        metavar="RATE",
        parser=rate,
        help="Give up members that cannot take so many bits a second, rather than "
        "let all others wait.",
        show_default=False,
    ),
]
ParityOption = Annotated[
    int,
    typer.Option(
        "--parity",
        metavar="N",
        min=0,
        max=64,
        help="Send N parity segments with each block before anybody asks.",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="GLOB",
        help="Leave out what matches, such as '*.tmp' or .git. May be given "
        "several times.",
        show_default=False,
    ),
]
LinksOption = Annotated[
    bool,
    typer.Option(
        "--links",
        help="Symbolic links as links, as long as they stay within the tree. "
        "Without it they are left out.",
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="List what would be sent, and send nothing."),
]
PatienceOption = Annotated[
    float,
    typer.Option(
        "--patience",
        metavar="S",
        parser=duration,
        help="Seconds of silence after which a member is given up.",
    ),
]
SenderNameOption = Annotated[
    str | None,
    typer.Option(
        "--name",
        "-n",
        metavar="NAME",
        help="The name that members see: letters, digits and ._- (not only "
        "digits), up to 64. Without it the short host name.",
        show_default=False,
    ),
]
TitleOption = Annotated[
    str | None,
    typer.Option(
        "--title",
        metavar="TEXT",
        help="What members are told it is; with - the name of the file. Without it "
        "the name of what is pushed.",
        show_default=False,
    ),
]
