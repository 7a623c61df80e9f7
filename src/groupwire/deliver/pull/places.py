"""Whether a sender gets a place beside, or in place of, those that have one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from groupwire.deliver.pull.delivery import Delivery
from groupwire.deliver.pull.doorman import Doorman
from groupwire.deliver.words import Call
from groupwire.norm.receive.events import SenderKey

__all__ = ["MAX_LINE", "Claim", "Places", "Verdict"]

MAX_CLAIMS = 64
"""Senders remembered that wait for the silence of another one."""
MAX_LINE = 8
"""Deliveries that were announced and whose manifest is not here: they hold no place."""
_SILENT_S = 5.0
"""The place of a delivery is free for another one after such a silence."""
_RESTARTED_S = 3.0
"""The same for a sender of the same name and host, or one with a new address."""


class Verdict(Enum):
    """What becomes of a sender that calls for the first time."""

    COME = auto()
    BUSY = auto()
    """Others have the place."""
    WAIT = auto()
    """It may be the sender of before, started anew: the silence of that will tell."""
    FORGED = auto()
    """It calls another one's delivery."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A call of a sender that has no place yet."""

    sender: SenderKey
    call: Call
    name: str
    now: float
    foreign: int = 0
    """Places that foreign senders have."""


class Places:
    """Judges claims, by who is there and how long those were not heard."""

    def __init__(self) -> None:
        self._since: OrderedDict[SenderKey, float] = OrderedDict()

    def judge(
        self, claim: Claim, deliveries: Sequence[Delivery], doorman: Doorman
    ) -> tuple[Verdict, list[Delivery]]:
        """Return what becomes of it, and which deliveries are left for it."""
        leaving: list[Delivery] = []
        for course in deliveries:
            if course.run.sender.origin == claim.sender.origin:
                if course.provisional:
                    continue
                # One socket has one run: but an address can be forged, and so the
                # one of before has to be silent.
                if claim.now - course.heard <= _SILENT_S:
                    return self._beside(claim, course), []
                leaving.append(course)
            elif course.delivery == claim.call.delivery:
                if claim.now - course.heard >= _RESTARTED_S:
                    leaving.append(course)
                elif not course.provisional:
                    return Verdict.FORGED, []
                # Whose delivery it is, of several that say so, the manifest will tell.
        firm = [c for c in deliveries if not c.provisional]
        staying = sum(c not in leaving for c in firm)
        if doorman.has_room(claim.foreign + staying):
            return Verdict.COME, leaving + _beyond_the_line(deliveries, leaving)
        verdict, silent = self._instead(claim, firm)
        if silent is not None:
            leaving.append(silent)
        return verdict, leaving

    def _instead(
        self, claim: Claim, deliveries: Sequence[Delivery]
    ) -> tuple[Verdict, Delivery | None]:
        """Return what becomes of it where there is no room, and in whose place."""
        now = claim.now
        before = _namesake(claim, deliveries)
        if before is not None and now - before.heard < _RESTARTED_S:
            return self._beside(claim, before), None
        silent = [c for c in deliveries if now - c.heard > _SILENT_S]
        if before is None and not silent:
            return Verdict.BUSY, None
        return Verdict.COME, before or min(silent, key=lambda c: c.heard)

    def _beside(self, claim: Claim, before: Delivery) -> Verdict:
        """Return what becomes of it while the one of before may yet go on."""
        begun = self._first_heard(claim)
        return Verdict.BUSY if before.heard > begun else Verdict.WAIT

    def _first_heard(self, claim: Claim) -> float:
        first = self._since.setdefault(claim.sender, claim.now)
        if len(self._since) > MAX_CLAIMS:
            self._since.popitem(last=False)
        return first


def _beyond_the_line(
    deliveries: Sequence[Delivery], leaving: Sequence[Delivery]
) -> list[Delivery]:
    """Return whom a newcomer takes the last place in the line from."""
    line = [c for c in deliveries if c.provisional and c not in leaving]
    if len(line) < MAX_LINE:
        return []
    # Who means it calls again, and is back with its next call.
    return [min(line, key=lambda course: course.heard)]


def _namesake(claim: Claim, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Return what a sender of that name and host sends already."""
    for course in deliveries:
        host = course.run.sender.origin.host
        if course.name == claim.name and host == claim.sender.origin.host:
            return course
    return None
