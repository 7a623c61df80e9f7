"""The options of ``publish``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Reach, Where, duration
from groupwire.cli.options.members import expect_option, expected_names
from groupwire.cli.options.messages.common import NameOption
from groupwire.cli.options.quantities import delay as seconds_of
from groupwire.cli.options.quantities import rate
from groupwire.messages.delivery import Delivery

if TYPE_CHECKING:
    from groupwire.aio import PublishConfig
    from groupwire.gather import Expectation

__all__ = ["MessageArgument", "PublishOptions", "TopicArgument"]

TopicArgument = Annotated[
    str,
    typer.Argument(metavar="TOPIC", help="Levels divided by /, as in MQTT."),
]
MessageArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[MESSAGE]",
        help="What to publish. Without it, or with -, all of standard input is the "
        "message.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """What is published, how, and who is waited for."""

    lines: Annotated[
        bool,
        typer.Option("--lines", "-l", help="Each line of standard input is a message."),
    ] = False
    null_message: Annotated[
        bool, typer.Option("--null-message", help="Publish a message without bytes.")
    ] = False
    delivery: Annotated[
        Delivery,
        typer.Option(
            "--delivery",
            "-d",
            help="What becomes of a message that is lost on its way. reliable: it is "
            "repaired, and all come in order. latest: it is repaired as long as its "
            "topic has nothing newer. besteffort: it stays lost, and the gap is told.",
        ),
    ] = Delivery.RELIABLE
    expect: Annotated[
        str | None,
        expect_option(
            "Which subscribers have to have it",
            "Exit code 1 if somebody has not. Without it, those that are there.",
            addresses=False,
        ),
    ] = None
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            "-w",
            metavar="S",
            parser=duration,
            help="Give subscribers so many seconds to appear; without it 5 to those "
            "who are expected. It begins as soon as they are there.",
            show_default=False,
        ),
    ] = None
    start_with: Annotated[
        int | None,
        typer.Option(
            "--start-with",
            metavar="N",
            min=0,
            help="Begin as soon as N subscribers are there, 0 without waiting for "
            "anybody.",
            show_default=False,
        ),
    ] = None
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="S",
            parser=duration,
            help="A subscriber that takes nothing for so many seconds is waited for "
            "no more.",
        ),
    ] = 5.0
    rate_limit: Annotated[
        float | None,
        typer.Option(
            "--rate",
            "-r",
            metavar="RATE",
            parser=rate,
            help="At most so many bits a second, such as 800M, 64k or 2.5G. Without "
            "it, what the slowest subscriber takes.",
            show_default=False,
        ),
    ] = None
    delay: Annotated[
        float | None,
        typer.Option(
            "--delay",
            metavar="S",
            parser=seconds_of,
            help="Let a message wait so long for others that share its packet, seconds "
            "or 2ms; without it none waits.",
            show_default=False,
        ),
    ] = None
    name: NameOption = None

    @property
    def expected(self) -> Expectation | None:
        """Who has to have it; UsageError for what cannot be meant."""
        return expected_names(self.expect, "subscribers")

    def config(self, where: Where, reach: Reach) -> PublishConfig:
        """Return what the publisher is told; UsageError."""
        from groupwire import aio

        return aio.PublishConfig(
            delivery=self.delivery,
            timeout=None,
            patience=self.patience,
            rate=self.rate_limit,
            delay=self.delay or 0.0,
            name=self.name,
            interface=where.interface,
            ttl=reach.ttl,
            dscp=reach.dscp,
        )
