"""All members of a group, each asked by multicast, and then alone.

Who answers the question to the group is found, and asked by unicast where the answer
came from; docs/protocol.md §9. Knows neither sockets nor the form of the datagrams.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from groupwire.probe.ping.leg import MAX_OPEN, TTL_HOPS, Answered, Leg, routers
from groupwire.values import Origin

__all__ = [
    "MAX_MEMBERS",
    "MAX_PLAIN",
    "MAX_UNANSWERED",
    "Member",
    "MemberPinged",
    "Roll",
    "Told",
]

MAX_MEMBERS = 4096
"""Members that are told apart; answers of more are not counted."""
MAX_PLAIN = 256
"""Of these, such as answer plainly: they need not have seen a question."""
MAX_UNANSWERED = 8
"""Questions by unicast to who answers none: his address may be forged."""
_MAX_OPEN_ALONE = 256
"""Questions to one member alone that may still be answered; older ones are lost."""
_FIRST_FREE_PORT = 1024


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says of itself; a plain one says nothing."""

    request_id: int
    name: str | None = None
    ping: bool = False
    """Whether it answers as a ping is answered."""
    ttl_hops: int | None = None
    """The TTL with which the question arrived there."""


@dataclass(frozen=True, slots=True)
class MemberPinged:
    """What a member's answers come to."""

    name: str
    """Its name; empty where it tells none."""
    sender: str
    """Where its answers come from; empty where none has."""
    unicast: Leg
    multicast: Leg
    pings: bool = True
    """Whether it knows pings. Who does not may hear nothing by unicast, and cannot say
    how a question arrived."""
    refused: str | None = None
    """Why a question could not be sent, the last time that this was so."""

    @property
    def unicast_known(self) -> bool:
        """Whether its silence by unicast would mean that something is lost."""
        return self.unicast.received > 0 or (self.pings and self.unicast.asked > 0)


@dataclass(slots=True)
class Member:
    """Who has answered, and is asked by unicast at ``origin``."""

    name: str | None
    origin: Origin
    multicast: Leg
    unicast: Leg = field(default_factory=Leg)
    pings: bool = False
    refused: str | None = None
    """Why a question to it alone could not be sent, the last time."""
    alone_since: float = 0.0
    """When it was asked by unicast first."""
    asked_at: OrderedDict[int, float] = field(default_factory=OrderedDict[int, float])
    """The latest questions to it alone, by number."""

    @property
    def may_be_asked(self) -> bool:
        """Whether a question to it alone does nobody harm."""
        if self.origin.port < _FIRST_FREE_PORT:
            return False
        return self.unicast.received > 0 or self.unicast.asked < MAX_UNANSWERED


