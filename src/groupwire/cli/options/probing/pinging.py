"""The options of ``ping``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from groupwire.cli.options.common import (
    GROUP_VARIABLE,
    InterfaceOption,
    Where,
    duration,
)
from groupwire.cli.options.members import AnswerToOption, expect_option
from groupwire.cli.options.probing.limits import max_loss_option, max_seconds_option
from groupwire.cli.options.receiving import NameOption
from groupwire.values import DEFAULT_GROUP

__all__ = ["HostsArgument", "PingOptions", "PingPlace", "ServeOptions"]

HostsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[HOST]...",
        help="Responders: `groupwire ping --serve` or ssmpingd runs there. Without "
        "one, all members of the group are asked.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class PingPlace:
    """Where it is asked, or answered."""

    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            "-g",
            metavar="GROUP",
            help="The group whose members are asked; without it "
            f"${GROUP_VARIABLE}, else {DEFAULT_GROUP}. With a HOST, which answers to "
            "the nearest any-source group that is for pings, and without -g to a "
            "source-specific one. With --serve, what to join too.",
            show_default=False,
        ),
    ] = None
    interface: InterfaceOption = None

    def read(self) -> Where:
        """Return what the texts mean; AddressError and UsageError."""
        return Where.read(self.group, self.interface)


@dataclass(frozen=True, slots=True)
class PingOptions:
    """How often is asked, how large, and what has to come of it."""

    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            "-c",
            metavar="N",
            min=1,
            help="Ask so often. Without it until Ctrl-C.",
            show_default=False,
        ),
    ] = None
    interval: Annotated[
        float,
        typer.Option(
            "--interval", metavar="S", parser=duration, help="Seconds between two."
        ),
    ] = 1.0
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            "-t",
            metavar="S",
            parser=duration,
            help="Seconds to wait for the last answers.",
        ),
    ] = 1.0
    size: Annotated[
        int,
        typer.Option(
            "--size",
            metavar="BYTES",
            min=0,
            max=65_000,
            help="Fill every question up to this size.",
        ),
    ] = 0
    expect: Annotated[
        str | None,
        expect_option(
            "Who has to answer, where a group is asked", "Exit code 1 if not."
        ),
    ] = None
    max_loss: Annotated[
        float | None,
        max_loss_option(
            "Exit code 1 where more is lost, either way. Without it where any "
            "multicast is lost."
        ),
    ] = None
    max_rtt: Annotated[
        float | None,
        max_seconds_option(
            "--max-rtt", "Exit code 1 where the median is above, either way."
        ),
    ] = None

    ttl: Annotated[
        int | None,
        typer.Option(
            "--ttl",
            metavar="N",
            min=0,
            max=255,
            help="How many networks the question to a group may cross: 0 this machine, "
            "1 this network (as without it), 2 one router on, and so forth.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """For who is to be asked."""

    serve: Annotated[
        bool,
        typer.Option("--serve", help="Answer others: be the host that is asked."),
    ] = False
    name: NameOption = None
    answer_to: AnswerToOption = None
