"""Tests against a peer: what leaves here, what arrives there, and the way back.

The tests are small datagrams, and some as large as a packet may be, to the group's own
port: a firewall may filter by port, and only this port is the question. They are marked
as groupwire's, so that whoever else hears them can tell.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TypedDict

from groupwire.diagnose.check import Question, Stop
from groupwire.diagnose.trials.peer.conversation import WAIT_S, Conversation
from groupwire.diagnose.trials.peer.local import WireWatch, reverse_path_drops
from groupwire.diagnose.trials.peer.sockets import (
    UNICAST_HOPS,
    GroupEar,
    Voice,
    group_for_tests,
    say_all,
)
from groupwire.diagnose.trials.queries import QueryEar, segments
from groupwire.diagnose.trials.seen import Arrived, PeerSeen, Way
from groupwire.diagnose.trials.watching import WithDescriptor, watched
from groupwire.diagnose.trials.wire.speech import (
    PORT,
    Hello,
    Speak,
    Spoke,
    Tell,
    Told,
    Welcome,
    probe_in,
)
from groupwire.errors import DecodeError, MachineError, NotPermittedError
from groupwire.gather.tagged import Tagged, is_tagged
from groupwire.values import Datagram, Interface

__all__ = ["Peer", "Visit", "ladder"]

SPEAKING_S = 0.6
"""For an answer by unicast, where the peer sends tests first."""
SETTLE_S = 0.15
"""For what is still on its way after the last test was sent."""
SMALL = 5
"""Small tests in each direction."""
TWICE = 2
"""Large ones of each size."""
FARTHER = 3
MOST_MEMBERS = 8
"""Members at the peer's address whose names are kept."""
_LADDER = (8972, 1472, 1372, 1252, 1000, 548)
_MOST_PAYLOAD = 9000
_HEADERS = {4: 28, 6: 48}


class Peer:
    """Visits the peer that the question names, if it names one."""

    async def run(self, question: Question, _stop: Stop) -> Sequence[PeerSeen]:
        """Return what both ends saw."""
        if question.peer is None:
            return []
        if question.send_by is None:
            return [_nothing(question, question.peer, "; ".join(question.trouble))]
        try:
            with ExitStack() as stack:
                visit = Visit(question, question.peer, question.send_by)
                stack.callback(visit.close)
                stack.enter_context(watched(*visit.watches))
                return [await visit.made()]
        except MachineError as error:
            return [_nothing(question, question.peer, error.problem)]


def ladder(most_bytes: int) -> list[int]:
    """Return sizes to try: the largest whole packet, and usual ones below."""
    if most_bytes > _MOST_PAYLOAD:  # loopback, which has no packets
        return []
    return [most_bytes, *(size for size in _LADDER if size < most_bytes)]


def _is_received_from_others(question: Question) -> bool:
    """Tell whether receivers name a sender that this host is not (RFC 4607)."""
    source = question.group.source
    ways = [*question.receive_on, *question.about]
    own = [one.ip for way in ways for one in way.addresses]
    return question.group.is_source_specific and source not in own


def _nothing(
    question: Question, ip: IPv4Address | IPv6Address, trouble: str
) -> PeerSeen:
    group = str(question.group)
    return PeerSeen(address=str(ip), port=PORT, group=group, trouble=trouble)


@dataclass(slots=True)
class _Heard:
    """What came from the peer to the group, and what passed our own wire."""

    there: int
    back: int
    arrived: dict[int, Arrived] = field(default_factory=dict[int, Arrived])
    left: set[int] = field(default_factory=set[int])
    reached: set[int] = field(default_factory=set[int])
    interface: str = ""

    def note_wire(self, data: bytes, *, outgoing: bool) -> None:
        probe = probe_in(data)
        if probe is None:
            return
        if outgoing and probe.token == self.there:
            self.left.add(probe.number)
        elif not outgoing and probe.token == self.back:
            self.reached.add(probe.number)


