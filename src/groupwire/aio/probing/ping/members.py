"""``ping_members``: asks a group by multicast, and its members one by one too."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from secrets import randbits

from groupwire.aio.config import PeerConfig
from groupwire.aio.opening import group_of
from groupwire.aio.probing.ping.exits import Exits
from groupwire.aio.probing.ping.pinging import Pinging
from groupwire.aio.probing.ping.rhythm import Rhythm, check_rhythm
from groupwire.errors import DecodeError, MachineError
from groupwire.gather import Expectation, Expected, Kind, Tagged, is_tagged
from groupwire.probe.ping import Answered, MemberPinged, Roll, Told
from groupwire.probe.ping.roll import Member
from groupwire.values import Datagram, Group

__all__ = ["MemberReply", "MembersEvent", "MembersStarted", "ping_members"]

_LARGEST_BYTES = 65_000
_TEXT = b"ping"
"""What members hear of it that know no pings."""
_BEATS = 2
"""Of a round: the question to the group, and half an interval later to each alone."""


@dataclass(frozen=True, slots=True)
class MembersStarted:
    """The group is asked, by these interfaces."""

    group: Group
    interfaces: tuple[str, ...]
    reason: str
    size_bytes: int
    """Of every question."""
    limit_bytes: int
    """The most that travels in one packet."""


@dataclass(frozen=True, slots=True)
class MemberReply:
    """One member's answer to one question, as it came."""

    name: str
    """Its name; empty where it tells none."""
    sender: str
    answer: Answered
    time: float
    """By the kernel's clock, seconds since the epoch."""


MembersEvent = MembersStarted | MemberReply | MemberPinged


def ping_members(  # noqa: PLR0913 - keyword-only options
    group: Group | str | None = None,
    *,
    count: int | None = 5,
    interval: float = 1.0,
    timeout: float = 1.0,
    size: int = 0,
    expect: Expected = None,
    config: PeerConfig | None = None,
) -> Pinging[MembersEvent, MemberPinged]:
    """Ask everybody who has joined, by multicast and then one by one; all answer alone.

    Whoever runs ``receive`` or is a peer of this library answers, with its name and the
    TTL of the question, and its application hears nothing of it. Other programs may
    answer too. Who is expected and silent is told with nothing received. Raises
    AddressError and UsageError, and when it begins MachineErrors.
    """
    check_rhythm(count, interval, timeout, size, _LARGEST_BYTES)
    asked, config = group_of(group), config or PeerConfig()
    timing = (count, timeout)
    asking = _Asking(size, timing, config.ttl, Expectation.of(expect))

    async def events() -> AsyncGenerator[MembersEvent, None]:
        asking.begin(Exits(asked, config))
        try:
            yield asking.started()
            beats = None if count is None else count * _BEATS
            replies = asking.rhythm.replies(beats, interval / _BEATS, timeout)
            async with aclosing(replies):
                async for reply in replies:
                    yield reply
            for member in asking.results():
                yield member
        finally:
            asking.close()

    return Pinging(events(), asking.results)


class _Asking:
    """The rounds of questions, and what comes back."""

    def __init__(
        self,
        size: int,
        timing: tuple[int | None, float],
        ttl_hops: int,
        expected: Expectation,
    ) -> None:
        self._size, self._expected = size, expected
        self._count, self._timeout = timing
        self._roll = Roll(
            lambda: randbits(64),
            ttl_hops=ttl_hops,
            names=expected.names,
            addresses=expected.addresses,
        )
        self._question = b""
        self._alone = True
        """Whether this round's members have been asked one by one."""
        self._refused: str | None = None
        """Why a question to the group could not be sent, the last time."""
        self.rhythm: Rhythm[MemberReply] = Rhythm(self._ask, self._over)

    def begin(self, exits: Exits) -> None:
        """Listen."""
        self._loop = asyncio.get_running_loop()
        self._exits = exits
        exits.watch(self._loop, self._read)

    def started(self) -> MembersStarted:
        plan = self._exits.plan
        return MembersStarted(
            plan.aim.group,
            tuple(link.name for link in plan.choice.interfaces),
            plan.choice.reason,
            len(_question(0, self._size)),
            plan.aim.payload_limit,
        )

    def results(self) -> list[MemberPinged]:
        over = self.rhythm.finished
        since = math.inf if over else time.time() - self._timeout
        return [self._with_refusal(m) for m in self._roll.results(since=since)]

    def close(self) -> None:
        self._exits.close(self._loop)

    def _with_refusal(self, member: MemberPinged) -> MemberPinged:
        return replace(member, refused=member.refused or self._refused)

    def _ask(self) -> None:
        if self._alone:
            self._alone = False
            self._ask_group()
            return
        self._alone = True
        self._question = _question(self._roll.alone_id, self._size)
        for member in self._roll.waiting():
            self._ask_alone(member)

    def _ask_group(self) -> None:
        question = _question(self._roll.ask(now=time.time()), self._size)
        try:
            self._roll.sent(now=self._exits.ask_group(question))
        except MachineError as error:
            # Later it may be a link that comes back.
            if self._roll.rounds == 1:
                raise
            self._refused = str(error)

    def _ask_alone(self, member: Member) -> None:
        at, refused = self._exits.ask_one(self._question, member.origin)
        self._roll.asked_alone(member, now=at, refused=refused)

    def _over(self) -> bool:
        roll, expected = self._roll, self._expected
        if roll.rounds != self._count or not self._alone or not roll.complete():
            return False
        if not expected:
            return roll.rounds > 1 and len(roll) > 0
        return len(roll) >= expected.size and not roll.silent()

    def _read(self, read: Callable[[], Sequence[Datagram]], multicast: bool) -> None:
        for datagram in read():
            self._hear(datagram, multicast)

    def _hear(self, datagram: Datagram, multicast: bool) -> None:
        told = None
        if is_tagged(datagram.data):
            told = _told(datagram.data)
            if told is None:
                return
        at = datagram.time or time.time()
        heard = self._roll.hear(datagram.origin, told, multicast=multicast, now=at)
        if heard is None:
            return
        member, answered = heard
        sender = str(member.origin)
        self.rhythm.tell(MemberReply(member.name or "", sender, answered, at))
        # Who is found after the others were asked need not wait for the next round.
        if self._alone and self._roll.waits(member):
            self._ask_alone(member)


def _told(data: bytes) -> Told | None:
    try:
        answer = Tagged.decode(data)
    except DecodeError:
        return None
    if answer.kind is not Kind.ANSWER:
        return None
    return Told(answer.request_id, answer.name, answer.ping, answer.ttl_hops)


def _question(request_id: int, size: int) -> bytes:
    """Return a question of this size at least; docs/protocol.md §9.1."""
    bare = Tagged(Kind.QUESTION, request_id, _TEXT, ping=True).encode()
    return bare.ljust(size, b".")
