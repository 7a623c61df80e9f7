"""The options of ``pull``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Reach, Where, duration
from groupwire.cli.options.members import AnswerToOption, network_option, networks
from groupwire.cli.options.quantities import bytes_size
from groupwire.cli.options.receiving import NameOption
from groupwire.errors import UsageError

if TYPE_CHECKING:
    from groupwire.aio import PullConfig

__all__ = ["PullOptions"]


@dataclass(frozen=True, slots=True)
class PullOptions:
    """What is taken, from whom, and where it goes."""

    into: Annotated[
        str,
        typer.Option(
            "--into",
            "-d",
            metavar="DIR",
            help="Where files go; it is made where it is not there. - writes one file "
            "to standard output.",
        ),
    ] = "."
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            "-c",
            metavar="N",
            min=1,
            help="End after so many deliveries. Without it after one.",
            show_default=False,
        ),
    ] = None
    forever: Annotated[
        bool, typer.Option("--forever", help="Take one delivery after the other.")
    ] = False
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            "-t",
            metavar="S",
            parser=duration,
            help="End when none has begun for so many seconds, with exit code 1.",
            show_default=False,
        ),
    ] = None
    allowed: Annotated[
        list[str] | None,
        network_option("--from", "Take files only from senders in this network"),
    ] = None
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace files that no earlier pull has stored, too.",
        ),
    ] = False
    max_size: Annotated[
        int | None,
        typer.Option(
            "--max-size",
            metavar="SIZE",
            parser=bytes_size,
            help="Refuse what is larger in all, such as 4G, 500M or 64k bytes.",
            show_default=False,
        ),
    ] = None
    links: Annotated[
        bool,
        typer.Option(
            "--links",
            help="Make symbolic links, as long as they stay within the tree. Without "
            "it they are refused.",
        ),
    ] = False
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="S",
            parser=duration,
            help="Seconds to wait for a silent sender, and for it to take the receipt.",
        ),
    ] = 10.0
    lose: Annotated[
        float,
        typer.Option("--lose", metavar="PERCENT", min=0, max=100, hidden=True),
    ] = 0.0
    """For the demo and for tests: so much of what arrives is lost on purpose."""
    name: NameOption = None
    answer_to: AnswerToOption = None

    @property
    def limit(self) -> int | None:
        """How many deliveries it waits for, None for no limit."""
        if self.forever and self.count is not None:
            raise UsageError(
                "--count and --forever contradict each other", fix="give one of them"
            )
        return None if self.forever else self.count or 1

    def config(self, where: Where, reach: Reach, progress_s: float) -> PullConfig:
        """Return it as the library has it; UsageError where that cannot work."""
        from groupwire.aio import PullConfig

        return PullConfig(
            timeout=self.timeout,
            patience=self.patience,
            overwrite=self.overwrite,
            max_size=self.max_size,
            links=self.links,
            allowed=networks("--from", self.allowed),
            name=self.name,
            interface=where.interface,
            ttl=reach.ttl,
            dscp=reach.dscp,
            answer_to=networks("--answer-to", self.answer_to),
            lose=self.lose / 100,
            progress_s=progress_s,
        )
