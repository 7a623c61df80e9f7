"""``ping_members``: asks a group by multicast, and its members answer by unicast."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from groupwire.aio.asking import Asking
from groupwire.aio.config import PeerConfig
from groupwire.aio.opening import group_of
from groupwire.aio.probing.ping.pinging import Pinging
from groupwire.errors import UsageError
from groupwire.gather import Answer, Expectation, Expected, Form, Question
from groupwire.probe.load.delays import Delays
from groupwire.values import Group

__all__ = [
    "MemberPinged",
    "MemberReply",
    "MembersEvent",
    "MembersStarted",
    "ping_members",
]

MAX_MEMBERS = 4096
"""Members that are told apart; answers of more are not counted."""
_TEXT = b"ping"


@dataclass(frozen=True, slots=True)
class MembersStarted:
    """The group is asked, by these interfaces."""

    group: Group
    interfaces: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class MemberReply:
    """One member's answer to one question."""

    number: int
    answer: Answer


@dataclass(slots=True)
class MemberPinged:
    """What a member's answers come to; ``sender`` is the address of the last one."""

    name: str
    sender: str = ""
    received: int = 0
    first_number: int | None = None
    asked: int = 0
    rtts: Delays = field(default_factory=Delays)

    @property
    def lost(self) -> int:
        """Questions without an answer since the first one that has one."""
        if self.first_number is None:
            return self.asked
        return max(self.asked - self.first_number + 1 - self.received, 0)

    @property
    def loss(self) -> float:
        """The part that is lost, 0 to 1."""
        if self.first_number is None:
            return 1.0
        return self.lost / max(self.asked - self.first_number + 1, 1)


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
    """Ask everybody who has joined; whoever runs ``receive`` there answers.

    The question travels by multicast in the tagged form, answers by unicast, with the
    members' names. Who is expected by name and silent is told with nothing received.
    Raises AddressError and UsageError, and when it begins MachineErrors.
    """
    if count is not None and count < 1:
        raise UsageError(f"{count} questions are none", fix="ask at least once")
    members = _Members(Expectation.of(expect))
    asked, config = group_of(group), config or PeerConfig()
    text = _TEXT.ljust(size, b".")

    async def events() -> AsyncGenerator[MembersEvent, None]:
        while count is None or members.rounds < count:
            last = members.rounds + 1 == count
            # All that have ever answered have done so: nobody is waited for any longer.
            first = len(members.known) or None if last else None
            question = _question(text, timeout if last else interval, first)
            asking = Asking(asked, question, config)
            began = asyncio.get_running_loop().time()
            async with asking as answers:
                members.rounds += 1
                if members.rounds == 1:
                    yield _started(asking)
                async for answer in answers:
                    if members.count(answer):
                        yield MemberReply(members.rounds, answer)
            if not last:
                left = began + interval - asyncio.get_running_loop().time()
                await asyncio.sleep(max(left, 0))
        for member in members.results():
            yield member

    return Pinging(events(), members.results)


class _Members:
    """Who has answered, and who should have."""

    def __init__(self, expected: Expectation) -> None:
        self.known = {name: MemberPinged(name) for name in expected.names}
        self.rounds = 0

    def results(self) -> list[MemberPinged]:
        for member in self.known.values():
            member.asked = self.rounds
        return list(self.known.values())

    def count(self, answer: Answer) -> bool:
        """Count an answer to the latest question, unless it is one member too many."""
        name = answer.member or str(answer.sender)
        member = self.known.get(name)
        if member is None:
            if len(self.known) >= MAX_MEMBERS:
                return False
            member = self.known[name] = MemberPinged(name)
        member.sender = str(answer.sender)
        member.received += 1
        member.rtts.take(max(answer.rtt, 0.0))
        if member.first_number is None:
            member.first_number = self.rounds
        return True


def _question(text: bytes, wait: float, first: int | None) -> Question:
    return Question(text, first=first, timeout=wait, stall=wait, form=Form.TAGGED)


def _started(asking: Asking) -> MembersStarted:
    sent = asking.sent
    names = tuple(link.name for link in sent.interfaces)
    return MembersStarted(sent.group, names, sent.reason)
