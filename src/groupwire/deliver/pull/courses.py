"""The senders that a member follows, and the deliveries that it takes part in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeAlias

from groupwire.deliver.pull.delivery import Delivery
from groupwire.deliver.pull.doorman import Doorman
from groupwire.deliver.pull.events import DeliveryEnded, SenderGone
from groupwire.deliver.pull.foreign import Foreign
from groupwire.deliver.pull.places import Claim, Places, Verdict
from groupwire.deliver.pull.plumbing.run import Run
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.pull.plumbing.timer import earliest
from groupwire.deliver.report import PullProgress
from groupwire.deliver.words import Bye, Call, CallPhase, MemberPhase, State
from groupwire.gather import MessageReceived
from groupwire.norm.receive.events import ObjectReceived, SenderKey
from groupwire.values import Datagram, Origin, Transmit

__all__ = ["Course", "Courses"]

Course: TypeAlias = Delivery | Foreign

MAX_COURSES = 128
"""Of senders; foreign ones of which nothing has come are forgotten beyond."""
MAX_OVER = 64
"""Deliveries that are over and still answered for."""


class Courses:
    """One for each run of a sender; each has a small number for the disk."""

    def __init__(
        self,
        setting: Setting,
        doorman: Doorman,
        run: Callable[[SenderKey], Run],
        forget: Callable[[SenderKey], None],
    ) -> None:
        self._forget = forget
        self._setting = setting
        self._doorman = doorman
        self._run = run
        self._courses: dict[SenderKey, Course] = {}
        self._by_key: dict[int, Course] = {}
        self._numbers = count(1)
        self._places = Places()
        self._over: OrderedDict[SenderKey, State] = OrderedDict()

    # Who is there.

    def get(self, key: int) -> Course | None:
        """Return the one that the disk knows by a number."""
        return self._by_key.get(key)

    def of(self, sender: SenderKey) -> Course | None:
        """Return a sender's."""
        return self._courses.get(sender)

    def knows(self, sender: SenderKey) -> bool:
        """Return whether a sender need not be asked who it is."""
        return sender in self._over

    def may_take(self, course: Foreign) -> bool:
        """Return whether there is a place for what a foreign sender sends.

        Who was announced goes before: anybody can send an object.
        """
        return course.begun or self._has_room(announced=True)

    def _has_room(self, *, announced: bool) -> bool:
        """Return whether a place is free; ``announced``: beside who waits for one."""
        deliveries = sum(announced or not c.provisional for c in self._deliveries())
        return self._doorman.has_room(deliveries + self._foreign)

    def _keeps(self, course: Delivery) -> bool:
        """Return whether a delivery has a place, or can have one now."""
        return not course.provisional or self._has_room(announced=False)

    @property
    def _foreign(self) -> int:
        """How many places foreign senders have."""
        courses = self._courses.values()
        return sum(isinstance(c, Foreign) and c.begun for c in courses)

    def answered_by(self, datagram: Datagram) -> Delivery | None:
        """Return the delivery whose receipt a datagram answers."""
        for course in self._deliveries():
            if course.answered_by(datagram):
                return course
        return None

    # What is heard.

    def hear(self, sender: SenderKey, now: float, *, data: bool) -> None:
        """Note a sign of life: of this run, not of another at the same address."""
        if (course := self._courses.get(sender)) is not None:
            course.hear(now, data=data)

    def called(
        self,
        sender: SenderKey,
        call: Call,
        name: str | None,
        interface: int,
        message: MessageReceived | None,
        now: float,
    ) -> bool:
        """Take a call in; False if its sender is not listened to now."""
        course = self._courses.get(sender)
        if isinstance(course, Foreign):
            self.convert(course, now)
        elif course is not None:
            return self._called_again(course, call, message, now)
        if sender in self._over:
            self._answer(message, self._over[sender], now)
            return True
        name = name or str(sender.origin)
        deliveries = self._deliveries()
        claim = Claim(sender, call, name, now, self._foreign)
        verdict, leaving = self._places.judge(claim, deliveries, self._doorman)
        for old in leaving:
            self._replace(old, now)
        if verdict is Verdict.FORGED:
            self._setting.dropped["other-origin"] += 1
            return False
        if verdict is not Verdict.COME:
            self._answer(message, self._not_now(call, verdict), now)
            return False
        self._begin(sender, call, name, interface, now).called(call, message, now)
        return True

    def received(self, course: Course, event: ObjectReceived, now: float) -> None:
        """Take in an object; no manifest where others have the places meanwhile."""
        if isinstance(course, Delivery) and not self._keeps(course):
            self._let_go(course, now)
        else:
            course.received(event, now)

    def _not_now(self, call: Call, verdict: Verdict) -> State:
        # Who waits has a part of what the sender before sent: files are to be offered,
        # for what is sent before it has a place would come twice.
        holds = self._setting.storage.holds or verdict is Verdict.WAIT
        node = self._setting.rules.node
        if verdict is Verdict.BUSY:
            return State(call.delivery, node, MemberPhase.REFUSED, reason="busy")
        gather = call.phase is CallPhase.GATHER
        phase = MemberPhase.HERE if gather else MemberPhase.EXAMINING
        return State(call.delivery, node, phase, holds=holds)

    def _deliveries(self) -> list[Delivery]:
        return [c for c in self._courses.values() if isinstance(c, Delivery)]

    def _called_again(
        self, course: Delivery, call: Call, message: MessageReceived | None, now: float
    ) -> bool:
        if course.delivery != call.delivery:
            self._setting.dropped["other-delivery"] += 1
            return False
        course.hear(now, data=False)
        course.called(call, message, now)
        return True

    def _answer(
        self, message: MessageReceived | None, state: State, now: float
    ) -> None:
        if message is not None:
            self._setting.answer(message, state, now)

    def bye(self, bye: Bye, origin: Origin, now: float) -> None:
        """Take in that a sender has ended, if it is that sender."""
        for course in self._deliveries():
            if course.delivery == bye.delivery:
                if course.run.sender.origin == origin:
                    course.bye(bye, now)
                else:
                    self._setting.dropped["other-origin"] += 1

    # Beginning and end.

    def begin_foreign(self, sender: SenderKey, now: float) -> None:
        """Take what a sender sends that does not know our words."""
        if len(self._courses) >= MAX_COURSES:
            self._forget_idle()
        course = Foreign(next(self._numbers), self._run(sender), self._setting, now)
        self._add(sender, course)
        course.run.retry(now)

    def missed(self, sender: SenderKey, delivery: int) -> None:
        """Note that a sender has ended before it told what it sends."""
        node = self._setting.rules.node
        self._keep(sender, State(delivery, node, MemberPhase.REFUSED, reason="late"))

    def convert(self, course: Foreign, now: float) -> None:
        """End a foreign one, because its sender speaks our words after all."""
        self._remove(course)
        course.abandon(now)

    def stop(self, now: float) -> None:
        """Leave all of them."""
        for course in self._courses.values():
            course.stop(now)

    def collect(self, now: float) -> bool:
        """Tell of those that are over; True if there were any."""
        self._clear_line(now)
        over = [c for c in self._courses.values() if c.report is not None]
        for course in over:
            self._remove(course)
            self._tell_end(course)
            if isinstance(course, Delivery):
                self._remember(course)
            elif not self._doorman.closed:
                # A foreign sender may send more, after a while.
                self.begin_foreign(course.run.sender, now)
        return bool(over)

    def _tell_end(self, course: Course) -> None:
        # What anybody calls is no delivery before its manifest is here.
        if course.counts and course.report is not None:
            self._doorman.ended += 1
            self._setting.events.append(DeliveryEnded(course.report))

    def _remember(self, course: Delivery) -> None:
        self._forget(course.run.sender)
        self._keep(course.run.sender, course.final)

    def _keep(self, sender: SenderKey, final: State) -> None:
        self._over[sender] = final
        if len(self._over) > MAX_OVER:
            self._over.popitem(last=False)

    def _replace(self, course: Delivery, now: float) -> None:
        """Leave one whose sender is not there any more for another run."""
        if course.provisional:
            self._let_go(course, now)
            return
        self._remove(course)
        course.abandon(now)
        self._setting.events.append(SenderGone(course.name, "replaced"))
        self._remember(course)

    def _clear_line(self, now: float) -> None:
        """Let those go that have come for nothing: the places are taken."""
        for course in self._deliveries():
            if not self._keeps(course):
                self._let_go(course, now)

    def _let_go(self, course: Delivery, now: float) -> None:
        """Forget one that holds no place; it may call again, and begins anew."""
        self._remove(course)
        course.let_go(now)
        self._setting.dropped["no-place"] += 1

    def _begin(
        self, sender: SenderKey, call: Call, name: str, interface: int, now: float
    ) -> Delivery:
        run = self._run(sender)
        run.interface = interface
        course = Delivery(next(self._numbers), call, name, run, self._setting, now=now)
        self._add(sender, course)
        course.run.retry(now)
        return course

    def _add(self, sender: SenderKey, course: Course) -> None:
        self._courses[sender] = course
        self._by_key[course.key] = course

    def _remove(self, course: Course) -> None:
        sender = course.run.sender
        del self._courses[sender], self._by_key[course.key]

    def _forget_idle(self) -> None:
        idle = min(
            (c for c in self._courses.values() if not c.begun),
            key=lambda course: course.heard,
        )
        self._remove(idle)

    # What time brings.

    def deadline(self, silence_s: float) -> float | None:
        """When something is due."""
        return earliest(
            *(course.deadline for course in self._courses.values()),
            *(course.silent_at(silence_s) for course in self._courses.values()),
        )

    def expire(self, now: float, silence_s: float) -> None:
        """Do what is due."""
        for course in list(self._courses.values()):
            course.expire(now)
            silent_at = course.silent_at(silence_s)
            if silent_at is not None and silent_at <= now:
                course.leave("sender gone", now)

    def poll_transmits(self) -> Iterator[Transmit]:
        """Iterate over what is to be sent to senders."""
        for course in self._courses.values():
            yield from course.poll_transmits()

    def progress(self, now: float) -> PullProgress:
        """Return how far all of them are together."""
        begun = [course for course in self._courses.values() if course.begun]
        firm = [course for course in begun if not _is_provisional(course)]
        courses = firm or begun
        totals = [course.total_bytes for course in courses]
        known = [total for total in totals if total is not None]
        return PullProgress(
            elapsed_s=now - min((c.began for c in courses), default=now),
            senders=tuple(course.name for course in courses),
            bytes_have=sum(course.bytes_have for course in courses),
            total_bytes=sum(known) if len(known) == len(totals) else None,
            files_settled=sum(course.files[0] for course in courses),
            files=sum(course.files[1] for course in courses),
            lost=sum(course.run.lost for course in courses),
            announced=not firm and bool(begun),
        )


def _is_provisional(course: Course) -> bool:
    return isinstance(course, Delivery) and course.provisional
