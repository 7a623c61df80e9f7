"""The options of ``pull``."""

from __future__ import annotations

from typing import Annotated

import typer

from groupwire.cli.options.common import duration
from groupwire.cli.options.quantities import bytes_size

__all__ = [
    "DeliveriesOption",
    "ForeverOption",
    "FromOption",
    "IntoOption",
    "LoseOption",
    "MaxSizeOption",
    "OverwriteOption",
    "PullLinksOption",
    "PullPatienceOption",
    "PullTimeoutOption",
]

IntoOption = Annotated[
    str,
    typer.Option(
        "--into",
        "-d",
        metavar="DIR",
        help="Where files go; it is made where it is not there. - writes one file "
        "to standard output.",
    ),
]
DeliveriesOption = Annotated[
    int | None,
    typer.Option(
        "--count",
        "-c",
        metavar="N",
        min=1,
        help="End after so many deliveries. Without it after one.",
        show_default=False,
    ),
]
ForeverOption = Annotated[
    bool, typer.Option("--forever", help="Take one delivery after the other.")
]
PullTimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        "-t",
        metavar="S",
        parser=duration,
        help="End when none has begun for so many seconds, with exit code 1.",
        show_default=False,
    ),
]
FromOption = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="CIDR",
        help="Take files only from senders in this network, such as 10.0.0.0/8. "
        "May be given several times.",
        show_default=False,
    ),
]
OverwriteOption = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace files that no earlier pull has stored, too.",
    ),
]
MaxSizeOption = Annotated[
    int | None,
    typer.Option(
        "--max-size",
        metavar="SIZE",
        parser=bytes_size,
        help="Refuse what is larger in all, such as 4G, 500M or 64k bytes.",
        show_default=False,
    ),
]
PullLinksOption = Annotated[
    bool,
    typer.Option(
        "--links",
        help="Make symbolic links, as long as they stay within the tree. Without "
        "it they are refused.",
    ),
]
PullPatienceOption = Annotated[
    float,
    typer.Option(
        "--patience",
        metavar="S",
        parser=duration,
        help="Seconds to wait for a silent sender, and for it to take the receipt.",
    ),
]
LoseOption = Annotated[
    float,
    typer.Option("--lose", metavar="PERCENT", min=0, max=100, hidden=True),
]
"""For the demo and for tests: so much of what arrives is lost on purpose."""