class Roll:
    """The rounds of questions, and who has answered. ``now``: seconds since the epoch.

    ``draw`` gives request ids that cannot be guessed. Who is expected has lost what it
    does not answer from the first round on; others may have come later.
    """

    def __init__(
        self,
        draw: Callable[[], int],
        *,
        ttl_hops: int,
        names: Iterable[str] = (),
        addresses: Iterable[IPv4Address | IPv6Address] = (),
    ) -> None:
        self._draw, self._ttl_hops = draw, ttl_hops
        self._names, self._addresses = tuple(names), tuple(addresses)
        self._members: dict[tuple[str | None, Origin], Member] = {}
        self._questions: dict[int, tuple[int, bool]] = {}
        """Of each request id the round, and whether it went to the group."""
        self._rounds: OrderedDict[int, _Round] = OrderedDict()
        self._began = 0.0
        self._plain = 0
        self.rounds = 0

    def __len__(self) -> int:
        """Return how many members have answered."""
        return len(self._members)

    def ask(self, *, now: float) -> int:
        """Begin a round; return the request id of its question to the group.

        Tell with :meth:`sent` when it left.
        """
        self.rounds += 1
        latest = self._rounds[self.rounds] = _Round(now, self._draw(), self._draw())
        self._questions[latest.group_id] = (self.rounds, True)
        self._questions[latest.alone_id] = (self.rounds, False)
        if len(self._rounds) > MAX_OPEN:
            _, old = self._rounds.popitem(last=False)
            del self._questions[old.group_id], self._questions[old.alone_id]
        return latest.group_id

    def sent(self, *, now: float) -> None:
        """Know the moment better: right before this round's question left."""
        self._rounds[self.rounds].began = now
        if self.rounds == 1:
            self._began = now

    @property
    def alone_id(self) -> int:
        """The request id of this round's questions by unicast."""
        return self._rounds[self.rounds].alone_id

    def waiting(self) -> list[Member]:
        """Return whom to ask by unicast in this round, as yet."""
        return [member for member in self._members.values() if self.waits(member)]

    def waits(self, member: Member) -> bool:
        """Tell whether this one is to be asked by unicast in this round, as yet."""
        return self.rounds not in member.asked_at and member.may_be_asked

    def asked_alone(
        self, member: Member, *, now: float, refused: str | None = None
    ) -> None:
        """Know that this round's question has left for this one, or why it has not."""
        member.refused = refused or member.refused
        member.unicast.asked += 1
        member.alone_since = member.alone_since or now
        member.asked_at[self.rounds] = now
        if len(member.asked_at) > _MAX_OPEN_ALONE:
            member.asked_at.popitem(last=False)

    def hear(
        self, origin: Origin, told: Told | None, *, multicast: bool, now: float
    ) -> tuple[Member, Answered] | None:
        """Count an answer; None where it is none.

        ``told`` is None for a plain one, which is to the latest question of its way:
        ``multicast`` says to which of them its socket belongs.
        """
        number, multicast = self._question(told, multicast=multicast)
        member = self._member(origin, told, new=multicast and number > 0)
        if member is None:
            return None
        if told is None and not multicast:
            number = next(reversed(member.asked_at), 0)
        asked = self._asked_at(member, number, multicast=multicast)
        if asked is None:
            return None
        leg = member.multicast if multicast else member.unicast
        hops = self._hops(member, told, multicast=multicast)
        rtt = max(now - asked, 0.0)
        since = now - (self._began if multicast else member.alone_since)
        new = leg.take(number, rtt_s=rtt, hops=hops, since_s=since)
        return member, Answered(number, multicast, rtt, hops, again=not new)

    def complete(self) -> bool:
        """Tell whether all that have ever answered have answered this round."""
        return all(
            member.multicast.answered(self.rounds)
            and (
                member.unicast.answered(self.rounds)
                or self.rounds not in member.asked_at
            )
            for member in self._members.values()
        )

    def silent(self) -> list[str]:
        """Return who is expected, by name or address, and has never answered."""
        names = {member.name for member in self._members.values()}
        hosts = {member.origin.ip for member in self._members.values()}
        return [
            *(name for name in self._names if name not in names),
            *(str(ip) for ip in self._addresses if ip not in hosts),
        ]

    def results(self, *, since: float) -> list[MemberPinged]:
        """Return what all answers come to, and who was silent.

        What was asked after ``since`` and has no answer is still open.
        """
        late = [n for n, each in self._rounds.items() if each.began > since]
        found = [self._result(each, late, since) for each in self._members.values()]
        nothing = Leg(asked=self.rounds, open=len(late))
        return found + [MemberPinged(who, "", Leg(), nothing) for who in self.silent()]

    def _question(self, told: Told | None, *, multicast: bool) -> tuple[int, bool]:
        """Return which question this answers, and whether it went to the group."""
        if told is None:  # docs/protocol.md §9.5
            return self.rounds, multicast
        return self._questions.get(told.request_id, (0, False))

    def _member(self, origin: Origin, told: Told | None, *, new: bool) -> Member | None:
        # Plain programs may answer from a new port each time, and have no name.
        key = (None, Origin(origin.host, 0)) if told is None else (told.name, origin)
        member = self._members.get(key)
        if member is None and new and self._has_room(told):
            expected = key[0] in self._names or origin.ip in self._addresses
            leg = Leg(tree=not expected)
            member = self._members[key] = Member(key[0], origin, leg)
            self._plain += told is None
        elif member is not None and new:
            member.origin = origin  # the latest, which is most likely still there
        return member

    def _has_room(self, told: Told | None) -> bool:
        # A plain answer takes no more than to know our port.
        if told is None and self._plain >= MAX_PLAIN:
            return False
        return len(self._members) < MAX_MEMBERS

    def _asked_at(
        self, member: Member, number: int, *, multicast: bool
    ) -> float | None:
        if not multicast:
            return member.asked_at.get(number)
        asked = self._rounds.get(number)
        return None if asked is None else asked.began

    def _hops(
        self, member: Member, told: Told | None, *, multicast: bool
    ) -> int | None:
        if told is None or not told.ping:
            return None
        member.pings = True
        return routers(self._ttl_hops if multicast else TTL_HOPS, told.ttl_hops)

    def _result(
        self, member: Member, late: Sequence[int], since: float
    ) -> MemberPinged:
        multicast, unicast = member.multicast, member.unicast
        unanswered = sum(not multicast.answered(number) for number in late)
        alone = sum(
            at > since and not unicast.answered(number)
            for number, at in member.asked_at.items()
        )
        return MemberPinged(
            member.name or "",
            str(member.origin),
            unicast.now(asked=unicast.asked, unanswered=alone),
            multicast.now(asked=self.rounds, unanswered=unanswered),
            member.pings,
            member.refused,
        )


@dataclass(slots=True)
class _Round:
    """When its question went to the group, and its two request ids."""

    began: float
    group_id: int
    alone_id: int
