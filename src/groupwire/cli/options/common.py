"""The options that commands share, and what their texts mean."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from groupwire.cli.plumbing.sink import check_stdout
from groupwire.cli.render.out import Out, Tone
from groupwire.errors import AddressError, UsageError
from groupwire.values import DEFAULT_DELIVERY_GROUP, DEFAULT_GROUP, Group
from groupwire.values.notation import split

__all__ = [
    "GROUP_VARIABLE",
    "DeliveryPlace",
    "DscpOption",
    "GroupOption",
    "InterfaceOption",
    "JsonOption",
    "Place",
    "QuietOption",
    "Reach",
    "Speech",
    "TtlOption",
    "VerboseOption",
    "Where",
    "duration",
    "group_option",
    "tone",
]

GROUP_VARIABLE = "GROUPWIRE_GROUP"


def duration(text: str) -> float:
    """Read seconds: a number above 0, and not for ever."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise typer.BadParameter(f"{text!r} is no number of seconds above 0.")
    return value


def group_option(default: Group) -> Any:
    """Return ``-g`` for a command with this group of its own."""
    return typer.Option(
        "--group",
        "-g",
        metavar="GROUP",
        help="The group: [SOURCE@]ADDRESS[%INTERFACE]:PORT, IPv6 in brackets. "
        f"Without it ${GROUP_VARIABLE}, else {default}.",
        show_default=False,
    )


GroupOption = Annotated[str | None, group_option(DEFAULT_GROUP)]
InterfaceOption = Annotated[
    str | None,
    typer.Option(
        "--interface",
        "-i",
        metavar="IF",
        help="The network interface by name, index or address, or `all`. "
        "Without it one is chosen, and the reason told.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON object a line, for programs.")
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Only what was asked for, and errors.")
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="More about what happens and why.")
]
TtlOption = Annotated[
    int,
    typer.Option(
        "--ttl",
        metavar="N",
        min=0,
        max=255,
        help="How many networks it may cross: 0 this machine, 1 this network, "
        "2 one router on, and so forth.",
    ),
]
DscpOption = Annotated[
    int,
    typer.Option(
        "--dscp",
        metavar="N",
        min=0,
        max=63,
        help="Mark for routers and switches that give priority (0-63).",
    ),
]


def tone(*, json: bool, quiet: bool, verbose: bool) -> Tone:
    """Return how to speak; UsageError for two that contradict each other."""
    if quiet and verbose:
        raise UsageError("-q and -v contradict each other", fix="give one of them")
    return Tone(json=json, quiet=quiet, verbose=verbose)


@dataclass(frozen=True, slots=True)
class Where:
    """The group and interface that a command is to use.

    ``named`` is False where the group comes from the environment or is the default.
    """

    group: Group
    interface: str | None
    named: bool

    @classmethod
    def read(
        cls, group: str | None, interface: str | None, *, default: Group = DEFAULT_GROUP
    ) -> Where:
        """Read ``-g`` and ``-i``; AddressError and UsageError say what would do."""
        if interface is not None and not interface.strip():
            raise UsageError(
                "-i names no interface", fix="`groupwire interfaces` lists them"
            )
        if group is not None:
            return cls(Group.parse(group), interface, named=True)
        return cls(_from_environment(default), interface, named=False)


def _from_environment(default: Group) -> Group:
    """Return the group that stands there; its port may be left to the command."""
    text = os.environ.get(GROUP_VARIABLE, "")
    if not text:
        return default
    try:
        parts = split(text)
        if parts.port:
            return Group.parse(text)
        return Group(parts.ip, default.port, parts.source, parts.interface)
    except AddressError as error:
        problem = f"{error.problem} (in ${GROUP_VARIABLE})"
        raise AddressError(text, problem, fix=error.fix) from None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command meets others."""

    group: GroupOption = None
    interface: InterfaceOption = None

    def read(self) -> Where:
        """Return what the texts mean; AddressError and UsageError."""
        return Where.read(self.group, self.interface)


@dataclass(frozen=True, slots=True)
class DeliveryPlace:
    """The same for files, which have another port."""

    group: Annotated[str | None, group_option(DEFAULT_DELIVERY_GROUP)] = None
    interface: InterfaceOption = None

    def read(self) -> Where:
        """Return what the texts mean; AddressError and UsageError."""
        return Where.read(self.group, self.interface, default=DEFAULT_DELIVERY_GROUP)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far datagrams go, and how quickly."""

    ttl: TtlOption = 1
    dscp: DscpOption = 0


@dataclass(frozen=True, slots=True)
class Speech:
    """How a command is to speak."""

    json: JsonOption = False
    quiet: QuietOption = False
    verbose: VerboseOption = False

    def out(self, *, raw: bool = False) -> Out:
        """Return what speaks so; UsageError where the options contradict.

        ``raw``: the bytes that arrive go to standard output, which has to be open.
        """
        if raw:
            check_stdout("the bytes")
        tones = tone(json=self.json, quiet=self.quiet, verbose=self.verbose)
        return Out(tones, raw=raw)
