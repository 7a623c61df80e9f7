"""The options of ``watch``, and what their texts mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from groupwire.cli.options.common import duration
from groupwire.cli.options.probing.limits import max_loss_option, min_rate_option
from groupwire.errors import UsageError

__all__ = [
    "GroupsArgument",
    "WatchOptions",
    "listed_groups",
    "metrics_address",
]

_LIST_LIMIT = 1 << 20
"""Characters of a file of groups."""
_LIST_FIX = "name a file with one group a line, such as 239.1.1.1:5000"
_LOOPBACK = "127.0.0.1"


def metrics_address(text: str | None) -> tuple[str, int] | None:
    """Read PORT or ADDRESS:PORT; a bare port is that of loopback."""
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]") if colon else _LOOPBACK
    if not (bare and port.isascii() and port.isdigit() and int(port[:6]) <= 0xFFFF):
        raise UsageError(
            f"--metrics: {text!r} is no port",
            fix="write it as 9100, or as 0.0.0.0:9100 for all networks",
        )
    return bare, int(port)


def listed_groups(words: Iterable[str]) -> list[str]:
    """Return groups as texts; ``@FILE`` stands for those in a file, one a line."""
    return [text for word in words for text in _meant(word)]


def _meant(word: str) -> list[str]:
    if not word.startswith("@"):
        return [word]
    path = word[1:]
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            text = file.read(_LIST_LIMIT + 1)
    except OSError as error:
        problem = f"{word}: {(error.strerror or str(error)).lower()}"
        raise UsageError(problem, fix=_LIST_FIX) from error
    if len(text) > _LIST_LIMIT:
        raise UsageError(f"{word} is longer than any list of groups", fix=_LIST_FIX)
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    found = [line for line in lines if line]
    if not found:
        raise UsageError(f"{word} names no group", fix=_LIST_FIX)
    return found


GroupsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[GROUP...]",
        help="[SOURCE@]ADDRESS[%INTERFACE]:PORT; with +N behind it N groups in a row; "
        "@FILE for a list, one a line.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How long is watched, what has to be kept, and where else it goes."""

    interval: Annotated[
        float,
        typer.Option(
            "--interval",
            metavar="S",
            parser=duration,
            help="Seconds between two looks.",
        ),
    ] = 1.0
    seconds: Annotated[
        float | None,
        typer.Option(
            "--duration",
            "-d",
            metavar="S",
            parser=duration,
            help="End after so many seconds, with exit code 1 if a limit was not kept.",
            show_default=False,
        ),
    ] = None
    max_loss: Annotated[
        float | None,
        max_loss_option("The most that may be lost of any source."),
    ] = None
    min_rate: Annotated[
        float | None,
        min_rate_option(
            "The least that every group must bring on average, in bits per "
            "second: 800M, 64k."
        ),
    ] = None
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics",
            metavar="[ADDRESS:]PORT",
            help="Serve figures for Prometheus at http://127.0.0.1:PORT/metrics.",
            show_default=False,
        ),
    ] = None
    dots: Annotated[
        bool,
        typer.Option(
            "--dots",
            help="A glyph for each packet: . arrived, x missing, < late, 2 twice.",
        ),
    ] = False
    record: Annotated[
        str | None,
        typer.Option(
            "--record",
            "-w",
            metavar="FILE",
            help="Write what is received to a pcapng file, which Wireshark opens and "
            "`groupwire replay` plays.",
            show_default=False,
        ),
    ] = None
