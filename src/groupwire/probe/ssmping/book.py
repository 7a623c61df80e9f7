"""What was asked of a responder, and what came back on both ways."""

from __future__ import annotations

from collections import OrderedDict

from groupwire.probe.ping.leg import MAX_OPEN, TTL_HOPS, Answered, Leg, routers
from groupwire.probe.ssmping.message import Kind, Message

__all__ = ["Book"]


class Book:
    """The questions to one responder. ``now`` is in seconds since the epoch.

    Numbers begin with 1. Answers that fit no question of ours are not answers.
    """

    def __init__(self, client: int, *, joined: float) -> None:
        self._client = client
        self._joined = joined
        self._open: OrderedDict[int, float] = OrderedDict()
        """When each was asked of those that may still be answered."""
        self._unicast, self._multicast = Leg(), Leg(tree=True)
        self.asked = 0
        self.name = ""
        """Who the responder says it is."""

    def ask(self, template: Message, *, now: float) -> Message:
        """Return the next question, like the template."""
        self.asked += 1
        self._open[self.asked] = now
        if len(self._open) > MAX_OPEN:
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

    def sent(self, *, now: float) -> None:
        """Know the moment better: right before the latest question left."""
        self._open[self.asked] = now

    def hear(
        self, answer: Message, *, multicast: bool, ttl_hops: int | None, now: float
    ) -> Answered | None:
        """Count an answer; None where it is none of ours."""
        asked = self._open.get(answer.number)
        if answer.client != self._client or asked is None:
            return None
        self.name = answer.server or self.name
        leg = self._multicast if multicast else self._unicast
        rtt = max(now - asked, 0.0)
        hops = routers(TTL_HOPS, ttl_hops)
        since = now - self._joined
        new = leg.take(answer.number, rtt_s=rtt, hops=hops, since_s=since)
        return Answered(answer.number, multicast, rtt, hops, again=not new)

    def complete(self) -> bool:
        """Tell whether every question has been answered both ways."""
        return all(
            self._unicast.answered(number) and self._multicast.answered(number)
            for number in self._open
        )

    def legs(self, *, since: float) -> tuple[Leg, Leg]:
        """Return unicast and multicast as they stand.

        What was asked after ``since`` and has no answer is still open.
        """
        late = [number for number, at in self._open.items() if at > since]
        unicast, multicast = (
            leg.now(
                asked=self.asked,
                unanswered=sum(not leg.answered(number) for number in late),
            )
            for leg in (self._unicast, self._multicast)
        )
        return unicast, multicast
