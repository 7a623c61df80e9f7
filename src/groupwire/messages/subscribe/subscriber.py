"""A subscriber: all its parts behind the verbs of a core.

Verbs take ``now`` in seconds on any clock that never goes back; after each, drain
``poll_transmits`` and ``poll_events`` and come back at ``poll_timeout``.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random

from groupwire.gather import is_tagged
from groupwire.messages.delivery import DELIVERIES
from groupwire.messages.events import (
    Batch,
    MemberJoined,
    MemberLeft,
    QueueFilled,
    SubscribeEvent,
)
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.messages.presence import Myself, Presence
from groupwire.messages.rules import SubscribeRules
from groupwire.messages.subscribe.crowd import Crowd
from groupwire.messages.subscribe.losses import Losses
from groupwire.messages.subscribe.source import Source
from groupwire.messages.subscribe.stats import SubscribeStats
from groupwire.messages.subscribe.unknown import RunKey, Unknown
from groupwire.messages.wire.words import Enough, Here, Join, Lost
from groupwire.values import Datagram, Interface, Transmit

__all__ = ["Subscriber"]

_HEAD = struct.Struct("!B3xIHxx")
"""RFC 5740 §4.2: version and type, source, instance."""
_FEEDBACK = struct.Struct("!B3xIIH")
"""RFC 5740 §4.3: version and type, source, the sender and instance that are meant."""
_VERSION = 0x10
_NACK, _ACK = 0x14, 0x15
_ASK_VALUES_S = (0.0, 0.3, 0.7, 1.2, 1.8, 2.5, 3.3, 4.2)
"""Since it is known, until some have come."""
_TIMES = 3
"""That a word is said which nobody answers."""


class Subscriber:
    """Hears the publishers of a group."""

    def __init__(self, rules: SubscribeRules, rng: Random) -> None:
        self.rules = rules
        self.dropped: Counter[str] = Counter()
        """What was heard and not understood or not wanted, by reason."""
        me = Myself(rules.id, rules.name, Role.SUBSCRIBER, rules.node, pipe=rules.pipe)
        self._presence = Presence(me, rng)
        self._crowd = Crowd(rules, rng, self.dropped)
        self._unknown = Unknown()
        self._losses = Losses()
        self._events: list[SubscribeEvent] = []
        self._enough: dict[Member, str] = {}
        """Publishers of whom nothing more is wanted, and why."""
        self._queued_bytes = 0
        self._paused = False
        self._leaving = False
        self._due: float | None = None
        self._due_known = False
        """Whether that is when something is due at the latest: of messages that come in
        their order nothing is due sooner, so nobody has to look after each."""

    # What the application wants.

    def start(self, *, now: float) -> None:
        """Say that this subscriber is here, and ask who else is."""
        self._due_known = False
        self._presence.start(now)

    def taken(self, size_bytes: int, *, now: float) -> None:
        """Note that the program has taken this much of what was handed over."""
        self._queued_bytes = max(0, self._queued_bytes - size_bytes)
        if self._paused and self._queued_bytes <= self.rules.queue_bytes // 2:
            self._paused = self._due_known = False
            self._presence.resume(now)

    def not_taken(self, publisher: Member, messages: int) -> None:
        """Note that the program has dropped messages; their publisher is told."""
        source = self._crowd.sources.get((publisher.id, publisher.origin))
        if source is not None:
            source.untaken += messages
            self._losses.hurry()
            self._due_known = False

    @property
    def paused(self) -> bool:
        """Whether nothing more is to be read from the group for now."""
        return self._paused

    def enough(self, member: Member, why: str = "") -> None:
        """Take nothing more of a publisher, and tell it why; until it comes again."""
        if member not in self._enough:
            self._enough[member] = why
            self._due_known = False
            self._crowd.leave(member)
            for _ in range(_TIMES):
                self._say_enough(member)

    def close(self, *, now: float) -> None:
        """Say that this subscriber leaves; ``closed`` is soon true."""
        self._leaving = True
        self._due_known = False
        self._presence.leave(now)

    @property
    def closed(self) -> bool:
        """Whether the last word has been said."""
        return self._presence.closed

    # What the machine says.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what came to the group or to this subscriber alone."""
        data = datagram.data
        if len(data) < _FEEDBACK.size:
            self.dropped["cut"] += 1
            return
        kind, source, instance = _HEAD.unpack_from(data)
        run = self._crowd.runs.get((datagram.origin, source, instance))
        if run is not None:
            if self._crowd.hear(run, datagram, now):
                self._due_known = False
            if run.source.news:
                self._tell_lacking(now)
            return
        self._due_known = False
        if is_tagged(data):
            self._hear_word(datagram, now)
        elif kind & 0xF0 != _VERSION:
            self.dropped["no-norm"] += 1
        elif kind in {_NACK, _ACK}:
            _, _, node, instance = _FEEDBACK.unpack_from(data)
            self._crowd.overhear((node, instance), datagram, now)
        else:
            self._hear_unknown(datagram, (datagram.origin, source, instance), now)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        self._due_known = False
        self._crowd.expire(now, reads=not self._paused)
        for source in self._crowd.sources.values():
            if source.heard:
                source.heard = False
                self._presence.alive(source.member, now)
        self._presence.expire(now)
        self._hear_of_members(None, now)
        self._ask(now)
        self._tell_lacking(now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once.

        Words come first: what is lacking is told before something is acknowledged.
        """
        transmits = self._presence.poll_transmits()
        if self._crowd.transmits:
            if not self._leaving:  # else a stranger would seem to ask for something
                transmits += self._crowd.transmits
            self._crowd.transmits = []
        return transmits

    def poll_events(self) -> Sequence[SubscribeEvent]:
        """Return what has happened; each only once."""
        self._gather()
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        if self._due_known:
            return self._due
        self._due_known = True
        self._due = self._find_due()
        return self._due

    def _find_due(self) -> float | None:
        if self.closed:
            return None
        due = [
            self._presence.deadline,
            self._crowd.deadline(reads=not self._paused),
            self._unknown.deadline,
            self._losses.deadline,
            *(s.ask_values[0] for s in self._crowd.sources.values() if s.ask_values),
        ]
        return min((d for d in due if d is not None), default=None)

    def update_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Say soon that this subscriber is here, if its address may be another one."""
        self._due_known = False
        self._presence.moved(interfaces)

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to do."""
        return self.closed

    @property
    def members(self) -> Sequence[Member]:
        """Who else is here."""
        return self._presence.roster.members

    @property
    def stats(self) -> SubscribeStats:
        """What has come so far."""
        return SubscribeStats(*self._crowd.totals, self._queued_bytes)

    # How it is done.

    def _tell_lacking(self, now: float) -> None:
        """Tell publishers what is lacking of theirs."""
        self._due_known = False
        for source in self._losses.due(iter(self._crowd.sources.values()), now):
            source.news = False
            lost, whole_from = source.missed, tuple(source.whole_from)
            rules, why = self.rules, source.why_missed
            word = Lost(rules.id, rules.node, lost, why, whole_from)
            self._presence.say(word, source.member.origin)

    def _hear_word(self, datagram: Datagram, now: float) -> None:
        heard = self._presence.hear(datagram, now=now)
        if heard is None:
            return
        word = heard.word
        here = word.here if isinstance(word, Join) else word
        self._hear_of_members(here if isinstance(here, Here) else None, now)
        if heard.member is None or isinstance(here, Lost | Enough):
            return
        member = heard.member
        if member in self._enough:
            self._say_enough(member)  # it has not heard it, or would be silent of us
        source = self._crowd.sources.get((member.id, member.origin))
        if source is not None:
            source.hear_of(here.sent)
        elif isinstance(here, Here) and member not in self._enough:
            self._hear_joined(member, here, now)  # it had made room for others

    def _say_enough(self, member: Member) -> None:
        rules = self.rules
        word = Enough(rules.id, rules.node, self._enough[member])
        self._presence.say(word, member.origin)

    def _hear_unknown(self, datagram: Datagram, key: RunKey, now: float) -> None:
        """Follow a NORM sender whose publisher is known; else ask who it is."""
        member = self._member_of(key)
        run = None if member is None else self._crowd.open(member, key)
        if run is not None:
            self._unknown.forget(key)
            self._crowd.hear(run, datagram, now)
            if run.source.news:
                self._tell_lacking(now)
            return
        self.dropped["norm-unknown"] += 1
        if not self._follows(key):
            self._unknown.hear(key, datagram, now)

    def _member_of(self, key: RunKey) -> Member | None:
        origin, node, instance = key
        for number in range(len(DELIVERIES)):
            member = self._presence.roster.at(origin, node - number)
            if member is not None and member.role is Role.PUBLISHER:
                return member if member.instance == instance else None
        return None

    def _follows(self, key: RunKey) -> bool:
        """Return whether a sender is one of a publisher that need not be asked."""
        member = self._member_of(key)
        if member is None:
            return False
        return member in self._enough or self._crowd.follows(member)

    def _hear_of_members(self, here: Here | None, now: float) -> None:
        """Take in who has come, of whom ``here`` was heard, and who has gone."""
        for event in self._presence.poll_events():
            self._gather()
            if isinstance(event, MemberLeft):
                self._hear_left(event, now)
                continue
            self._events.append(event)
            if isinstance(event, MemberJoined) and here is not None:
                self._hear_joined(event.member, here, now)

    def _hear_joined(self, member: Member, here: Here, now: float) -> None:
        if member.role is not Role.PUBLISHER:
            return
        age_s = self._presence.age_s(now)
        source = self._crowd.meet(member, here, age_s=age_s, now=now)
        for key, first in self._unknown.take(member):
            run = self._crowd.open(member, key, heard=first.sequence)
            if run is not None:
                self._crowd.hear(run, first.datagram, now)
        if source.news:
            self._tell_lacking(now)
        if source.values_until is not None:
            source.ask_values = [now + wait for wait in _ASK_VALUES_S]

    def _hear_left(self, event: MemberLeft, now: float) -> None:
        self._enough.pop(event.member, None)
        source = self._crowd.left(event.member, event.reason, now)
        if source is None:
            self._events.append(event)
            return
        source.left = event
        if event.reason is LeaveReason.REPLACED:
            self._crowd.end(source, exact=False)
            self._gather()

    def _ask(self, now: float) -> None:
        """Ask strangers who they are, and publishers for last values."""
        ask, foreign = self._unknown.due(now)
        for key in ask:
            if not self._follows(key):
                self._presence.say(Join(self._presence.here(now), key[1]))
            else:
                self._unknown.forget(key)
        for key in foreign:
            if self._member_of(key) is None:
                source = self._crowd.meet_foreign(key, now)
                self._gather()
                self._events.append(MemberJoined(source.member))
        for source in self._crowd.sources.values():
            if not source.ask_values or source.ask_values[0] > now:
                continue
            del source.ask_values[0]
            if source.values_until is not None and not source.values_came:
                here, node = self._presence.here(now), source.member.node
                self._presence.say(Join(here, node, self.rules.patterns))

    def _gather(self) -> None:
        """Take over what publishers' messages have become."""
        for source in self._crowd.told():
            if source.events:
                self._hand_over(source)

    def _hand_over(self, source: Source) -> None:
        for event in source.poll_events():
            if isinstance(event, Batch):
                self._queued_bytes += event.size_bytes
            self._events.append(event)
        if self._queued_bytes > self.rules.queue_bytes and not self._paused:
            self._paused = self._presence.suspended = True
            self._due_known = False
            self._events.append(QueueFilled(self._queued_bytes))
