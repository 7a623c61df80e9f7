"""Joins the group as a receiver would, and counts what comes meanwhile.

Joined it has to be: the system looks at a group's datagrams (rp_filter, firewall)
only while somebody wants them. Nothing is answered, and what came is only counted. The
port is shared, and only the group's own datagrams are taken, so that no program that
uses it loses anything.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from groupwire.diagnose.check import Question
from groupwire.diagnose.trials.came import Came
from groupwire.diagnose.trials.tap import Tap, Tapped, udp_to
from groupwire.diagnose.trials.watching import WithDescriptor, watched
from groupwire.errors import MachineError, PortInUseError
from groupwire.net import MulticastReceiver
from groupwire.values import Interface

__all__ = ["Arrivals", "Ear", "source_of"]

_Ip: TypeAlias = IPv4Address | IPv6Address

WATCH_S = 1.0
MOST_INTERFACES = 16
MOST_SOURCES = 8
"""Senders that are kept by address; all are counted."""
_BUFFER_BYTES = 1 << 20


class Arrivals:
    """Listens on each interface in question for a second."""

    async def run(self, question: Question) -> Sequence[Came]:
        """Return what came, by interface."""
        group = question.group
        if group.is_source_specific and group.source is None:
            return []
        ears = [Ear(question, way) for way in question.receive_on[:MOST_INTERFACES]]
        with ExitStack() as stack:
            for ear in ears:
                stack.callback(ear.close)
                ear.open()
                stack.enter_context(watched(*ear.watches))
            await asyncio.sleep(WATCH_S)
            return [ear.came() for ear in ears]


@dataclass(slots=True)
class Ear:
    """One interface."""

    question: Question
    way: Interface
    receiver: MulticastReceiver = field(
        default_factory=lambda: MulticastReceiver(receive_buffer_bytes=_BUFFER_BYTES)
    )
    tap: Tap | None = None
    join_error: int = 0
    port_taken: bool = False
    heard: int = 0
    on_wire: int = 0
    heard_from: set[_Ip] = field(default_factory=set[_Ip])
    seen_from: set[_Ip] = field(default_factory=set[_Ip])

    def open(self) -> None:
        """Join, and look at the wire where that is allowed."""
        try:
            self.receiver.join(self.question.group, [self.way])
        except PortInUseError:
            self.port_taken = True
        except MachineError as error:
            cause = error.__cause__
            self.join_error = (cause.errno or -1) if isinstance(cause, OSError) else -1
        if self.question.root:
            try:
                self.tap = Tap([self.way], udp_to(self.question.group.ip))
            except (OSError, AttributeError):
                self.tap = None

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        """What to watch, and what to call."""
        watches: list[tuple[WithDescriptor, Callable[[], None]]] = [
            (sock, self._read) for sock in self.receiver.sockets
        ]
        if self.tap is not None:
            for name, sock in self.tap.readers:
                watches.append((sock, partial(self._look, self.tap, name)))
        return watches

    def came(self) -> Came:
        """Return what came so far."""
        self._read()
        # Who is not kept for want of room may have been heard all the same.
        complete = len(self.heard_from) < MOST_SOURCES
        unheard: set[_Ip] = self.seen_from - self.heard_from if complete else set()
        return Came(
            interface=self.way.name,
            join_error=self.join_error,
            port_taken=self.port_taken,
            heard=self.heard,
            on_wire=None if self.tap is None else self.on_wire,
            sources=_sorted(self.heard_from | self.seen_from),
            unheard=_sorted(unheard),
            watched_s=WATCH_S,
        )

    def close(self) -> None:
        """Leave the group."""
        self.receiver.close()
        if self.tap is not None:
            self.tap.close()

    def _read(self) -> None:
        found = self.receiver.receive()
        self.heard += len(found)
        for one in found:
            _keep(self.heard_from, one.origin.ip)

    def _look(self, tap: Tap, name: str) -> None:
        for tapped in tap.read(name):
            source = source_of(tapped, self.question.group.port)
            if source is not None:
                self.on_wire += 1
                _keep(self.seen_from, source)


def _keep(kept: set[_Ip], source: _Ip) -> None:
    if len(kept) < MOST_SOURCES:
        kept.add(source)


def _sorted(sources: Iterable[_Ip]) -> tuple[_Ip, ...]:
    return tuple(sorted(sources, key=int))


def source_of(tapped: Tapped, port: int) -> IPv4Address | IPv6Address | None:
    """Return who sent a packet that came in for our port; None for all others."""
    packet = tapped.packet
    if tapped.outgoing or not packet:
        return None
    four = packet[0] >> 4 == 4
    at = (packet[0] & 15) * 4 if four else 40
    if len(packet) < at + 4 or struct.unpack_from("!H", packet, at + 2)[0] != port:
        return None
    return ip_address(packet[12:16] if four else packet[8:24])
