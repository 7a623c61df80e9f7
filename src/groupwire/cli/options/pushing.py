"""The options of ``push``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Reach, Where, duration
from groupwire.cli.options.members import (
    AnswerToOption,
    expect_option,
    name_option,
    networks,
)
from groupwire.cli.options.quantities import rate as bit_rate
from groupwire.gather import Expectation

if TYPE_CHECKING:
    from groupwire.aio import PushConfig

__all__ = ["PathsArgument", "PushOptions"]

PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH...",
        help="Files and directories; DIR/ is what is in it, without its own name. "
        "- is standard input.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Who is to have it, what is left out, and how quickly it goes."""

    expect: Annotated[
        str | None,
        expect_option(
            "Who has to have it",
            "Exit code 1 if somebody has not. Without it, whoever answers at the "
            "start.",
        ),
    ] = None
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            "-w",
            metavar="S",
            parser=duration,
            help="Give members so many seconds to appear; without it 5 to those who "
            "are expected. It begins as soon as they are there.",
            show_default=False,
        ),
    ] = None
    start_with: Annotated[
        int | None,
        typer.Option(
            "--start-with",
            metavar="N",
            min=0,
            help="Begin as soon as N members are there, 0 without waiting for anybody; "
            "others may come later.",
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
            help="At most so many bits a second, such as 800M, 64k or 2.5G. Without "
            "it, what the slowest member takes.",
            show_default=False,
        ),
    ] = None
    drop_below: Annotated[
        float | None,
        typer.Option(
            "--drop-below",
            metavar="RATE",
            parser=bit_rate,
            help="Give up members that cannot take so many bits a second, rather than "
            "let all others wait.",
            show_default=False,
        ),
    ] = None
    parity: Annotated[
        int,
        typer.Option(
            "--parity",
            metavar="N",
            min=0,
            max=64,
            help="Send N parity segments with each block before anybody asks.",
        ),
    ] = 0
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="GLOB",
            help="Leave out what matches, such as '*.tmp' or .git. May be given "
            "several times.",
            show_default=False,
        ),
    ] = None
    links: Annotated[
        bool,
        typer.Option(
            "--links",
            help="Symbolic links as links, as long as they stay within the tree. "
            "Without it they are left out.",
        ),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="List what would be sent, and send nothing."),
    ] = False
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="S",
            parser=duration,
            help="Seconds of silence after which a member is given up.",
        ),
    ] = 10.0
    title: Annotated[
        str | None,
        typer.Option(
            "--title",
            metavar="TEXT",
            help="What members are told it is; with - the name of the file. Without it "
            "the name of what is pushed.",
            show_default=False,
        ),
    ] = None
    name: Annotated[str | None, name_option("The name that members see")] = None
    answer_to: AnswerToOption = None

    def config(
        self,
        where: Where,
        reach: Reach,
        progress_s: float,
        *,
        expected: Expectation | None,
    ) -> PushConfig:
        """Return it as the library has it; UsageError where that cannot work."""
        from groupwire.aio import PushConfig

        return PushConfig(
            expect=expected,
            wait=self.wait,
            start_with=self.start_with,
            patience=self.patience,
            rate=self.rate,
            drop_below=self.drop_below,
            parity=self.parity,
            exclude=tuple(self.exclude or ()),
            links=self.links,
            title=self.title,
            name=self.name,
            interface=where.interface,
            ttl=reach.ttl,
            dscp=reach.dscp,
            answer_to=networks("--answer-to", self.answer_to),
            progress_s=progress_s,
        )
