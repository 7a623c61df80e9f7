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
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from groupwire.diagnose.check import Question, Stop
from groupwire.diagnose.trials.came import Came
from groupwire.diagnose.trials.loopback import TEXT
from groupwire.diagnose.trials.peer.local import reverse_path_drops
from groupwire.diagnose.trials.tap import Tap, Tapped, udp_to
from groupwire.diagnose.trials.watching import WithDescriptor, watched
from groupwire.diagnose.trials.wire.speech import probe_in
from groupwire.errors import MachineError, PortInUseError
from groupwire.gather.tagged import is_tagged
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

    async def run(self, question: Question, _stop: Stop) -> Sequence[Came]:
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
            wire = _Wire(question, ears)
            stack.callback(wire.close)
            stack.enter_context(watched(*wire.watches))
            forged = reverse_path_drops()
            await asyncio.sleep(WATCH_S)
            forged = reverse_path_drops() - forged
            return [replace(ear.came(), reverse_path=forged) for ear in ears]


@dataclass(slots=True)
class Ear:
    """One interface."""

    question: Question
    way: Interface
    receiver: MulticastReceiver = field(
        default_factory=lambda: MulticastReceiver(receive_buffer_bytes=_BUFFER_BYTES)
    )
    join_error: int = 0
    port_taken: bool = False
    heard: int = 0
    tests: int = 0
    on_wire: int | None = None
    heard_from: set[_Ip] = field(default_factory=set[_Ip])
    seen_from: set[_Ip] = field(default_factory=set[_Ip])

    def open(self) -> None:
        """Join."""
        try:
            self.receiver.join(self.question.group, [self.way])
        except PortInUseError:
            self.port_taken = True
        except MachineError as error:
            cause = error.__cause__
            self.join_error = (cause.errno or -1) if isinstance(cause, OSError) else -1

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        """What to watch, and what to call."""
        return [(sock, self._read) for sock in self.receiver.sockets]

    def see(self, tapped: Tapped) -> None:
        """Count what passed the wire."""
        source = source_of(tapped, self.question.group.port)
        if source is not None:
            self.on_wire = (self.on_wire or 0) + 1
            _keep(self.seen_from, source)

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
            tests=self.tests,
            dropped=self.receiver.kernel_drops,
            on_wire=self.on_wire,
            sources=_sorted(self.heard_from | self.seen_from),
            unheard=_sorted(unheard),
            watched_s=WATCH_S,
        )

    def close(self) -> None:
        """Leave the group."""
        self.receiver.close()

    def _read(self) -> None:
        found = self.receiver.receive()
        self.heard += len(found)
        for one in found:
            self.tests += is_test(one.data)
            _keep(self.heard_from, one.origin.ip)


class _Wire:
    """Looks at the wire before the interfaces, where that is allowed."""

    def __init__(self, question: Question, ears: Sequence[Ear]) -> None:
        self._ears = {ear.way.name: ear for ear in ears}
        self._tap: Tap | None = None
        if not (question.root and ears):
            return
        with suppress(OSError, AttributeError):
            self._tap = Tap([ear.way for ear in ears], udp_to(question.group.ip))
            for ear in ears:
                ear.on_wire = 0

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        """What to watch, and what to call."""
        return [] if self._tap is None else [(self._tap, partial(self._see, self._tap))]

    def close(self) -> None:
        """Look no longer."""
        if self._tap is not None:
            self._tap.close()

    def _see(self, tap: Tap) -> None:
        for tapped in tap.read():
            self._ears[tapped.interface].see(tapped)


def is_test(data: bytes) -> bool:
    """Tell whether a doctor sent it, this one or another."""
    if not is_tagged(data):
        return False
    return TEXT in data[:200] or probe_in(data) is not None


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
