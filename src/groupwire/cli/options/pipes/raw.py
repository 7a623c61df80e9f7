"""What only a pipe of any bytes knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Reach, Where, duration
from groupwire.cli.options.members import expect_option, expected_names, name_option
from groupwire.cli.options.quantities import delay
from groupwire.cli.options.quantities import rate as bit_rate
from groupwire.errors import UsageError

if TYPE_CHECKING:
    from groupwire.aio.pipes import PipeConfig

__all__ = ["RawOptions"]

_ONLY_SENT = ("--expect", "--start-with", "--rate")
_ONLY_RECEIVED = ("--from",)


@dataclass(frozen=True, slots=True)
class RawOptions:
    """Who is waited for, how long, and what becomes of what is late."""

    live: Annotated[
        float | None,
        typer.Option(
            "--live",
            metavar="S",
            parser=delay,
            help="raw: let nothing wait longer, seconds or 200ms: what is late or lost "
            "is skipped and told. Without it all arrives, and who is slow holds the "
            "sender up.",
            show_default=False,
        ),
    ] = None
    expect: Annotated[
        str | None,
        expect_option(
            "raw, sending: who has to have it",
            "Exit code 1 if somebody has not. It begins when they are there.",
            addresses=False,
        ),
    ] = None
    start_with: Annotated[
        int | None,
        typer.Option(
            "--start-with",
            metavar="N",
            min=0,
            help="raw, sending: begin as soon as N readers are there; without it one. "
            "With 0 nobody is waited for.",
            show_default=False,
        ),
    ] = None
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            "-w",
            metavar="S",
            parser=duration,
            help="raw: give the other end so many seconds to appear; without it as "
            "long as it takes.",
            show_default=False,
        ),
    ] = None
    patience: Annotated[
        float | None,
        typer.Option(
            "--patience",
            metavar="S",
            parser=duration,
            help="raw: a reader that takes nothing for so many seconds is waited for "
            "no more, without it 60; a sender that is silent is given up after so "
            "long, 10 at most.",
            show_default=False,
        ),
    ] = None
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            "-r",
            metavar="RATE",
            parser=bit_rate,
            help="raw, sending: at most so many bits a second, such as 800M. Without "
            "it, what the slowest reader takes.",
            show_default=False,
        ),
    ] = None
    sender: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="raw, receiving: take what this sender sends; without it the first.",
            show_default=False,
        ),
    ] = None
    name: Annotated[
        str | None, name_option("raw: the name that the other end sees")
    ] = None

    def named(self) -> tuple[str, ...]:
        """Return which of them were given, for who does not know them."""
        given = {
            "--live": self.live,
            "--expect": self.expect,
            "--start-with": self.start_with,
            "--wait": self.wait,
            "--patience": self.patience,
            "--rate": self.rate,
            "--from": self.sender,
            "--name": self.name,
        }
        return tuple(name for name, value in given.items() if value is not None)

    def config(self, where: Where, reach: Reach, *, sends: bool) -> PipeConfig:
        """Return it as the library has it; UsageError where that cannot work."""
        from groupwire.aio.pipes import PipeConfig

        self._check(sends=sends)
        usual = PipeConfig()
        return PipeConfig(
            live=self.live,
            expect=expected_names(self.expect, "readers"),
            start_with=self.start_with,
            wait=self.wait,
            patience=usual.patience if self.patience is None else self.patience,
            rate=self.rate,
            sender_name=self.sender,
            name=self.name,
            interface=where.interface,
            ttl=reach.ttl,
            dscp=reach.dscp,
        )

    def _check(self, *, sends: bool) -> None:
        wrong = _ONLY_RECEIVED if sends else _ONLY_SENT
        for name in self.named():
            if name in wrong:
                who = "receives" if sends else "sends"
                raise UsageError(f"{name} is for who {who}", fix="leave it out")
