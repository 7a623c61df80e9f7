"""Who hears a publisher: who is waited for, and what they say of it (docs §2, §5)."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.messages.delivery import DELIVERIES
from groupwire.messages.events import (
    LostTold,
    MemberJoined,
    MemberLeft,
    PublishEvent,
    TakesNoMore,
)
from groupwire.messages.members import Member, Role
from groupwire.messages.presence import Heard, Presence
from groupwire.messages.publish.lanes.lane import StreamLane
from groupwire.messages.publish.lanes.latest import LatestLane
from groupwire.messages.wire.words import Enough, Here, Join, Lost, Word

__all__ = ["Audience"]


class Audience:
    """Has each lane wait for the subscribers that are here, and for nobody else."""

    def __init__(
        self, presence: Presence, lanes: Sequence[StreamLane | LatestLane]
    ) -> None:
        self.events: list[PublishEvent] = []
        self._presence = presence
        self._lanes = lanes
        self._elder: Member | None = None
        """Who was heard last, if it was here before this publisher."""
        self._perhaps: Member | None = None
        """The same if its word may be old: then it was perhaps."""
        self._lost: dict[Member, int] = {}
        """What each has said to have lost so far."""
        self._sated: set[Member] = set()
        """Who takes nothing more of what is sent here."""

    def hear(self, heard: Heard, now: float) -> None:
        """Take in what a member says."""
        word, member = heard.word, heard.member
        own_s, age_s = self._presence.age_s(now), _age_s(word)
        unread_s = self._presence.unread_s(now)
        self._elder = member if age_s > own_s else None
        self._perhaps = member if age_s > own_s - unread_s else None
        if member is None:
            return
        if self._elder is not None:
            self._was_here(member, now)
        if isinstance(word, Lost):
            self._hear_lost(member, word)
        elif isinstance(word, Enough):
            self._hear_enough(member, word)

    def _was_here(self, member: Member, now: float) -> None:
        """Wait for everything where a word that was old has made it seem too late."""
        for lane in self._lanes:
            if not lane.kept_from:
                lane.readers.was_here(member, now)

    def _hear_lost(self, member: Member, word: Lost) -> None:
        if word.node != member.node:
            return
        for lane in self._lanes:
            whole_from = word.whole_from[DELIVERIES.index(lane.delivery)]
            lane.readers.lacks_before(member, min(whole_from, lane.sequence))
        news = word.messages - self._lost.get(member, 0)
        if news > 0:
            self._lost[member] = word.messages
            self.events.append(LostTold(member, news, word.why))

    def _hear_enough(self, member: Member, word: Enough) -> None:
        if word.node != member.node or member in self._sated:
            return
        self._sated.add(member)
        self._leave(member)
        self.events.append(TakesNoMore(member, word.why))

    def turn(self, now: float) -> None:
        """Take in who has come and gone."""
        for event in self._presence.poll_events():
            if isinstance(event, MemberJoined):
                if event.member.role is Role.SUBSCRIBER:
                    self._wait_for(event.member, now)
            elif isinstance(event, MemberLeft):
                self._lost.pop(event.member, None)
                self._sated.discard(event.member)
                self._leave(event.member)
            else:
                continue
            self.events.append(event)

    def _wait_for(self, member: Member, now: float) -> None:
        """Wait for a subscriber: from the first message on, if it was here before."""
        for lane in self._lanes:
            place, first = lane.place, lane.sequence
            if member == self._perhaps and not lane.kept_from:
                place, first = 0, 0 if member == self._elder else first
            lane.readers.join(member, place, now, first=first)

    def _leave(self, member: Member) -> None:
        for lane in self._lanes:
            lane.readers.leave(member)


def _age_s(word: Word) -> float:
    """Return how long who said a word had been here then."""
    here = word.here if isinstance(word, Join) else word
    return here.age_ms / 1000 if isinstance(here, Here) else 0.0
