"""The way of a push: roll-call, digests, sending, until nobody is waited for."""

from __future__ import annotations

from groupwire.deliver.push.cargo.marks import Marks
from groupwire.deliver.push.course import Stage
from groupwire.deliver.push.events import (
    Began,
    FeedRoom,
    MemberFailed,
    PushEvent,
    ReceiptReceived,
)
from groupwire.deliver.push.group.gathering import Gathered
from groupwire.deliver.push.group.members import Member
from groupwire.deliver.push.group.patience import Patience
from groupwire.deliver.push.group.settling import acknowledged, without_receipt
from groupwire.deliver.push.parts import Parts
from groupwire.deliver.wire.seals import PART_BYTES
from groupwire.deliver.words import MemberPhase
from groupwire.norm.send.events import (
    MemberDropped,
    ObjectPurged,
    ObjectSent,
    RoomFreed,
    SenderEvent,
    TransmissionIdle,
    WatermarkEnded,
)

__all__ = ["Steering"]

_LOOK_S = 0.25
_EARLY = frozenset({MemberPhase.HERE, MemberPhase.EXAMINING})


class Steering:
    """Does what is due at the stage that a push has reached."""

    def __init__(self, parts: Parts) -> None:
        self.events: list[PushEvent] = []
        self.over: str | None = None
        """Why it is over, empty where nobody is waited for."""
        self.feed_low = False
        """Whether somebody waits until more can be fed."""
        self._rules = parts.rules
        self._course = parts.course
        self._members = parts.members
        self._gathering = parts.gathering
        self._digesting = parts.digesting
        self._sending = parts.sending
        self._settling = parts.settling
        self._marks = Marks(parts.sending.sender)
        self._patience = Patience(parts.rules.patience_s)
        self._look_at = 0.0
        self._quiet = False
        """Whether NORM has sent and flushed all."""
        self._marked = 0
        """How many objects had been handed in when acknowledgements were asked for."""
        self._asked_at: float | None = None
        """Since when foreign receivers are asked whether they have everything."""

    def start(self) -> None:
        """Begin the roll-call; what is small is digested meanwhile."""
        self._course.stage = Stage.GATHER
        self._gathering.start(self._course.now)
        files = self._sending.files
        if files.sized_bytes <= self._rules.digest_first_bytes:
            self._digesting.start()

    def turn(self) -> None:
        """Do whatever is due."""
        self._hear_sender()
        if self._course.stage is Stage.GATHER:
            self._gather()
        if self._course.stage is Stage.DIGEST and self._digesting.done:
            self._begin()
        if self._course.stage is Stage.SEND:
            self._send()

    # Stages.

    def _gather(self) -> None:
        gathered = self._gathering.judge(self._course.now)
        if gathered is Gathered.NOBODY:
            self.over = "nobody"
        elif gathered is Gathered.BEGIN:
            self._course.stage, self._course.stirred = Stage.DIGEST, True
            if any(m.holds for m in self._members):
                self._digesting.start()

    def _begin(self) -> None:
        course, sending = self._course, self._sending
        for node, origin in list(self._gathering.foreign()):
            self._members.presume(node, origin, course.awake)
        course.stage = Stage.SEND
        course.offering = any(m.holds for m in self._members)
        if not course.offering:
            sending.want(None)
        elif any(m.foreign for m in self._members):
            sending.want(None)  # they cannot say what they want
        size = None if sending.feed is not None else sending.files.all_bytes
        count = len(self._members)
        self.events.append(Began(sending.files.count, size, count))
        sending.begin(course.now)

    def _send(self) -> None:
        self._sending.pump(self._course.now)
        while self._hear_sender():
            self._sending.pump(self._course.now)
        self._tell_room()
        if self._sending.renewed:
            self._take_back()
        # Most turns only send more: they are not to cost more for more members.
        if self._course.stirred or self._look_at <= self._course.now:
            self._course.stirred = False
            self._look_at = self._course.now + _LOOK_S
            self._look()

    def _look(self) -> None:
        """See who is waited for."""
        self._give_up()
        self._acknowledge()
        self._course.examining = any(m.phase in _EARLY for m in self._members.open)
        if self._is_over():
            self.over = ""

    def _take_back(self) -> None:
        """Fail who has signed for a file as it was before; ask foreign ones again."""
        self._sending.renewed, self._course.stirred = False, True
        taken_back = self._settling.take_back(self._members)
        self.events += map(ReceiptReceived, taken_back)
        if self._settling.ask_again(self._members):
            self._asked_at = None

    def _is_over(self) -> bool:
        """Return whether nobody is waited for and, without members, all was sent."""
        if self._gathering.waited:
            return False
        return bool(len(self._members)) or (self._sending.idle and self._quiet)

    # What NORM's sender says.

    def _hear_sender(self) -> bool:
        events = self._sending.sender.poll_events()
        for event in events:
            self._hear(event)
        sent = all(isinstance(e, ObjectSent) for e in events)
        self._course.stirred |= not sent or self._sending.feed is not None
        return bool(events)

    def _hear(self, event: SenderEvent) -> None:
        match event:
            case ObjectSent(object_):
                self._quiet = False
                self._sending.sent(object_)
            case ObjectPurged(object_):
                self._sending.purged(object_)
            case RoomFreed():
                self._sending.room_freed(self._course.now)
            case TransmissionIdle():
                self._quiet = True
            case WatermarkEnded():
                self._marks_ended(event)
            case MemberDropped(node, rate):
                member = self._members.get(node)
                if member is not None and not member.settled:
                    self._fail(member, f"too slow: {_bits(rate)}")
            case _:
                pass  # acknowledgements are counted when all have been asked

    # Who is waited for.

    def _give_up(self) -> None:
        awake = self._course.awake
        self._members.retire(awake)
        for member, reason in list(self._patience.given_up(self._members, awake)):
            member.silent = reason in {"silent", member.refusal}
            self._fail(member, reason)

    def _fail(self, member: Member, reason: str) -> None:
        member.receipt = without_receipt(member, reason, self._course.elapsed_s)
        self.events.append(MemberFailed(member.name, reason))

    # What is acknowledged to NORM: parts of a feed, and all by foreign receivers.

    def _acknowledge(self) -> None:
        if self._marks.running:
            return
        sending = self._sending
        if sending.feed is not None and sending.feed.newest is not None:
            self._mark([m.node for m in self._gathering.waited])
            if not self._marks.running:
                sending.release(sending.last_sent, self._course.now)
        elif sending.idle:
            self._mark([m.node for m in self._members.open if m.foreign])

    def _mark(self, nodes: list[int]) -> None:
        if not nodes:
            return
        if self._sending.idle and self._asked_at is None:
            self._asked_at = self._course.awake
        self._marked = self._sending.handed
        self._marks.ask(nodes, now=self._course.now)

    def _marks_ended(self, event: WatermarkEnded) -> None:
        have = self._marks.ended(event)
        if all(m.node in have for m in self._gathering.waited):
            self._sending.release(event.object, self._course.now)
        if not self._sending.idle or self._marked != self._sending.handed:
            return
        for member in self._members.open:
            if member.foreign and member.node in have:
                self._sign(member)
            elif member.foreign and self._is_silent(member):
                self._fail(member, "silent")

    def _sign(self, member: Member) -> None:
        files, elapsed_s = self._sending.files, self._course.elapsed_s
        member.receipt = acknowledged(member, files, elapsed_s)
        member.vouched = files.signature()
        self.events.append(ReceiptReceived(member.receipt))

    def _is_silent(self, member: Member) -> bool:
        asked_at = self._course.awake if self._asked_at is None else self._asked_at
        since = max(asked_at, member.heard_at)
        return self._course.awake - since >= self._rules.patience_s

    def _tell_room(self) -> None:
        feed = self._sending.feed
        if self.feed_low and feed is not None and feed.room >= PART_BYTES:
            self.feed_low = False
            self.events.append(FeedRoom())


def _bits(bytes_per_s: float) -> str:
    kilo = bytes_per_s * 8 / 1000
    return f"{kilo:.0f} kb/s" if kilo < 1000 else f"{kilo / 1000:.1f} Mb/s"
