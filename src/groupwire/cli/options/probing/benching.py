"""The options of ``bench``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from groupwire.cli.options.common import InterfaceOption, Where, duration, group_option
from groupwire.cli.options.members import AnswerToOption, expect_option
from groupwire.cli.options.probing.limits import (
    max_loss_option,
    max_seconds_option,
    min_rate_option,
)
from groupwire.cli.options.quantities import rate as read_rate
from groupwire.cli.options.receiving import DurationOption, NameOption
from groupwire.values import DEFAULT_BENCH_GROUP

__all__ = ["BenchPlace", "BenchReceiveOptions", "BenchSendOptions"]

_MaxLossOption = Annotated[
    float | None, max_loss_option("Exit code 1 where a receiver has lost more.")
]
_MinRateOption = Annotated[
    float | None, min_rate_option("Exit code 1 where less has arrived: 800M, 64k.")
]


@dataclass(frozen=True, slots=True)
class BenchPlace:
    """Where measured traffic goes."""

    group: Annotated[str | None, group_option(DEFAULT_BENCH_GROUP)] = None
    interface: InterfaceOption = None

    def read(self) -> Where:
        """Return what the texts mean; AddressError and UsageError."""
        return Where.read(self.group, self.interface, default=DEFAULT_BENCH_GROUP)


@dataclass(frozen=True, slots=True)
class BenchSendOptions:
    """What is sent, and what has to come of it."""

    rate: Annotated[
        float,
        typer.Option(
            "--rate",
            metavar="RATE",
            parser=read_rate,
            help="Bits of payload per second: 800M, 64k, 2.5G; 10M if not given.",
            show_default=False,
        ),
    ] = 10e6
    size: Annotated[
        int,
        typer.Option(
            "--size",
            metavar="BYTES",
            min=32,
            max=65_507,
            help="Payload of each datagram. 1316 is what MPEG-TS uses.",
        ),
    ] = 1316
    seconds: Annotated[
        float,
        typer.Option(
            "--duration", "-d", metavar="S", parser=duration, help="Seconds to send."
        ),
    ] = 10.0
    expect: Annotated[
        str | None,
        expect_option("Who has to receive it", "Exit code 1 if somebody is missing."),
    ] = None
    max_loss: _MaxLossOption = None
    min_rate: _MinRateOption = None
    max_delay: Annotated[
        float | None,
        max_seconds_option(
            "--max-delay",
            "Exit code 1 where more than 1 % took longer on the way there, the "
            "clocks' error allowed for.",
        ),
    ] = None
    max_rtt: Annotated[
        float | None,
        max_seconds_option(
            "--max-rtt", "Exit code 1 where more than 1 % of the answers took longer."
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class BenchReceiveOptions:
    """Who receives, for how long, and what has to have come."""

    name: NameOption = None
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            metavar="N",
            min=1,
            help="End after so many runs have ended.",
            show_default=False,
        ),
    ] = None
    seconds: DurationOption = None
    max_loss: _MaxLossOption = None
    min_rate: _MinRateOption = None
    answer_to: AnswerToOption = None
