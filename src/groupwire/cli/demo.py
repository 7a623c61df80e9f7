"""``demo``: three receivers and a sender on this machine, over real multicast.

Each is a process of its own that runs the command shown, so that what is seen here is
what people get who type it. By default they meet on loopback: nothing leaves this
machine, and neither a network nor a route is needed.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Reach, Speech
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.children import Child
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.show import Show
from groupwire.errors import InterfaceError
from groupwire.values import DEFAULT_GROUP, Group

__all__ = ["demo"]

_MEMBERS = ("camera-1", "camera-2", "camera-3")
_ABSENT = "camera-4"
_MESSAGE = "very important data"
_FILE = "recording.bin"
_FILE_BYTES = 50_000_000
_PIECE_BYTES = 1_000_000
_SEED = 5740
_LOSS_PERCENT = 3
_SEGMENT_BYTES = 1400
_LONGEST_S = 30
"""A receiver that nobody ends any more ends itself after this time."""


@dataclass(frozen=True, slots=True)
class _Stage:
    group: Group
    interface: str
    ttl: int
    dscp: int

    def receiver(self, name: str) -> tuple[str, ...]:
        return ("receive", *self._meeting(), "--name", name)

    def sender(self) -> tuple[str, ...]:
        members = ",".join((*_MEMBERS, _ABSENT))
        ttl = ("--ttl", str(self.ttl)) if self.ttl != 1 else ()
        dscp = ("--dscp", str(self.dscp)) if self.dscp else ()
        return ("send", _MESSAGE, *self._meeting(), *ttl, *dscp, "--expect", members)

    def puller(self, name: str) -> tuple[str, ...]:
        return ("pull", *self._meeting(), "--into", name, "--name", name)

    def pusher(self, file: str) -> tuple[str, ...]:
        ttl = ("--ttl", str(self.ttl)) if self.ttl != 1 else ()
        dscp = ("--dscp", str(self.dscp)) if self.dscp else ()
        members = ",".join(_MEMBERS)
        return ("push", file, *self._meeting(), *ttl, *dscp, "--expect", members)

    def _meeting(self) -> tuple[str, ...]:
        return "-g", str(self.group), "-i", self.interface


@dataclass(frozen=True, slots=True)
class _Meeting:
    """Where the show takes place."""

    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            "-g",
            metavar="GROUP",
            help="The group to meet on. "
            f"Without it {DEFAULT_GROUP.ip} and a free port.",
            show_default=False,
        ),
    ] = None
    interface: Annotated[
        str | None,
        typer.Option(
            "--interface",
            "-i",
            metavar="IF",
            help="Where to meet: an interface by name, index or address. Without it "
            "loopback, so that nothing leaves this machine.",
            show_default=False,
        ),
    ] = None

    def stage(self, reach: Reach) -> _Stage:
        """Return it with all that it needs."""
        named = self.group
        group = Group.parse(named) if named is not None else _free_group()
        way = self.interface or group.interface or _loopback()
        return _Stage(group.on(None), way, reach.ttl, reach.dscp)


@spread
def demo(meeting: _Meeting, reach: Reach, speech: Speech) -> int:
    """Watch it happen on this machine: a sender and three receivers.

    One message goes out to a group, three receivers answer by name, and a fourth that
    is expected never comes: the sender says so. Then a file of 50 MB goes to the three,
    each of which loses 3 % of what arrives, on purpose: all get it, verified. All of it
    is real multicast between processes, on loopback and a free port unless -i and -g
    say otherwise. Exit code 0 if the show went as announced.
    """
    out = speech.out()
    stage = meeting.stage(reach)
    return signals.run(_play(stage, Show(out, (*_MEMBERS, _ABSENT))), out)


async def _play(stage: _Stage, show: Show) -> int:
    show.opening(str(stage.group), stage.interface, stage.ttl)
    as_announced: bool | None = None
    try:
        answered = await _ask(stage, show)
        as_announced = await _deliver(stage, show) and answered
    finally:
        show.end(as_announced=as_announced)
    return ExitCode.DONE if as_announced else ExitCode.MISSING


async def _ask(stage: _Stage, show: Show) -> bool:
    """Play the first part: a message."""
    async with AsyncExitStack() as children:
        receivers: dict[str, Child] = {}
        for name in _MEMBERS:
            words = stage.receiver(name)
            show.command(words)
            child = Child(*words, "--duration", str(_LONGEST_S))
            receivers[name] = await children.enter_async_context(child)
        for name, child in receivers.items():
            show.joined(name, await child.event("joined"))
        words = stage.sender()
        show.command(words)
        sender = await children.enter_async_context(Child(*words))
        answered = await _watch(sender, show)
        heard = await _heard(receivers, show)
    return answered and heard


async def _watch(sender: Child, show: Show) -> bool:
    """Show what the sender tells; True if three answered and the fourth is missing."""
    answered: list[str | None] = []
    last: dict[str, Any] = {}
    async for event in sender.events():
        match event["event"]:
            case "sent":
                show.sent(event)
            case "answer":
                answered.append(event["member"])
                show.answer(event)
            case "end":
                last = event
            case _:
                pass
    if not last:
        raise await sender.failure()
    show.missing(last)
    return sorted(map(str, answered)) == [*_MEMBERS] and last["missing"] == [_ABSENT]


async def _heard(receivers: dict[str, Child], show: Show) -> bool:
    """Show what the receivers tell; True if each heard the message once."""
    for child in receivers.values():
        child.stop()
    counts: list[int] = []
    for name, child in receivers.items():
        messages = [e async for e in child.events() if e["event"] == "message"]
        counts.append(
            sum(e.get("data") == _MESSAGE and e["answered"] for e in messages)
        )
        show.heard(name, messages)
    return counts == [1] * len(receivers)


async def _deliver(stage: _Stage, show: Show) -> bool:
    """Play the second part: a file."""
    with TemporaryDirectory(prefix="groupwire-demo-") as place:
        sent = await asyncio.to_thread(_record, Path(place, _FILE))
        show.second_opening(_FILE, _FILE_BYTES, _LOSS_PERCENT)
        async with AsyncExitStack() as children:
            receivers: dict[str, Child] = {}
            for name in _MEMBERS:
                words = stage.puller(name)
                show.command(words)
                hidden = ("--lose", str(_LOSS_PERCENT), "--timeout", str(_LONGEST_S))
                child = Child(*words, *hidden, within=place)
                receivers[name] = await children.enter_async_context(child)
            for name, child in receivers.items():
                show.joined(name, await child.event("joined"))
            words = stage.pusher(_FILE)
            show.command(words)
            pusher = Child(*words, within=place)
            signed = await _signed(await children.enter_async_context(pusher), show)
            for child in receivers.values():
                await child.last_words()
        return await _compared(place, sent, show) and signed


async def _signed(sender: Child, show: Show) -> bool:
    """Show what the sender tells; True if all three have signed."""
    last: dict[str, Any] = {}
    async for event in sender.events():
        match event["event"]:
            case "begin":
                show.begun(event)
            case "progress":
                show.passed(event)
            case "receipt":
                show.receipt(event, _SEGMENT_BYTES)
            case "end":
                last = event
            case _:
                pass
    if not last:
        raise await sender.failure()
    return sorted(last["delivered"]) == [*_MEMBERS] and last["complete"]


async def _compared(place: str, sent: str, show: Show) -> bool:
    """Show what the members have; True if it is what was sent."""
    found: list[str] = []
    for name in _MEMBERS:
        found.append(await asyncio.to_thread(_digest, Path(place, name, _FILE)))
        show.compared(name, found[-1], same=found[-1] == sent)
    return found == [sent] * len(_MEMBERS)


def _record(path: Path) -> str:
    """Make the file, which nothing can compress, and return its digest."""
    dice, digest = Random(_SEED), sha256()
    with path.open("wb") as file:
        for _ in range(_FILE_BYTES // _PIECE_BYTES):
            piece = dice.randbytes(_PIECE_BYTES)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _free_group() -> Group:
    """Return the usual address with a port that nobody on this machine uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
    return replace(DEFAULT_GROUP, port=port)


def _loopback() -> str:
    from groupwire.net.links import list_interfaces

    found = next((link for link in list_interfaces() if link.loopback), None)
    if found is None:
        raise InterfaceError(
            "there is no loopback interface", fix="name another one with -i"
        )
    if not found.up:
        raise InterfaceError(
            f"the loopback interface {found.name} is down",
            fix=f"ip link set {found.name} up",
        )
    return found.name
