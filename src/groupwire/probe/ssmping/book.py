"""What was asked of a responder, and what came back on both ways."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from groupwire.probe.load.delays import Delays
from groupwire.probe.ssmping.groups import TTL_HOPS
from groupwire.probe.ssmping.message import Kind, Message

__all__ = ["Answered", "Book", "Leg"]

_BOTH_WAYS = 2
_MAX_OPEN = 4096
"""Questions that may still be answered; older ones count as lost."""


@dataclass(slots=True)
class Leg:
    """One way: unicast or multicast. Times in seconds."""

    tree: bool = False
    """Whether a tree may have to grow first: what was asked until then is not lost."""

    received: int = 0
    duplicates: int = 0
    rtts: Delays = field(default_factory=Delays)
    hops: int | None = None
    """Routers on the way here; None: nothing has come, or the TTL is not known."""
    first_number: int | None = None
    """The question of the first answer."""
    setup_s: float | None = None
    """From the join to the first answer."""

    def lost(self, asked: int) -> int:
        """Return how many of ``asked`` questions have no answer this way."""
        return max(asked - self._skipped - self.received, 0)

    def loss(self, asked: int) -> float:
        """Return the part that is lost, 0 to 1."""
        counted = asked - self._skipped
        return self.lost(asked) / counted if counted > 0 else 0.0

    @property
    def _skipped(self) -> int:
        if not self.tree or self.first_number is None:
            return 0
        return self.first_number - 1


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that counts; ``again`` where it came before."""

    number: int
    multicast: bool
    rtt_s: float
    hops: int | None
    again: bool


class Book:
    """The questions to one responder. ``now`` is in seconds since the epoch.

    Numbers begin with 1. Answers that fit no question of ours are not answers.
    """

    def __init__(self, client: int, *, joined: float) -> None:
        self._client = client
        self._joined = joined
        self._open: OrderedDict[int, tuple[float, set[bool]]] = OrderedDict()
        self.asked = 0
        self.name = ""
        """Who the responder says it is."""
        self.unicast, self.multicast = Leg(), Leg(tree=True)

    def ask(self, template: Message, *, now: float) -> Message:
        """Return the next question, like the template."""
        self.asked += 1
        self._open[self.asked] = (now, set())
        if len(self._open) > _MAX_OPEN:
            self._open.popitem(last=False)
        return Message(
            Kind.QUESTION,
            self._client,
            self.asked,
            int(now) & 0xFFFF_FFFF,
            int(now % 1 * 1e6),
            template.group,
            template.wants_name,
            "",
            template.filling,
        )

    def sent(self, number: int, *, now: float) -> None:
        """Know the moment better: right before the question left."""
        self._open[number] = (now, set())

    def hear(
        self, answer: Message, *, multicast: bool, ttl_hops: int | None, now: float
    ) -> Answered | None:
        """Count an answer; None where it is none of ours."""
        question = self._open.get(answer.number)
        if answer.client != self._client or question is None:
            return None
        self.name = answer.server or self.name
        asked, ways = question
        leg = self.multicast if multicast else self.unicast
        rtt = max(now - asked, 0.0)
        hops = None if ttl_hops is None else max(TTL_HOPS - ttl_hops, 0)
        again = multicast in ways
        if again:
            leg.duplicates += 1
        else:
            ways.add(multicast)
            self._count(leg, answer.number, rtt, now)
        leg.hops = hops
        return Answered(answer.number, multicast, rtt, hops, again)

    def complete(self) -> bool:
        """Tell whether every question has been answered both ways."""
        return all(len(ways) == _BOTH_WAYS for _, ways in self._open.values())

    def _count(self, leg: Leg, number: int, rtt: float, now: float) -> None:
        leg.received += 1
        leg.rtts.take(rtt)
        if leg.first_number is None or number < leg.first_number:
            leg.first_number = number
        if leg.setup_s is None:
            leg.setup_s = max(now - self._joined, 0.0)
