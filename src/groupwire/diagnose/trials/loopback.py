"""Sends a datagram to the group and hears it, on this host and no farther.

Its TTL is 0, so nothing leaves the host, and its port is one that the system picks, so
no program that uses the group sees it. A firewall may filter by port: only when nothing
was heard, one more goes to the group's own port, marked as groupwire's.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

from groupwire.diagnose.check import Question, Stop
from groupwire.diagnose.trials.seen import LoopbackSeen
from groupwire.diagnose.trials.watching import WithDescriptor, watched
from groupwire.errors import MachineError
from groupwire.gather.tagged import Kind, Tagged
from groupwire.net import Aim, MulticastReceiver, MulticastSender, SenderConfig
from groupwire.values import Group, Interface

__all__ = ["TEXT", "Loopback"]

WAIT_S = 0.25
"""A datagram that a host hears of itself takes microseconds on an idle one."""
TRIES = 3
MOST_INTERFACES = 16
TEXT = b"groupwire doctor was here"
"""What stands in it, so that whoever hears it can tell."""


class Loopback:
    """Tries each interface in question."""

    async def run(self, question: Question, _stop: Stop) -> Sequence[LoopbackSeen]:
        """Return what was heard, by interface."""
        ways = _ways(question)[:MOST_INTERFACES]
        return await asyncio.gather(*(_try(question.group, way) for way in ways))


def _ways(question: Question) -> list[Interface]:
    found = {way.index: way for way in question.receive_on}
    if question.send_by is not None:
        found.setdefault(question.send_by.index, question.send_by)
    # Without an address there is no source to send from; another check says so.
    version = question.group.version
    able = [way for way in found.values() if way.address(version) and way.up]
    # Linux carries no IPv6 groups on loopback; IPv4 is tried there if nowhere else.
    linked = [way for way in able if not way.loopback]
    return linked if linked or version == 6 else able


async def _try(group: Group, way: Interface) -> LoopbackSeen:
    seen = LoopbackSeen(interface=way.name, loopback=way.loopback, waited_s=WAIT_S)
    # Whatever source is meant: here it is this host that sends.
    source = _own(group, way) if group.is_source_specific else None
    group = replace(group.on(way.name), source=source)
    try:
        port = _free_port(group)
    except OSError as error:
        return replace(seen, join_error=error.errno or -1)
    seen = await _once(seen, replace(group, port=port), way)
    if seen.heard or seen.join_error or seen.send_error:
        return seen
    again = await _once(seen, group, way)
    return replace(seen, own_port=bool(again.heard))


async def _once(seen: LoopbackSeen, group: Group, way: Interface) -> LoopbackSeen:
    """Join, send a few times, and hear."""
    seen = replace(seen, port=group.port, sent=0, heard=0)
    token = secrets.randbits(64)
    data = Tagged(Kind.MESSAGE, token, TEXT).encode()
    with ExitStack() as stack:
        receiver = MulticastReceiver(receive_buffer_bytes=0)
        stack.callback(receiver.close)
        try:
            receiver.join(group, [way])
        except MachineError as error:
            return replace(seen, join_error=_number(error))
        try:
            sender = MulticastSender(_aim(group, way))
            stack.callback(sender.close)
            ear = _Ear(receiver, data)
            stack.enter_context(watched(*ear.watches))
            return await _sent(seen, sender, ear)
        except MachineError as error:
            return replace(seen, send_error=_number(error))


async def _sent(seen: LoopbackSeen, sender: MulticastSender, ear: _Ear) -> LoopbackSeen:
    sent = 0
    for _ in range(TRIES):
        try:
            sender.send(ear.wanted)
        except BlockingIOError:
            continue
        sent += 1
        if await ear.hears(WAIT_S / TRIES):
            break
    return replace(seen, sent=sent, heard=ear.count)


@dataclass(slots=True)
class _Ear:
    receiver: MulticastReceiver
    wanted: bytes
    count: int = 0
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        return [(sock, self.read) for sock in self.receiver.sockets]

    def read(self) -> None:
        found = [one for one in self.receiver.receive() if one.data == self.wanted]
        self.count += len(found)
        if found:
            self._heard.set()

    async def hears(self, seconds: float) -> bool:
        try:
            return await asyncio.wait_for(self._heard.wait(), seconds)
        except TimeoutError:
            return False


def _aim(group: Group, way: Interface) -> Aim:
    config = SenderConfig(ttl_hops=0, receive_buffer_bytes=0, send_buffer_bytes=0)
    return Aim.at(group, [way], config)


def _own(group: Group, way: Interface) -> IPv4Address | IPv6Address | None:
    own = [one.ip for one in way.addresses if one.version == group.version]
    own.sort(key=lambda ip: ip.is_link_local)
    return own[0] if own else None


def _free_port(group: Group) -> int:
    """Return a port that nobody holds just now."""
    family = socket.AF_INET if group.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 0))
        return int(sock.getsockname()[1])


def _number(error: MachineError) -> int:
    cause = error.__cause__
    return (cause.errno or -1) if isinstance(cause, OSError) else -1
