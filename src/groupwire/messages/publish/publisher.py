"""A publisher: all its parts behind the verbs of a core.

Verbs take ``now`` in seconds on any clock that never goes back; after each, drain
``poll_transmits`` and ``poll_events`` and come back at ``poll_timeout``.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from random import Random
from typing import TypeVar

from groupwire.errors import ClosedError
from groupwire.gather import is_tagged
from groupwire.messages.delivery import DELIVERIES, Delivery
from groupwire.messages.events import Closed, PublishEvent
from groupwire.messages.members import Member, Role
from groupwire.messages.presence import Heard, Myself, Presence
from groupwire.messages.publish.closing import Closing
from groupwire.messages.publish.hearers.audience import Audience
from groupwire.messages.publish.hearers.foreign import Foreign
from groupwire.messages.publish.hearers.receipts import Receipts
from groupwire.messages.publish.lanes.batch import bytes_of, checked_payloads
from groupwire.messages.publish.lanes.intake import Intake
from groupwire.messages.publish.lanes.lane import StreamLane
from groupwire.messages.publish.lanes.latest import LatestLane
from groupwire.messages.publish.lanes.senders import make_sender
from groupwire.messages.publish.lanes.values import LastValues
from groupwire.messages.publish.stats import PublishStats
from groupwire.messages.rules import PublishRules
from groupwire.messages.wire.words import Join
from groupwire.norm import Sender
from groupwire.values import Datagram, Interface, Origin, Transmit

__all__ = ["Publisher"]

_FEEDBACK = struct.Struct("!B3xII")
"""RFC 5740 §4.3: version and type, source, the sender that is meant."""
_NACK, _ACK = 0x14, 0x15

Payload = bytes | bytearray | memoryview
_EventT = TypeVar("_EventT", bound=PublishEvent)


class Publisher:
    """Sends messages to all subscribers of a group."""

    def __init__(self, rules: PublishRules, rng: Random) -> None:
        self.rules = rules
        self.dropped: Counter[str] = Counter()
        """What was heard and not understood or not meant for us, by reason."""
        self._values = LastValues()
        reliable = StreamLane(Delivery.RELIABLE, rules, self._values, self._make)
        besteffort = StreamLane(Delivery.BESTEFFORT, rules, self._values, self._make)
        latest = self._latest = LatestLane(rules, self._values, self._make)
        self._streams = reliable, besteffort
        self._lanes: dict[Delivery, StreamLane | LatestLane] = {
            lane.delivery: lane for lane in (reliable, besteffort, latest)
        }
        self._intake = Intake(
            rules,
            {
                Delivery.RELIABLE: reliable.queue,
                Delivery.BESTEFFORT: besteffort.queue,
                Delivery.LATEST: latest,
            },
            pump=self._pump,
            waits=self._waits,
        )
        self.join = self._intake.join
        """``send`` in short, of bytes by the usual delivery: it takes a topic and the
        payload, and returns -1 where that is not all there is to do."""
        self._reliable = reliable
        self._acked: tuple[StreamLane | LatestLane, ...] = reliable, latest
        """What is acknowledged."""
        self._receipts = Receipts(self._acked)
        me = Myself(rules.id, rules.name, Role.PUBLISHER, rules.node, rules.instance)
        self._presence = Presence(me, rng, sent=lambda: self._intake.sequences)
        self._audience = Audience(self._presence, self._acked)
        self._events: list[PublishEvent] = []
        self._transmits: list[Transmit] = []
        self._foreign = Foreign()
        self._heard: list[tuple[Origin, int, Sender]] = []
        """Feedback that no turn has looked at: whose, and for whom it was."""
        self._heard_at = 0.0
        self._due_at: float | None = None
        """When something was sent or heard that no turn has looked at."""
        self._turn_at: float | None = None
        self._turn_known = False
        """Whether that is when a turn is due: only turns change it, and of nearly all
        single messages none comes."""
        lanes = tuple(self._lanes.values())
        self._closing = Closing(self._presence, self._receipts, lanes)

    # What the application wants.

    def start(self, *, now: float) -> None:
        """Say that this publisher is here, and ask who else is."""
        self._presence.start(now)
        self._turn(now)

    def send(
        self,
        topic: str,
        payload: Payload,
        *,
        now: float,
        delivery: Delivery | None = None,
    ) -> int:
        """Queue a message and return its sequence: it counts for each delivery.

        Raises QueueFull (unless the oldest make room), MessageTooLarge, and UsageError
        for what is no topic. It leaves by :meth:`flush`, or after the delay bound.
        """
        if self._closing.begun:
            raise ClosedError("the publisher")
        which = delivery or self.rules.delivery
        return self._intake.send(topic, bytes_of(payload), which, now)

    def send_many(
        self,
        topic: str,
        payloads: Sequence[Payload],
        *,
        now: float,
        delivery: Delivery | None = None,
    ) -> int:
        """Queue messages, all or none of them; return the sequence of the first.

        Where the oldest make room, the first of these may be among them.
        """
        whole = checked_payloads(payloads)
        if self._closing.begun:
            raise ClosedError("the publisher")
        which = delivery or self.rules.delivery
        return self._intake.send_many(topic, whole, which, now)

    def skip(self, messages: int, *, delivery: Delivery | None = None) -> None:
        """Have subscribers see a gap where messages were refused and not sent later."""
        self._intake.skip(messages, delivery or self.rules.delivery)

    def room_bytes(self, delivery: Delivery | None = None) -> int:
        """Return how much the queue of a delivery takes now.

        A message counts its bytes and 16 more.
        """
        return self._intake.room_bytes(delivery or self.rules.delivery)

    def leave_first(self, *, now: float) -> None:
        """Let a lone message leave before anything else is done.

        For who waits for it: its datagram is among the transmits. Then :meth:`flush`.
        """
        for lane in self._streams:
            if lane.queue.waiting:
                lane.leave_first(now)

    def flush(self, *, now: float) -> None:
        """Let what is queued leave now, as far as the window has room.

        With a delay bound of 0 the owner calls it when its turn is over; with another
        one the core does it by itself.
        """
        turns = self._closing.begun
        for lane in self._lanes.values():
            turns = lane.flush(now) or turns
        if turns:
            self._turn(now)

    def want_received(
        self,
        by: Collection[str | Member] | None = None,
        *,
        now: float,
        sequence: int | None = None,
        delivery: Delivery | None = None,
    ) -> int:
        """Ask who has everything that was sent so far; return a ticket.

        ``by`` are names, which more than one may have, or members; None means all that
        are here. ReceivedBy and ReceiptEnded tell the outcome: missing is who is not
        here, leaves, or has not answered within the patience. Nobody acknowledges
        ``besteffort``. What waits in a full queue is asked for when it has left. If it
        makes room for something newer, all are missing, as they are where the message
        of ``sequence`` (of the usual ``delivery``) has done so before. Who came after
        that message is not asked: a name that nobody else has is missing.
        """
        for lane in self._lanes.values():
            lane.flush(now)
        self._tell_dropped()
        if sequence is None:
            ticket = self._receipts.want(by)
        else:
            which = delivery or self.rules.delivery
            dropped = self._intake.has_dropped(sequence, which)
            lane = self._lanes[which]
            ticket = self._receipts.want_for(lane, sequence, by, dropped=dropped)
        self._turn(now)
        return ticket

    def came_later(
        self, member: Member, sequence: int, delivery: Delivery | None = None
    ) -> bool:
        """Return whether a subscriber came after a message, and so has not had it."""
        lane = self._lanes[delivery or self.rules.delivery]
        reader = lane.readers.get(member.node)
        return reader is not None and reader.first > sequence

    def end_ticket(self, ticket: int, *, now: float) -> None:
        """Wait no longer: who has not answered so far is missing."""
        self._receipts.end(ticket)
        self._turn(now)

    def close(self, *, now: float) -> None:
        """Send what is queued, wait for those who are here, and leave.

        Each of them has its patience; Closed is the last event.
        """
        if not self._closing.begun:
            self._begin_closing()
            self.flush(now=now)

    def abandon(self, *, now: float) -> None:
        """Leave at once: what waits is given up, and nobody is waited for."""
        self._begin_closing()
        self._closing.abandoned = True
        self._turn(now)

    def _begin_closing(self) -> None:
        """Take no more messages."""
        self._closing.begun = True
        self._intake.shut()

    # What the machine says.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what came to the group or to this publisher alone."""
        data = datagram.data
        if is_tagged(data):
            heard = self._presence.hear(datagram, now=now)
            if heard is not None:
                self._take(heard, now)
            self._turn(now)
        elif len(data) >= _FEEDBACK.size:
            self._feedback(datagram, now)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        for lane in self._lanes.values():
            norm = lane.norm
            if norm is not None:
                due = norm.poll_timeout()
                if due is not None and due <= now:
                    norm.handle_timeout(now=now)
        since = self._intake.since
        if since is not None and since + self.rules.delay_s <= now:
            for lane in self._lanes.values():
                lane.flush(now)
        self._presence.expire(now)
        self._foreign.expire(now)
        self._reliable.strangers = bool(self._foreign)
        self._turn(now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once.

        What was asked for is there before its asking is booked: :meth:`poll_events`
        does that, and may bring more.
        """
        transmits = self._transmits
        transmits += self._presence.poll_transmits()
        self._transmits = []
        for lane in self._lanes.values():
            if lane.norm is not None:
                transmits += lane.norm.poll_transmits()
        return transmits

    def poll_events(self) -> Sequence[PublishEvent]:
        """Return what has happened; each only once."""
        self._settle()
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        self._settle()
        if self.closed:
            return None
        if not self._turn_known:
            self._turn_at, self._turn_known = self._find_turn(), True
        due = self._turn_at
        for lane in self._lanes.values():
            at = None if lane.norm is None else lane.norm.poll_timeout()
            if at is not None and (due is None or at < due):
                due = at
        if self.rules.delay_s and (since := self._intake.since) is not None:
            due = min(due or math.inf, since + self.rules.delay_s)
        return due

    def _find_turn(self) -> float | None:
        """Return when a turn is due, though NORM wants none and nothing waits."""
        due = [self._presence.deadline, self._values.deadline, self._closing.deadline]
        due += [lane.deadline for lane in self._acked]
        return min([d for d in due if d is not None], default=None)

    def acquainted_in(self, *, now: float) -> float:
        """Return how soon who was here before has had time to say so; 0: it has."""
        return 0.0 if self._closing.abandoned else self._presence.acquainted_in(now)

    def update_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Say soon that this publisher is here, if its address may be another one."""
        self._turn_known = False
        self._presence.moved(interfaces)

    @property
    def closed(self) -> bool:
        """Whether the last word has been said."""
        return self._closing.over

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to do."""
        return self.closed

    @property
    def members(self) -> Sequence[Member]:
        """Who else is here."""
        return self._presence.roster.members

    @property
    def stats(self) -> PublishStats:
        """What has been sent so far."""
        norms = list(self._norms)
        intake = self._intake
        stats = [norm.stats for norm in norms]
        return PublishStats(
            intake.messages,
            intake.payload_bytes,
            self._latest.superseded,
            intake.queued_bytes,
            sum(s.bytes_sent for s in stats),
            sum(s.packets_sent for s in stats),
            sum(s.repair_packets for s in stats),
            max((norm.rate_bytes_per_s for norm in norms), default=0.0),
            max((norm.grtt_s for norm in norms), default=0.0),
            intake.dropped,
        )

    @property
    def effort_bytes(self) -> int:
        """What messages have cost so far, in bytes that would have cost as much."""
        return self._intake.effort_bytes

    # How it is done.

    @property
    def _norms(self) -> Iterable[Sender]:
        return [lane.norm for lane in self._lanes.values() if lane.norm is not None]

    def _make(self, delivery: Delivery) -> Sender:
        return make_sender(self.rules, delivery)

    def _pump(self, delivery: Delivery, now: float) -> None:
        for lane in self._streams:
            if lane.delivery is delivery:
                if lane.full:  # it goes on by itself when there is room
                    return
                lane.pump(now, all_of=False)
        self._due_at = now

    def _feedback(self, datagram: Datagram, now: float) -> None:
        """Give NORM's feedback to the sender that it is for, if that is ours.

        Who asks for repair waits for it. The rest can wait until it has left; and much
        is read in a row: what all of it changes is looked at once.
        """
        kind, node, to = _FEEDBACK.unpack_from(datagram.data)
        number = to - self.rules.node
        if kind not in {_NACK, _ACK} or not 0 <= number < len(DELIVERIES):
            return
        norm = self._lanes[DELIVERIES[number]].norm
        if norm is not None:
            norm.repair_first(datagram, now=now)
            self._heard.append((datagram.origin, node, norm))
            self._heard_at = self._due_at = now

    def _book(self) -> None:
        """Note who has given feedback, and is here; and what else it tells."""
        heard, self._heard = self._heard, []
        for origin, node, _ in heard:
            member = self._presence.roster.at(origin, node)
            if member is not None:
                self._presence.alive(member, self._heard_at)
            else:
                self._foreign.hear(origin, node, self._heard_at)
                self._reliable.strangers = True
        for norm in dict.fromkeys(norm for _, _, norm in heard):
            norm.book(now=self._heard_at)

    def _take(self, heard: Heard, now: float) -> None:
        word = heard.word
        if isinstance(word, Join) and word.last and word.to == self.rules.node:
            self._values.want(word.last, now)
        if self._foreign and heard.member is not None:
            # It has acknowledged something before its first word was heard.
            self._foreign.discard(heard.member)
            self._reliable.strangers = bool(self._foreign)
        self._audience.hear(heard, now)

    def _settle(self) -> None:
        """Have a turn if something was sent or heard since the last one."""
        if self._due_at is not None:
            self._turn(self._due_at)

    def _turn(self, now: float) -> None:
        """Take in what has happened, and go on with what can go on."""
        self._due_at, self._turn_known = None, False
        if self._heard:
            self._book()
        self._audience.turn(now)
        self._take_over(self._audience.events)
        for lane in self._lanes.values():
            lane.turn(now)
        if self._values.deadline is not None and self._values.deadline <= now:
            self._latest.send_values(self._values.due(now), now)
        for lane in self._acked:
            self._take_over(lane.readers.events)
        self._tell_dropped()
        if self._receipts:
            self._receipts.turn(now)
            self._take_over(self._receipts.events)
        self._intake.tell_room()
        self._take_over(self._intake.events)
        if self._closing.begun:
            self._close(now)

    def _take_over(self, events: list[_EventT]) -> None:
        if events:
            self._events += events
            events.clear()

    def _close(self, now: float) -> None:
        """Go on with what has to be done until the last word is said."""
        if self._intake.queued_bytes and not self._waits(now):
            self._closing.abandoned = True  # nobody is there who could have it
        over = self._closing.turn(
            now,
            queued=self._intake.queued_bytes > 0,
            sent=any(self._intake.sequences),
            foreign=bool(self._foreign),
        )
        self._take_over(self._receipts.events)
        if over:
            self._events.append(Closed(self._receipts.missing))

    def _tell_dropped(self) -> None:
        """Tell that nobody will have what has made room."""
        for delivery, first in self._intake.take_dropped():
            self._receipts.lose(delivery, first)

    def _waits(self, now: float) -> bool:
        """Return whether there is anybody for whom a full queue has to wait.

        Who may still make itself known counts, and so do foreign receivers.
        """
        readers = self._reliable.readers
        if self._foreign or not self._presence.is_acquainted(now):
            return True
        return len(readers) > readers.lagging
