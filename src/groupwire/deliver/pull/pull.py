"""A member of a group: hears senders, and takes part in their deliveries.

The parts: the *doorman* counts and looks where senders are; *strangers* are asked who
they are; each sender has a *course*, a delivery that speaks our words or a foreign one;
NORM's receiver and the answerer of ``ask`` are shared by all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random

from groupwire.deliver.pull.courses import Courses
from groupwire.deliver.pull.delivery import Delivery
from groupwire.deliver.pull.doorman import Doorman
from groupwire.deliver.pull.events import PullEvent
from groupwire.deliver.pull.files.crowd import Crowd
from groupwire.deliver.pull.foreign import Foreign, is_ours
from groupwire.deliver.pull.plumbing.papers import Room
from groupwire.deliver.pull.plumbing.run import Run
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.pull.plumbing.timer import earliest
from groupwire.deliver.pull.rules import PullRules
from groupwire.deliver.pull.strangers import Strangers
from groupwire.deliver.reasons import is_for_now
from groupwire.deliver.report import PullProgress
from groupwire.deliver.storage import Examined, Outcome, Storage
from groupwire.deliver.wire.speech import decode_word, encode_word
from groupwire.deliver.words import Bye, Call, Signed, State, Word
from groupwire.errors import DecodeError
from groupwire.gather import (
    Answerer,
    AnswerPolicy,
    Kind,
    MessageReceived,
    Refusal,
    Tagged,
    is_tagged,
)
from groupwire.norm import LATER, Later, ObjectFlag, ObjectOffer, Receiver, Sink
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import (
    InfoReceived,
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    SenderEnded,
    SenderFound,
    SenderKey,
    SenderLost,
)
from groupwire.values import Datagram, Interface, Origin, Transmit

__all__ = ["Pull"]

MAX_OBJECTS = 16_384
"""Unfinished ones of a sender: as many as a sender keeps."""
_TAGGED = 0xF5
"""What the tagged form begins with, and nothing of NORM does."""
_DATA = frozenset({0x11, 0x12})
"""What INFO and DATA of NORM begin with."""
_NOBODY = Origin("", 0)
_INFO_TRIES = 2
"""Before an object is asked for whole: one question or answer may be lost."""
_SILENCES = 2.0
"""A sender is gone after so many times of patience without a word."""


class Pull:
    """Takes part in deliveries (docs/delivery.md)."""

    def __init__(
        self,
        rules: PullRules,
        storage: Storage,
        *,
        rng: Random,
        interfaces: Sequence[Interface] = (),
    ) -> None:
        self._rules = rules
        self._answerer = Answerer(rules.name, rules.limits, interfaces, rng=rng)
        policy = AnswerPolicy(rules.limits, interfaces)
        room = Room(rules.memory_bytes)
        self._setting = Setting(rules, storage, rng, policy, self._answer, room)
        self._setting.links.update({i.index: i for i in interfaces})
        self._receiver = Receiver(_config(rules), rng, sink_for=self._offer)
        self._doorman = Doorman(rules)
        self._strangers = Strangers(self._setting)
        self._courses = Courses(self._setting, self._doorman, self._run, self._forget)
        self._crowd = Crowd()
        self._heard_of: dict[SenderKey, bytes | None] = {}
        """Senders that offered something meanwhile and are not known, with INFO."""
        self._origin = _NOBODY
        """Whose datagram NORM takes in, or whose objects it looks at."""
        self._interface = 0
        self._stopped = False

    @property
    def dropped(self) -> Counter[str]:
        """What was heard and not understood or not wanted, by reason."""
        heard = Counter(self._setting.dropped)
        heard.update(self._receiver.dropped)
        heard.update(self._answerer.dropped)
        return heard

    # What the machine says.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what arrived."""
        if not self._doorman.lets_in(datagram.origin):
            self._drop("not-from-there")
            return
        data, step = datagram.data, datagram.segment_bytes
        # The kernel joins what comes behind each other, be it NORM or tagged.
        if _TAGGED in (data[::step] if step else data[:1]):
            for part in datagram.parts():
                if is_tagged(part.data):
                    self._take_tagged(part, now)
                else:
                    self._take_norm(part, now)
        else:
            self._take_norm(datagram, now)
        self._drain(now)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        self._receiver.handle_timeout(now=now)
        self._answerer.handle_timeout(now=now)
        for key in self._strangers.expire(now):
            self._courses.begin_foreign(key, now)
        self._courses.expire(now, self._silence_s)
        self._look_again(self._crowd.due(now), now)
        self._drain(now)

    def update_interfaces(self, interfaces: Sequence[Interface]) -> None:
        """Judge by these interfaces from now on."""
        self._answerer.update_interfaces(interfaces)
        self._setting.policy.update_interfaces(interfaces)
        self._setting.links.clear()
        self._setting.links.update({i.index: i for i in interfaces})

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        last_words = list(self._setting.last_words)
        self._setting.last_words.clear()
        return [
            *last_words,
            *self._receiver.poll_transmits(),
            *self._answerer.poll_transmits(),
            *self._strangers.poll_transmits(),
            *self._courses.poll_transmits(),
        ]

    def poll_events(self) -> Sequence[PullEvent]:
        """Return what has happened; each only once."""
        events = list(self._setting.events)
        self._setting.events.clear()
        return events

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        if self.finished:
            return self._answerer.poll_timeout()
        return earliest(
            self._receiver.poll_timeout(),
            self._answerer.poll_timeout(),
            self._strangers.deadline,
            self._courses.deadline(self._silence_s),
            self._crowd.deadline,
        )

    # What the disk says.

    def handle_examined(self, key: int, examined: Examined, *, now: float) -> None:
        """Learn what the disk has of a delivery already."""
        if (course := self._courses.get(key)) is not None:
            course.examined(examined, now)
        self._drain(now)

    def handle_finished(
        self, key: int, entry: int, outcome: Outcome, *, now: float
    ) -> None:
        """Learn what became of a file, or of an object of a foreign sender."""
        if (course := self._courses.get(key)) is not None:
            course.finished(entry, outcome, now)
        self._look_again(self._crowd.take(), now)
        self._drain(now)

    def handle_concluded(
        self, key: int, failed: Mapping[int, str], *, now: float
    ) -> None:
        """Learn that directories and links are made, but for these."""
        if (course := self._courses.get(key)) is not None:
            course.concluded(failed, now)
        self._drain(now)

    # What the application wants.

    def stop(self, *, now: float) -> None:
        """Leave all deliveries; what is incomplete is kept."""
        self._stopped = True
        self._courses.stop(now)
        self._drain(now)

    @property
    def finished(self) -> bool:
        """Whether it has taken part in as many deliveries as it was to."""
        return self._stopped or self._doorman.closed

    def progress(self, *, now: float) -> PullProgress:
        """Return how far the deliveries are."""
        return self._courses.progress(now)

    def sender_of(self, key: int) -> str:
        """Return whose a delivery is, by what stays the same at the sender's next."""
        course = self._courses.get(key)
        if isinstance(course, Foreign):
            return course.run.sender.origin.host
        return "" if course is None else course.name

    # How it is done.

    @property
    def _silence_s(self) -> float:
        return _SILENCES * self._rules.patience_s

    def _run(self, key: SenderKey) -> Run:
        return Run(self._receiver, key, self._retry)

    def _retry(self, key: SenderKey, now: float) -> None:
        self._origin = key.origin
        if key in self._receiver.senders:
            self._receiver.retry(key, now=now)

    def _look_again(self, waiting: Iterable[SenderKey], now: float) -> None:
        for key in waiting:
            self._retry(key, now)

    def _drop(self, reason: str) -> None:
        self._setting.dropped[reason] += 1

    def _drain(self, now: float) -> None:
        """Carry each thing to whom it concerns, until nothing is left."""
        going_on = True
        while going_on:
            events = self._receiver.poll_events()
            for event in events:
                self._happened(event, now)
            for key, info in self._taken_heard_of():
                self._meet(key, info, now)
            going_on = bool(events) or self._courses.collect(now)
        self._crowd.arm(now)

    def _taken_heard_of(self) -> list[tuple[SenderKey, bytes | None]]:
        heard_of = list(self._heard_of.items())
        self._heard_of.clear()
        return heard_of

    def _forget(self, key: SenderKey) -> None:
        if key in self._receiver.senders:
            self._receiver.forget(key)

    # NORM.

    def _take_norm(self, datagram: Datagram, now: float) -> None:
        self._origin, self._interface = datagram.origin, datagram.interface
        is_data = bool(datagram.data) and datagram.data[0] in _DATA
        run = _run_of(datagram)
        self._courses.hear(run, now, data=is_data)
        self._receiver.handle_datagram(datagram, now=now)

    def _offer(self, offer: ObjectOffer) -> Sink | Later | None:
        """Choose where an object goes. Raises OSError."""
        key = SenderKey(self._origin, offer.source, offer.instance)
        try:
            return self._place_of(key, offer)
        except OSError as error:
            if not is_for_now(error):
                raise
            self._crowd.add(key)
            return LATER

    def _place_of(self, key: SenderKey, offer: ObjectOffer) -> Sink | Later | None:
        """Look for its place: what is not decided yet has to wait."""
        course = self._courses.of(key)
        if isinstance(course, Delivery):
            return course.offer(offer)
        if course is None or is_ours(offer.info):
            self._heard_of[key] = offer.info
            return LATER
        if offer.info is None and offer.flags & ObjectFlag.INFO:
            return LATER
        return course.offer(offer) if self._courses.may_take(course) else LATER

    def _happened(self, event: ReceiverEvent, now: float) -> None:
        key = event.sender
        course = self._courses.of(key)
        match event:
            case SenderFound():
                self._meet(key, None, now)
            case InfoReceived():
                if not isinstance(course, Delivery):
                    self._meet(key, event.info, now)
            case SenderEnded() | SenderLost():
                self._strangers.known(key)
                if course is None:
                    self._forget(key)
                else:
                    lost = isinstance(event, SenderLost)
                    course.leave("sender gone" if lost else "", now)
            case ObjectReceived() if course is not None:
                self._courses.received(course, event, now)
            case ObjectLost() if course is not None:
                course.lost(event, now)
            case ObjectReceived() | ObjectLost():
                pass  # its delivery is over
            case _:
                self._drop("norm-" + type(event).__name__)

    def _meet(self, key: SenderKey, info: bytes | None, now: float) -> None:
        """Ask who a sender is, unless that is known."""
        course = self._courses.of(key)
        ours = is_ours(info)
        if isinstance(course, Foreign) and ours:
            self._courses.convert(course, now)
            course = None
        if course is not None or self._courses.knows(key):
            return
        if key not in self._strangers:
            self._strangers.keep(self._receiver.senders)
            self._strangers.found(key, self._interface, now)
        if ours:
            self._strangers.speaks_ours(key)

    # The tagged form.

    def _take_tagged(self, datagram: Datagram, now: float) -> None:
        if datagram.data[4:5] == bytes([Kind.ANSWER]):
            self._take_answer(datagram, now)
            return
        self._answerer.handle_datagram(datagram, now=now)
        for message in self._answerer.poll_events():
            word = self._decoded(message.data)
            if isinstance(word, Call):
                self._called(word, message.datagram, message.member, now, message)
            elif isinstance(word, Bye):
                self._goodbye(word, message.datagram.origin, now)
            elif word is not None:
                self._drop("not-for-members")

    def _goodbye(self, bye: Bye, origin: Origin, now: float) -> None:
        for key in self._strangers.gone(origin):
            self._forget(key)
            self._courses.missed(key, bye.delivery)
        self._courses.bye(bye, origin, now)

    def _take_answer(self, datagram: Datagram, now: float) -> None:
        stranger = self._strangers.asked(datagram)
        course = self._courses.answered_by(datagram)
        if stranger is None and course is None:
            self._drop("stray-answer")
            return
        try:
            told = Tagged.decode(datagram.data)
        except DecodeError as error:
            self._drop(error.reason)
            return
        word = self._decoded(told.data)
        if isinstance(word, Call) and stranger is not None:
            self._told(stranger, word, datagram, told.name, now)
        elif isinstance(word, Signed) and course is not None:
            course.hear(now, data=False)
            course.signed(word, now)
        elif word is not None:
            self._drop("not-what-was-asked")

    def _told(
        self,
        stranger: SenderKey,
        call: Call,
        datagram: Datagram,
        name: str | None,
        now: float,
    ) -> None:
        if (call.node, call.instance) != (stranger.source, stranger.instance):
            self._drop("other-run")
            return
        self._called(call, datagram, name, now, None)

    def _called(
        self,
        call: Call,
        datagram: Datagram,
        name: str | None,
        now: float,
        message: MessageReceived | None,
    ) -> None:
        key = SenderKey(datagram.origin, call.node, call.instance)
        if self._courses.called(key, call, name, datagram.interface, message, now):
            self._strangers.known(key)
        else:
            self._strangers.pause(key, now)

    def _decoded(self, payload: bytes) -> Word | None:
        try:
            return decode_word(payload)
        except DecodeError as error:
            self._drop(error.reason)
            return None

    def _answer(self, message: MessageReceived, state: State, now: float) -> None:
        """Answer a call; beyond the link only what is hardly longer than it."""
        answer = self._answerer.answer
        refusal = answer(message, encode_word(state), now=now)
        if refusal is Refusal.TOO_LARGE and state.held:
            state = replace(state, held=())
            refusal = answer(message, encode_word(state), now=now)
        if refusal is Refusal.TOO_LARGE:
            short = replace(state, wants=None, reason="")
            refusal = answer(message, encode_word(short), now=now)
        if refusal is not None:
            self._drop(refusal.value)


def _config(rules: PullRules) -> ReceiverConfig:
    return ReceiverConfig(
        rules.node,
        join=rules.join,
        unicast=rules.unicast,
        accepts_at_once=False,
        objects=MAX_OBJECTS,
        memory_bytes=rules.memory_bytes,
        info_tries=_INFO_TRIES,
    )


def _run_of(datagram: Datagram) -> SenderKey:
    """Return whose a NORM message of a sender says it is (RFC 5740, section 4.2)."""
    data = datagram.data
    source, instance = int.from_bytes(data[4:8]), int.from_bytes(data[8:10])
    return SenderKey(datagram.origin, source, instance)
