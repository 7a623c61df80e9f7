"""The options of ``publish``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Reach, Where, duration
from groupwire.cli.options.members import expect_option, expectation, name_option
from groupwire.cli.options.quantities import rate
from groupwire.errors import UsageError
from groupwire.messages.delivery import Delivery

if TYPE_CHECKING:
    from groupwire.aio import PublishConfig
    from groupwire.gather import Expectation

__all__ = ["PublishOptions"]


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """What is published, how, and who is waited for."""

    lines: Annotated[
        bool,
        typer.Option("--lines", "-l", help="Each line of standard input is a message."),
    ] = False
    delivery: Annotated[
        Delivery,
        typer.Option(
            "--delivery",
            help="What becomes of a message that is lost on its way: reliable, it is "
            "repaired and all come in order; latest, it is repaired as long as its "
            "topic has nothing newer; besteffort, it stays lost.",
        ),
    ] = Delivery.RELIABLE
    expect: Annotated[
        str | None,
        expect_option(
            "Which subscribers to wait for",
            "Without it those that are there.",
        ),
    ] = None
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            "-w",
            metavar="S",
            parser=duration,
            help="How long subscribers have to appear. Without it 5 s for who is "
            "expected, else half a second.",
            show_default=False,
        ),
    ] = None
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="S",
            parser=duration,
            help="A subscriber that takes nothing for so long is waited for no more.",
        ),
    ] = 5.0
    rate_limit: Annotated[
        float | None,
        typer.Option(
            "--rate",
            "-r",
            metavar="RATE",
            parser=rate,
            help="At most so many bits per second, as 64k or 800M.",
            show_default=False,
        ),
    ] = None
    name: Annotated[str | None, name_option("The publisher's name")] = None

    @property
    def expected(self) -> Expectation | None:
        """Whom to wait for; UsageError for what cannot be meant."""
        found = expectation(self.expect)
        if found is not None and found.addresses:
            raise UsageError(
                "subscribers are known by name",
                fix="--expect with a number or names",
            )
        return found

    @property
    def wait_s(self) -> float:
        """How long subscribers have to appear."""
        usual = 0.5 if self.expect is None else 5.0
        return usual if self.wait is None else self.wait

    def config(self, where: Where, reach: Reach) -> PublishConfig:
        """Return what the publisher is told; UsageError."""
        from groupwire import aio

        return aio.PublishConfig(
            delivery=self.delivery,
            timeout=None,
            patience=self.patience,
            rate=self.rate_limit,
            name=self.name,
            interface=where.interface,
            ttl=reach.ttl,
            dscp=reach.dscp,
        )
