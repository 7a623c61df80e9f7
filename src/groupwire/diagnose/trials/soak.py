"""Stays joined for minutes and notes when the group's datagrams came, and when no more.

Any traffic of the group will do; with a peer that serves, it is asked for a test
datagram every two seconds, so that silence says that something is lost.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from groupwire.diagnose.check import Question, Stop
from groupwire.diagnose.trials.peer.conversation import Conversation
from groupwire.diagnose.trials.peer.sockets import GroupEar, group_for_tests
from groupwire.diagnose.trials.queries import QueryEar, segments
from groupwire.diagnose.trials.seen import QueryHeard, SoakSeen, Stretch
from groupwire.diagnose.trials.watching import WithDescriptor, paused, watched
from groupwire.diagnose.trials.wire.speech import (
    Hello,
    Speak,
    Spoke,
    Welcome,
    probe_in,
)
from groupwire.errors import AddressError, MachineError
from groupwire.values import Datagram, Group

__all__ = ["Diary", "Soak"]

BEAT_S = 2.0
"""How often a peer is asked to send; RFC 3376's intervals are minutes."""
PAUSE_S = 15.0
"""A silence that ends a stretch."""
MAX_STRETCHES = 64
"""Of more, the first one and the last ones are kept."""


class Soak:
    """Watches for as long as the question says; not at all if it says nothing."""

    def __init__(self, *, beat_s: float = BEAT_S, pause_s: float = PAUSE_S) -> None:
        self._beat_s, self._pause_s = beat_s, pause_s

    async def run(self, question: Question, stop: Stop) -> Sequence[SoakSeen]:
        """Return when datagrams came."""
        if not question.soak_s:
            return []
        try:
            with ExitStack() as stack:
                watch = _Watch(question, Diary(self._pause_s))
                stack.callback(watch.close)
                stack.enter_context(watched(*watch.watches))
                return [await watch.made(self._beat_s, stop)]
        except (MachineError, AddressError) as error:
            return [SoakSeen(lasted_s=0.0, trouble=error.problem)]


@dataclass(slots=True)
class Diary:
    """When datagrams came, as stretches without a pause."""

    pause_s: float = PAUSE_S
    stretches: list[Stretch] = field(default_factory=list[Stretch])
    longest_gap_s: float = 0.0

    def note(self, at: float) -> None:
        """Note a datagram; times do not go back."""
        last = self.stretches[-1] if self.stretches else None
        if last is None or at - last.last_s > self.pause_s:
            if len(self.stretches) >= MAX_STRETCHES:
                del self.stretches[1]
            self.stretches.append(Stretch(at, at, 1))
            return
        self.longest_gap_s = max(self.longest_gap_s, at - last.last_s)
        self.stretches[-1] = Stretch(last.first_s, at, last.datagrams + 1)


class _Watch:
    """Joined, with an ear for queries, and perhaps a peer that sends."""

    def __init__(self, question: Question, diary: Diary) -> None:
        self._question, self._diary = question, diary
        self._now = asyncio.get_running_loop().time
        self._token = secrets.randbits(63)
        self._tokens = range(self._token, self._token)
        self._answered: float | None = None
        self._own = _own_addresses(question)
        self._peer: Conversation | None = None
        self._closing = ExitStack()
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        """What to watch, and what to call."""
        peer = self._peer
        asking = [] if peer is None else [(peer, peer.read)]
        return [*asking, *self._ear.watches, *self._queries.watches]

    def close(self) -> None:
        """Leave the group."""
        self._closing.close()

    async def made(self, beat_s: float, stop: Stop) -> SoakSeen:
        """Watch to the end."""
        peer = self._peer
        asking = (
            None
            if peer is None
            else asyncio.create_task(self._keep_asking(peer, beat_s))
        )
        try:
            await paused(self._question.soak_s, stop)
        finally:
            if asking is not None:
                asking.cancel()
                await asyncio.wait([asking])
        return SoakSeen(
            lasted_s=self._now() - self._began,
            interfaces=tuple(one.name for one in self._question.receive_on),
            stretches=tuple(self._diary.stretches),
            longest_gap_s=self._diary.longest_gap_s,
            queries=self._heard_queries(),
            able=self._queries.able,
            asked_peer=peer is not None,
            peer_answered_s=self._answered,
        )

    def _open(self) -> None:
        question, closing = self._question, self._closing
        if question.peer is not None and question.send_by is not None:
            self._peer = Conversation(question.peer, question.send_by)
            closing.callback(self._peer.close)
        group = _watched_group(question)
        self._queries = QueryEar(segments(question), group.version)
        closing.callback(self._queries.close)
        self._ear = GroupEar(group, question.receive_on, self._hear)
        self._began = self._now()
        closing.callback(self._ear.close)

    def _heard_queries(self) -> tuple[QueryHeard, ...]:
        found = [one for seen in self._queries.seen() for one in seen.queries]
        return tuple(sorted(found, key=lambda one: one.at_s))

    def _hear(self, datagram: Datagram) -> None:
        if datagram.origin.ip in self._own:
            return
        probe = probe_in(datagram.data)
        # Other doctors' tests come once, and say nothing about a stream.
        if probe is None or probe.token in self._tokens:
            self._diary.note(self._now() - self._began)

    async def _keep_asking(self, peer: Conversation, beat_s: float) -> None:
        hello = Hello(str(self._question.group.on(None)))
        welcome: Welcome | None = None
        due = self._now()
        while True:
            if welcome is None:
                welcome = await peer.ask(hello, Welcome)
            elif not await self._asked(peer, welcome):
                welcome = None  # it may have been started anew
            due = max(due + beat_s, self._now())
            await asyncio.sleep(due - self._now())

    async def _asked(self, peer: Conversation, welcome: Welcome) -> bool:
        token = self._tokens.stop
        self._tokens = range(self._token, token + 1)
        ttl_hops = max(self._question.ttl_hops, 65 - (welcome.ttl_hops or 64))
        wish = Speak(welcome.cookie, token, ttl_hops, (0,))
        spoke = await peer.ask(wish, Spoke)
        if spoke is None or not spoke.sent:
            return False
        self._answered = self._now() - self._began
        return True


def _watched_group(question: Question) -> Group:
    """Return what is joined: the user's group, or the peer's tests in it."""
    if question.peer is not None:
        return group_for_tests(question.group, question.peer)
    return question.group.for_receiving()


def _own_addresses(question: Question) -> frozenset[IPv4Address | IPv6Address]:
    """Return this host's addresses: what it sends itself passes no switch."""
    links = (*question.receive_on, *question.about)
    return frozenset(own.ip for link in links for own in link.addresses)
