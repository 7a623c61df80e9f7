"""Listens for queriers: who asks on each segment which groups are wanted.

Switches that learn who has joined what live on those questions, and forget members
without them. Only root may listen. A querier speaks every 125 s unless it was told
otherwise (RFC 3376, section 8.2), so silence says little before that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from groupwire.diagnose.check import Question, Stop
from groupwire.diagnose.trials.seen import QueriesSeen, QueryHeard
from groupwire.diagnose.trials.tap import MEMBERSHIP_4, MEMBERSHIP_6, Tap, Tapped
from groupwire.diagnose.trials.watching import WithDescriptor, paused, watched
from groupwire.diagnose.trials.wire.membership import QueryPacket, parse_membership
from groupwire.values import Interface

__all__ = ["Queries", "QueryEar", "segments"]

WATCH_S = 1.0
"""How long a quick run listens: as long as all the rest takes anyway."""
KEPT = 8
"""Queries kept of an interface: the first, and the last ones."""


class Queries:
    """Listens where the group would be received, for ``listen_s`` or a second."""

    async def run(self, question: Question, stop: Stop) -> Sequence[QueriesSeen]:
        """Return what was heard, by interface."""
        ways = segments(question)
        if not ways:
            return []
        with ExitStack() as stack:
            ear = QueryEar(ways, question.group.version)
            stack.callback(ear.close)
            stack.enter_context(watched(*ear.watches))
            # Who may not listen waits for nothing.
            await paused(max(question.listen_s, WATCH_S) if ear.able else 0.0, stop)
            return ear.seen()


def segments(question: Question) -> list[Interface]:
    """Return the interfaces in question that have neighbours to ask."""
    found = {way.index: way for way in question.receive_on}
    if question.send_by is not None:
        found.setdefault(question.send_by.index, question.send_by)
    return [
        way for way in found.values() if not way.loopback and not way.point_to_point
    ]


class QueryEar:
    """Hears queries and this host's own reports on interfaces, since it was made."""

    def __init__(self, ways: Sequence[Interface], version: int) -> None:
        self._now = asyncio.get_running_loop().time
        self._began = self._now()
        self._version = version
        self._heard = {way.name: _Heard() for way in ways}
        tests = MEMBERSHIP_4 if version == 4 else MEMBERSHIP_6
        try:
            self._tap: Tap | None = Tap(ways, tests)
        except (OSError, AttributeError):  # not root, or not Linux
            self._tap = None

    @property
    def able(self) -> bool:
        """Whether this process may listen for queries."""
        return self._tap is not None

    @property
    def watches(self) -> list[tuple[WithDescriptor, Callable[[], None]]]:
        """What to watch, and what to call."""
        tap = self._tap
        return [] if tap is None else [(tap, partial(self._read, tap))]

    @property
    def asked(self) -> int:
        """How many queries were heard in all."""
        return sum(heard.asked for heard in self._heard.values())

    def seen(self) -> list[QueriesSeen]:
        """Return what was heard so far."""
        lasted = self._now() - self._began if self.able else 0.0
        return [
            QueriesSeen(
                interface=name,
                version=self._version,
                listened_s=lasted,
                able=self.able,
                queries=tuple(heard.queries),
                asked=heard.asked,
                reports=heard.reports,
            )
            for name, heard in self._heard.items()
        ]

    def close(self) -> None:
        """Listen no longer."""
        if self._tap is not None:
            self._tap.close()

    def _read(self, tap: Tap) -> None:
        at = self._now() - self._began
        for tapped in tap.read():
            self._heard[tapped.interface].take(tapped, at)


@dataclass(slots=True)
class _Heard:
    """What came by one interface."""

    queries: list[QueryHeard] = field(default_factory=list[QueryHeard])
    asked: int = 0
    reports: int = 0

    def take(self, tapped: Tapped, at: float) -> None:
        found = parse_membership(tapped.packet)
        if isinstance(found, QueryPacket):
            self.asked += 1
            # The first one and the last ones tell all.
            if len(self.queries) >= KEPT:
                del self.queries[1]
            self.queries.append(_query(found, at))
        elif found is not None and tapped.outgoing:
            self.reports += 1


def _query(packet: QueryPacket, at: float) -> QueryHeard:
    return QueryHeard(
        at_s=at,
        source=str(packet.source),
        version=packet.version,
        igmp=packet.igmp,
        response_s=packet.response_s,
        interval_s=packet.interval_s,
        robustness=packet.robustness,
    )
