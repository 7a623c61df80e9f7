"""The options of ``pipe``: which way, in which form, where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

import typer

from groupwire.cli.options.common import (
    GROUP_VARIABLE,
    InterfaceOption,
    Where,
    duration,
)
from groupwire.cli.options.quantities import rate
from groupwire.cli.options.receiving import DurationOption
from groupwire.errors import UsageError
from groupwire.values import DEFAULT_GROUP, DEFAULT_PIPE_GROUP

__all__ = ["DEFAULT_MEDIA_GROUP", "Form", "MediaOptions", "PipeOptions", "PipePlace"]

DEFAULT_MEDIA_GROUP = replace(DEFAULT_GROUP, port=5004)


class Form(StrEnum):
    """How the bytes travel."""

    RAW = "raw"
    TS = "ts"
    RTP = "rtp"

    @property
    def is_media(self) -> bool:
        """Whether it is a transport stream, and no bytes of any kind."""
        return self is not Form.RAW


@dataclass(frozen=True, slots=True)
class PipeOptions:
    """Which way, and in which form."""

    format: Annotated[
        Form,
        typer.Option(
            "--format",
            "-f",
            help="raw: any bytes, repaired until all have them. ts: an MPEG transport "
            "stream in plain datagrams. rtp: the same in RTP, as media programs send "
            "and expect them.",
        ),
    ] = Form.RAW
    send: Annotated[
        bool, typer.Option("--send", help="Standard input to the group.")
    ] = False
    receive: Annotated[
        bool, typer.Option("--receive", help="The group to standard output.")
    ] = False
    seconds: DurationOption = None

    def __post_init__(self) -> None:
        if self.send and self.receive:
            raise UsageError(
                "--send and --receive contradict each other", fix="give one of them"
            )


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """What only ts and rtp know."""

    announce: Annotated[
        str | None,
        typer.Option(
            "--announce",
            metavar="NAME",
            help="ts, rtp: have players and `groupwire streams` list it (SAP).",
            show_default=False,
        ),
    ] = None
    sdp: Annotated[
        str | None,
        typer.Option(
            "--sdp",
            metavar="FILE",
            help="ts, rtp: write the description that players open.",
            show_default=False,
        ),
    ] = None
    ts_rate: Annotated[
        float | None,
        typer.Option(
            "--ts-rate",
            metavar="BPS",
            parser=rate,
            help="ts, rtp: bits per second of a stream that has no clock (PCR).",
            show_default=False,
        ),
    ] = None
    stall: Annotated[
        float | None,
        typer.Option(
            "--stall",
            metavar="S",
            parser=duration,
            help="ts, rtp: end after so many seconds of silence, once something has "
            "come; no sender says that it has ended.",
            show_default=False,
        ),
    ] = None

    def named(self) -> tuple[str, ...]:
        """Return which of them were given, for a form that does not know them."""
        given = {
            "--announce": self.announce,
            "--sdp": self.sdp,
            "--ts-rate": self.ts_rate,
            "--stall": self.stall,
        }
        return tuple(name for name, value in given.items() if value is not None)


@dataclass(frozen=True, slots=True)
class PipePlace:
    """Where: media have a port of their own."""

    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            "-g",
            metavar="GROUP",
            help="The group: [SOURCE@]ADDRESS[%INTERFACE]:PORT, IPv6 in brackets. "
            f"Without it ${GROUP_VARIABLE}, else {DEFAULT_PIPE_GROUP}, and "
            f"{DEFAULT_MEDIA_GROUP} for ts and rtp.",
            show_default=False,
        ),
    ] = None
    interface: InterfaceOption = None

    def for_media(self) -> Where:
        """Return what the texts mean; AddressError and UsageError."""
        return Where.read(self.group, self.interface, default=DEFAULT_MEDIA_GROUP)

    def for_bytes(self) -> Where:
        """Return the same for any bytes."""
        return Where.read(self.group, self.interface, default=DEFAULT_PIPE_GROUP)
