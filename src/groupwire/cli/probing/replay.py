"""``replay``: sends a capture again, with its own rhythm."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Place, Reach, Speech, duration
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.plumbing.stopping import to_its_end
from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.errors import UsageError
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.aio.probing.replay import ReplayProgress

__all__ = ["replay"]

INTERVAL_S = 1.0
"""How often it tells where it is."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What of the capture is sent, where and how fast."""

    original: Annotated[
        bool, typer.Option("--original", help="To the groups that it went to.")
    ] = False
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="GROUP",
            help="Only what went to that group of the capture.",
            show_default=False,
        ),
    ] = None
    speed: Annotated[
        float,
        typer.Option(
            "--speed",
            metavar="N",
            parser=duration,
            help="2 plays twice as fast, 0.5 half as fast.",
        ),
    ] = 1.0
    max_gap: Annotated[
        float | None,
        typer.Option(
            "--max-gap",
            metavar="S",
            parser=duration,
            help="Make longer pauses so short, such as between two recordings.",
            show_default=False,
        ),
    ] = None


FileArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A pcapng or pcap file, of `groupwire watch --record` or Wireshark.",
        show_default=False,
    ),
]


@spread
def replay(
    file: FileArgument,
    options: ReplayOptions,
    place: Place,
    reach: Reach,
    speech: Speech,
) -> int:
    """Send a capture's datagrams again, with the distances that they had.

    The group has to be named with -g, or --original given, so that nobody feeds a
    capture back by mistake. Only what went to groups is sent.
    """
    out = speech.out()
    to = _target(place.group, options.original)
    wanted = None if options.only is None else Group.parse(options.only)

    shown = _Shown(out, file, to)

    async def play(stop: asyncio.Event) -> None:
        from groupwire import aio
        from groupwire.aio.probing.replay import replay as replayed

        playing = replayed(
            file,
            to,
            original=options.original,
            only=wanted,
            speed=options.speed,
            max_gap=options.max_gap,
            interval=INTERVAL_S,
            stop=stop,
            config=aio.PeerConfig(
                interface=place.interface, ttl=reach.ttl, dscp=reach.dscp
            ),
        )
        async for progress in playing:
            shown.take(progress)

    async def replaying() -> int:
        with signals.ending(lambda: shown.begun, shown.end):
            await to_its_end(play)
        return ExitCode.DONE if shown.sent else ExitCode.MISSING

    return signals.run(replaying(), out)


def _target(group: str | None, original: bool) -> Group | None:
    """Return where to; the default group would feed it back by mistake."""
    if group is not None and original:
        raise UsageError(
            "-g and --original contradict each other", fix="give one of them"
        )
    if group is None and not original:
        raise UsageError(
            "no group is named to send the capture to",
            fix="name one with -g, or send to the capture's own with --original",
        )
    return None if group is None else Group.parse(group)


class _Shown:
    """Where it is, every second, and the end, however it comes."""

    def __init__(self, out: Out, file: str, to: Group | None) -> None:
        self._out = out
        self._last: ReplayProgress | None = None
        fields = {"file": file, "group": None if to is None else str(to)}
        self._start: Mapping[str, object] = fields
        self.begun = False

    @property
    def sent(self) -> int:
        return self._last.packets if self._last else 0

    def take(self, progress: ReplayProgress) -> None:
        if not self.begun:
            self.begun = True
            if self._out.json:
                self._out.event("start", self._start)
        first, self._last = self._last is None, progress
        if first or progress.ended:
            return
        if self._out.json:
            self._out.event("progress", _fields(progress))
        else:
            self._out.note(
                f"at {seconds(progress.position_s)}: "
                f"{plural(progress.packets, 'packet')}, {progress.size_bytes} bytes"
            )

    def end(self) -> None:
        progress = self._last
        if progress is None:
            return
        if self._out.json:
            self._out.event("end", _fields(progress))
            return
        groups = ", ".join(str(group) for group in progress.groups) or "nobody"
        self._out.line(
            f"sent {plural(progress.packets, 'packet')} "
            f"({progress.size_bytes} bytes) in {seconds(progress.elapsed_s)} "
            f"to {escape(groups)}"
        )
        for reason, count in sorted(progress.left_out.items()):
            self._out.warn(f"left out: {plural(count, 'packet')}, {_why(reason)}")


def _fields(progress: ReplayProgress) -> dict[str, object]:
    return {
        "packets": progress.packets,
        "bytes": progress.size_bytes,
        "position_s": round(progress.position_s, 6),
        "elapsed_s": round(progress.elapsed_s, 6),
        "late_s": round(progress.late_s, 6),
        "groups": [str(group) for group in progress.groups],
        "left_out": dict(progress.left_out),
    }


_WHY = {
    "unicast": "which went to a single host",
    "other-group": "which went to another group than that of --only",
    "too-many-groups": "of more groups than are sent to at once",
    "no-port": "which went to no port",
    "capture-cut": "of which only a part was captured",
    "capture-cut-off": "because the file ends in the middle of it",
    "capture-damaged": "because the file is damaged there",
    "capture-fragment": "in fragments",
    "capture-link-type": "in frames of a kind not known here",
    "capture-no-ip": "which are not IP",
    "capture-no-udp": "which are not UDP",
    "capture-timeless": "without a time",
}


def _why(reason: str) -> str:
    return _WHY.get(reason, reason)
