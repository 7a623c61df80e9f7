"""The options of ``members``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Reach, Where, duration
from groupwire.cli.options.members import expect_option, expected_names
from groupwire.errors import UsageError

if TYPE_CHECKING:
    from groupwire.aio import PeerConfig
    from groupwire.gather import Expectation

__all__ = ["LookingOptions"]

_USUAL_S, _EXPECTED_S = 1.0, 5.0


@dataclass(frozen=True, slots=True)
class LookingOptions:
    """Who has to be there, and how long is looked."""

    follow: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Go on: show who comes and who goes."),
    ] = False
    expect: Annotated[
        str | None,
        expect_option(
            "Who has to be there",
            "It ends as soon as they are; exit code 1 if somebody is not.",
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
            help="Give members so many seconds to answer; without it 1, and 5 to "
            "those who are expected.",
            show_default=False,
        ),
    ] = None
    seconds: Annotated[
        float | None,
        typer.Option(
            "--duration",
            "-d",
            metavar="S",
            parser=duration,
            help="End --follow after so many seconds.",
            show_default=False,
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.follow and (self.expect or self.wait):
            raise UsageError(
                "--follow waits for nobody in particular",
                fix="leave --expect and --wait out, or --follow",
            )
        if self.seconds is not None and not self.follow:
            raise UsageError(
                "--duration is for --follow", fix="say --wait, or --follow too"
            )

    @property
    def expected(self) -> Expectation | None:
        """Who has to be there; UsageError for what cannot be meant."""
        return expected_names(self.expect, "members")

    @property
    def for_s(self) -> float | None:
        """How long is looked at most; None: until it is interrupted."""
        if self.follow:
            return self.seconds
        usual = _USUAL_S if self.expect is None else _EXPECTED_S
        return usual if self.wait is None else self.wait

    def config(self, where: Where, reach: Reach) -> PeerConfig:
        """Return what the onlooker is told; UsageError."""
        from groupwire import aio

        return aio.PeerConfig(interface=where.interface, ttl=reach.ttl, dscp=reach.dscp)