class Visit:
    """One visit: sockets, what they heard, and the steps in their order."""

    def __init__(
        self, question: Question, ip: IPv4Address | IPv6Address, way: Interface
    ) -> None:
        self._question, self._ip, self._way = question, ip, way
        self._group = group_for_tests(question.group, ip)
        self._heard = _Heard(secrets.randbits(64), secrets.randbits(64))
        self._names = {one.index: one.name for one in question.receive_on}
        self._members: dict[str, None] = {}
        self._closing = ExitStack()
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        """What to watch, and what to call."""
        return [
            (self._peer, self._peer.read),
            (self._voice.watched, self._take_answers),
            *self._ear.watches,
            *self._queries.watches,
        ]

    def close(self) -> None:
        """Leave, and close all."""
        self._closing.close()

    def _open(self) -> None:
        question, closing = self._question, self._closing
        self._peer = Conversation(self._ip, self._way)
        closing.callback(self._peer.close)
        self._voice = Voice(self._group, self._way, question.ttl_hops)
        closing.callback(self._voice.close)
        self._ear = GroupEar(self._group, question.receive_on, self._hear)
        closing.callback(self._ear.close)
        self._queries = QueryEar(segments(question), question.group.version)
        closing.callback(self._queries.close)
        self._wire = WireWatch(self._group, self._wires(), self._heard.note_wire)
        closing.callback(self._wire.close)

    def _wires(self) -> list[Interface]:
        ways = {one.index: one for one in (*self._question.receive_on, self._way)}
        return list(ways.values())

    async def made(self) -> PeerSeen:
        """Make the visit and return what both ends saw."""
        self._looking = self._wire.renew()
        welcome = await self._peer.ask(
            Hello(str(self._question.group.on(None))), Welcome
        )
        if welcome is None or welcome.group != str(self._question.group.on(None)):
            return await self._without_a_doctor(welcome)
        hops = UNICAST_HOPS - welcome.ttl_hops if welcome.ttl_hops else None
        there, told, one_way = None, Told(), _is_received_from_others(self._question)
        if not one_way:
            there, told = await self._there(welcome, hops)
        # Who does not say what arrived is not asked for more.
        silent = there is None and not one_way
        back = None if silent else await self._back(welcome, hops)
        return PeerSeen(
            address=str(self._ip),
            port=PORT,
            group=str(self._group),
            interface=self._way.name,
            serving=True,
            fell_silent=back is None,
            one_way=one_way,
            members=tuple(self._members),
            name=welcome.name,
            hops=hops,
            ttl_hops=self._question.ttl_hops,
            there=there,
            back=back,
            mtu_bytes=self._way.mtu_bytes,
            peer_mtu_bytes=welcome.mtu_bytes,
            queries=self._queries.asked + told.queries,
            findings=told.findings,
        )

    async def _without_a_doctor(self, welcome: Welcome | None) -> PeerSeen:
        """Ask the members of the group: a ``groupwire receive`` there answers."""
        tests = [(number, 0) for number in range(SMALL)]
        sent, error = await self._said(self._voice, tests)
        await asyncio.sleep(WAIT_S)
        left = tuple(sorted(self._heard.left)) if self._looking else None
        return PeerSeen(
            address=str(self._ip),
            port=PORT,
            group=str(self._group),
            interface=self._way.name,
            refused=self._peer.refused,
            other_group="" if welcome is None else welcome.group,
            members=tuple(self._members),
            ttl_hops=self._question.ttl_hops,
            there=Way(sent=sent, left=left, **_why(error)),
            queries=self._queries.asked,
        )

    # There

    async def _there(
        self, welcome: Welcome, hops: int | None
    ) -> tuple[Way | None, Told]:
        """Return the way there; None where the peer does not say what arrived."""
        # The first question begins the peer's counting.
        if await self._told(welcome) is None:
            return None, Told()
        large = _large(self._voice.most_bytes)
        tests = [(number, 0) for number in range(SMALL)]
        sent, error = await self._said(self._voice, [*tests, *large])
        await asyncio.sleep(SETTLE_S)
        told = await self._told(welcome)
        needed = own = self._question.ttl_hops
        more: tuple[int, ...] = ()
        if told is not None and not told.arrived and not told.reached:
            # Either it dies on the way, or a switch has forgotten who wants it.
            needed = max(own, (hops or 0) + 1)
            await self._told(welcome, again=needed == own)
            await asyncio.sleep(SETTLE_S)
            more = await self._more(needed, SMALL + len(large))
            await asyncio.sleep(SETTLE_S)
            told = await self._told(welcome)
        if told is None:
            return None, Told()
        way = Way(
            sent=tuple(number for number in sent if number < SMALL),
            left=tuple(sorted(self._heard.left)) if self._looking else None,
            reached=told.reached,
            arrived=tuple(
                Arrived(one.number, one.ttl_hops or None, one.bytes_)
                for one in told.arrived
            ),
            sizes=tuple(one for one in large if one[0] in sent),
            farther=more if needed > own else (),
            farther_hops=needed,
            renewed=more if needed == own else (),
            **_why(error),
            reverse_path=told.reverse_path,
            interface=told.interface,
        )
        return way, told

    async def _said(
        self, voice: Voice, tests: Sequence[tuple[int, int]]
    ) -> tuple[tuple[int, ...], MachineError | None]:
        try:
            sent = await say_all(
                voice, self._heard.there, tests, ask=lambda number: number < SMALL
            )
        except MachineError as error:
            return (), error
        return sent, None

    async def _more(self, ttl_hops: int, first: int) -> tuple[int, ...]:
        voice = Voice(self._group, self._way, ttl_hops)
        try:
            tests = [(first + number, 0) for number in range(FARTHER)]
            return (await self._said(voice, tests))[0]
        finally:
            voice.close()

    async def _told(self, welcome: Welcome, *, again: bool = False) -> Told | None:
        word = Tell(welcome.cookie, self._heard.there, again)
        return await self._peer.ask(word, Told)

    # Back

    async def _back(self, welcome: Welcome, hops: int | None) -> Way | None:
        """Return the way back; None where the peer does not say that it has sent."""
        before = reverse_path_drops()
        large = _large(welcome.mtu_bytes - _HEADERS[self._group.version])
        sizes = (*(0 for _ in range(SMALL)), *(size for _, size in large))
        ttl_hops = max(self._question.ttl_hops, (hops or 0) + 1)
        wish = Speak(welcome.cookie, self._heard.back, ttl_hops, sizes)
        spoke = await self._peer.ask(wish, Spoke, wait_s=SPEAKING_S)
        await asyncio.sleep(SETTLE_S)
        if spoke is None:
            return None
        return Way(
            sent=tuple(number for number in spoke.sent if number < SMALL),
            left=spoke.left,
            reached=tuple(sorted(self._heard.reached)) if self._looking else None,
            arrived=tuple(self._heard.arrived.values()),
            sizes=tuple(one for one in large if one[0] in spoke.sent),
            error=spoke.error,
            reverse_path=max(0, reverse_path_drops() - before),
            interface=self._heard.interface or self._way.name,
        )

    # Datagrams

    def _hear(self, datagram: Datagram) -> None:
        probe = probe_in(datagram.data)
        if probe is None or probe.token != self._heard.back:
            return
        arrived = Arrived(probe.number, datagram.ttl_hops, len(datagram.data))
        self._heard.arrived.setdefault(probe.number, arrived)
        self._heard.interface = self._names.get(datagram.interface, "")

    def _take_answers(self) -> None:
        for datagram in self._voice.answers():
            # Without the zone, which is known by the interface.
            if int(datagram.origin.ip) == int(self._ip) and (
                len(self._members) < MOST_MEMBERS
            ):
                self._members[_member(datagram)] = None


def _member(datagram: Datagram) -> str:
    if is_tagged(datagram.data):
        with suppress(DecodeError):
            return Tagged.decode(datagram.data).name or str(datagram.origin)
    return str(datagram.origin)


class _Why(TypedDict):
    error: str
    forbidden: bool


def _why(error: MachineError | None) -> _Why:
    return {
        "error": "" if error is None else error.problem,
        "forbidden": isinstance(error, NotPermittedError),
    }


def _large(most_bytes: int) -> list[tuple[int, int]]:
    sizes = [size for size in ladder(most_bytes) for _ in range(TWICE)]
    return list(enumerate(sizes, SMALL))
