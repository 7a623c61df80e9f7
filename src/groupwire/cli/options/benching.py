"""The options of ``bench``."""

from __future__ import annotations

from typing import Annotated

import typer

from groupwire.cli.options.common import duration, group_option
from groupwire.cli.options.quantities import rate
from groupwire.values import DEFAULT_BENCH_GROUP

__all__ = [
    "BenchCountOption",
    "BenchDurationOption",
    "BenchGroupOption",
    "MaxDelayOption",
    "MaxLossOption",
    "MaxRttOption",
    "MinRateOption",
    "SendRateOption",
    "SizeOption",
]

BenchGroupOption = Annotated[str | None, group_option(DEFAULT_BENCH_GROUP)]
SendRateOption = Annotated[
    float,
    typer.Option(
        "--rate",
        metavar="RATE",
        parser=rate,
        help="Bits of payload per second: 800M, 64k, 2.5G.",
        show_default="10M",
    ),
]
SizeOption = Annotated[
    int,
    typer.Option(
        "--size",
        metavar="BYTES",
        min=32,
        max=65_507,
        help="Payload of each datagram. 1316 is what MPEG-TS uses.",
    ),
]
BenchDurationOption = Annotated[
    float,
    typer.Option(
        "--duration", "-d", metavar="S", parser=duration, help="Seconds to send."
    ),
]
BenchCountOption = Annotated[
    int | None,
    typer.Option(
        "--count",
        metavar="N",
        min=1,
        help="End after so many senders have ended.",
        show_default=False,
    ),
]
MaxLossOption = Annotated[
    float | None,
    typer.Option(
        "--max-loss",
        metavar="PERCENT",
        min=0,
        max=100,
        help="Exit code 1 where a receiver has lost more.",
        show_default=False,
    ),
]
MinRateOption = Annotated[
    float | None,
    typer.Option(
        "--min-rate",
        metavar="RATE",
        parser=rate,
        help="Exit code 1 where less has arrived: 800M, 64k.",
        show_default=False,
    ),
]
MaxDelayOption = Annotated[
    float | None,
    typer.Option(
        "--max-delay",
        metavar="S",
        parser=duration,
        help="Exit code 1 where more than 1 % took longer on the way there, the "
        "clocks' error allowed for.",
        show_default=False,
    ),
]
MaxRttOption = Annotated[
    float | None,
    typer.Option(
        "--max-rtt",
        metavar="S",
        parser=duration,
        help="Exit code 1 where more than 1 % of the answers took longer.",
        show_default=False,
    ),
]
