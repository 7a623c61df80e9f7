"""One member: tells messages from noise, answers each in its own form.

No socket, no clock. Everything kept per stranger is bounded by a named constant.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random

from groupwire.errors import DecodeError
from groupwire.gather.foreign import SUSPICIOUS, StreamSpotter
from groupwire.gather.names import checked_name
from groupwire.gather.policy import AnswerPolicy, Limits, Refusal
from groupwire.gather.result import Form
from groupwire.gather.tagged import MAGIC, Kind, Tagged, is_tagged
from groupwire.values import Datagram, Interface, Origin, Transmit

__all__ = ["AnswerEvent", "Answerer", "MessageReceived"]

MAX_QUESTIONS = 4096
"""Tagged questions remembered, so that a repeated one is not delivered twice."""
MAX_REPLY_BYTES = 16 << 20
"""Answers kept for repeated questions, all together."""
MAX_WAITING = 10_000
"""Answers that wait for their random moment."""
MAX_WAITING_BYTES = 16 << 20
"""The same for their bytes, all together."""


_LOOK_CLOSER = SUSPICIOUS | {MAGIC[0]}


@dataclass(slots=True)
class _Question:
    """A tagged question that was delivered; its last attempt is what is answered."""

    request_id: int
    attempt: int
    spread_us: int
    sender: Origin
    interface: int
    asked_bytes: int
    refusal: Refusal | None
    reply: bytes | None = None
    answered: bool = False
    remembered: bool = True

    def ask_again(self, told: Tagged, datagram: Datagram) -> None:
        """Answer this attempt from now on."""
        self.spread_us = told.spread_us
        self.sender = datagram.origin
        self.interface = datagram.interface
        self.asked_bytes = len(datagram.data)
        self.refusal = None


# A class by hand, because one is made for every datagram of a flood.
class MessageReceived:
    """A message came to the group; :meth:`Answerer.answer` takes it to answer it."""

    __slots__ = ("answered", "data", "datagram", "member", "question", "refusal")

    def __init__(
        self,
        data: bytes,
        datagram: Datagram,
        refusal: Refusal | None = None,
        member: str | None = None,
        question: _Question | None = None,
    ) -> None:
        self.data = data
        self.datagram = datagram
        self.refusal = refusal
        """Why it is not to be answered, where the message itself says so."""
        self.member = member
        self.question = question
        """What is remembered of a tagged one."""
        self.answered = False

    @property
    def form(self) -> Form:
        """How it travelled."""
        return Form.PLAIN if self.question is None else Form.TAGGED


AnswerEvent = MessageReceived


@dataclass(order=True, slots=True)
class _Delayed:
    due: float
    turn: int
    transmit: Transmit = field(compare=False)


class Answerer:
    """Hears one group and answers, as docs/protocol.md §5 says."""

    def __init__(
        self,
        name: str,
        limits: Limits,
        interfaces: Iterable[Interface],
        *,
        rng: Random,
        answer_pings: bool = True,
    ) -> None:
        self.name = checked_name(name)
        self.dropped: Counter[str] = Counter()
        """Datagrams that were no messages, by reason."""
        self.pings = 0
        """Pings that were answered."""
        self._answer_pings = answer_pings
        self._policy = AnswerPolicy(limits, interfaces)
        self._rng = rng
        self._spotter = StreamSpotter()
        self._questions: OrderedDict[int, _Question] = OrderedDict()
        self._reply_bytes = 0
        self._delayed: list[_Delayed] = []
        self._delayed_bytes = 0
        self._turn = 0
        self._transmits: list[Transmit] = []
        self._events: list[AnswerEvent] = []

    def update_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Judge by these interfaces from now on."""
        self._policy.update_interfaces(interfaces)

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what came to the group."""
        data = datagram.data
        refusal = None
        if data and data[0] in _LOOK_CLOSER:
            if is_tagged(data):
                self._take_tagged(datagram, now)
                return
            if self._spotter.is_stream(datagram):
                refusal = Refusal.STREAM
        # Whether the sender may be answered is judged when somebody wants to: that
        # needs facts which a flood should not pay for.
        self._events.append(MessageReceived(data, datagram, refusal))

    def handle_timeout(self, *, now: float) -> None:
        """Send the answers whose moment has come."""
        while self._delayed and self._delayed[0].due <= now:
            transmit = heapq.heappop(self._delayed).transmit
            self._delayed_bytes -= len(transmit.data)
            self._transmits.append(transmit)

    def hurry(self) -> None:
        """Send at once what waits for its random moment: this member is leaving."""
        self.handle_timeout(now=inf)

    def answer(
        self, message: MessageReceived, data: bytes, *, now: float
    ) -> Refusal | None:
        """Answer a message, once; return why not, where that is refused.

        Decided at once. A tagged question that asks for a spread is answered after a
        random part of it.
        """
        if message.answered:
            return Refusal.ANSWERED
        question = message.question
        if question is not None:
            return self._answer_question(question, data, now)
        refusal, datagram = message.refusal, message.datagram
        if refusal is None:
            refusal = self._policy.refusal(
                datagram.origin,
                datagram.interface,
                asked_bytes=len(datagram.data),
                bytes_=len(data),
                now=now,
            )
        # Last, because of a flood most is refused already, and this takes longest.
        if refusal is None and _came_alone(datagram):
            refusal = Refusal.UNICAST
        if refusal is None:
            message.answered = True
            self._transmits.append(Transmit(data, datagram.origin))
        return refusal

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return the answers to send; each only once."""
        if not self._transmits:
            return ()
        transmits, self._transmits = self._transmits, []
        return transmits

    def poll_events(self) -> Sequence[AnswerEvent]:
        """Return the messages that came; each only once."""
        if not self._events:
            return ()
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        """Return when the next delayed answer is due."""
        return self._delayed[0].due if self._delayed else None

    def _take_tagged(self, datagram: Datagram, now: float) -> None:
        try:
            told = Tagged.decode(datagram.data)
        except DecodeError as error:
            self.dropped[error.reason] += 1
            return
        if told.kind is Kind.ANSWER:
            self.dropped["stray-answer"] += 1
            return
        if told.ping:
            self._take_ping(told, datagram, now)
            return
        known = self._questions.get(told.request_id)
        if known is not None:
            self._take_again(known, told, datagram, now)
            return
        question = self._questions[told.request_id] = _Question(
            told.request_id,
            told.attempt,
            told.spread_us,
            datagram.origin,
            datagram.interface,
            len(datagram.data),
            self._unasked(told),
        )
        if len(self._questions) > MAX_QUESTIONS:
            self._forget_question()
        self._events.append(
            MessageReceived(told.data, datagram, question.refusal, told.name, question)
        )

    def _take_ping(self, told: Tagged, datagram: Datagram, now: float) -> None:
        """Answer at once, and every copy: who asks counts what comes twice.

        docs/protocol.md §9.3: the application hears nothing of it.
        """
        refusal = self._ping_refusal(told)
        if refusal is None:
            answer = Tagged(
                Kind.ANSWER,
                told.request_id,
                name=self.name,
                attempt=told.attempt,
                ping=True,
                ttl_hops=datagram.ttl_hops,
            ).encode()
            refusal = self._policy.refusal(
                datagram.origin,
                datagram.interface,
                asked_bytes=len(datagram.data),
                bytes_=len(answer),
                now=now,
            )
            if refusal is None:
                self.pings += 1
                self._transmits.append(Transmit(answer, datagram.origin))
        if refusal is not None:
            self.dropped[f"ping-{refusal}"] += 1

    def _ping_refusal(self, told: Tagged) -> Refusal | None:
        return self._unasked(told) if self._answer_pings else Refusal.NOT_ASKED

    def _take_again(
        self, question: _Question, told: Tagged, datagram: Datagram, now: float
    ) -> None:
        """Answer a repeated question again without delivering it twice.

        docs/protocol.md §5.3: the same attempt heard twice (by two interfaces, or
        duplicated on the way) is one attempt.
        """
        if told.attempt <= question.attempt:
            self.dropped["copy"] += 1
            return
        question.attempt = told.attempt
        self.dropped["repeated"] += 1
        if self._unasked(told) is not None:
            return
        # Where nobody has answered yet, the answer to come is for this attempt.
        question.ask_again(told, datagram)
        if question.reply is not None:
            self._reply(question, question.reply, now)

    def _unasked(self, told: Tagged) -> Refusal | None:
        if told.kind is Kind.MESSAGE:
            return Refusal.NOT_ASKED
        if self.name in told.heard:
            return Refusal.HEARD
        if told.wanted is not None and self.name not in told.wanted:
            return Refusal.NOT_ASKED
        return None

    def _answer_question(
        self, question: _Question, data: bytes, now: float
    ) -> Refusal | None:
        if question.answered:
            return Refusal.ANSWERED
        refusal = question.refusal or self._reply(question, data, now)
        if question.remembered and refusal is not Refusal.TOO_LARGE:
            self._remember_reply(question, data)
        return refusal

    def _reply(self, question: _Question, data: bytes, now: float) -> Refusal | None:
        tagged = Tagged(
            Kind.ANSWER,
            question.request_id,
            data,
            name=self.name,
            attempt=question.attempt,
        ).encode()
        refusal = self._policy.refusal(
            question.sender,
            question.interface,
            asked_bytes=question.asked_bytes,
            bytes_=len(tagged),
            now=now,
        )
        if refusal is None:
            question.answered = True
            self._send(Transmit(tagged, question.sender), question.spread_us, now)
        return refusal

    def _send(self, transmit: Transmit, spread_us: int, now: float) -> None:
        if not spread_us:
            self._transmits.append(transmit)
            return
        size = self._delayed_bytes + len(transmit.data)
        if len(self._delayed) >= MAX_WAITING or size > MAX_WAITING_BYTES:
            self.dropped["waiting-full"] += 1
            return
        self._delayed_bytes = size
        self._turn += 1
        due = now + self._rng.uniform(0, spread_us / 1e6)
        heapq.heappush(self._delayed, _Delayed(due, self._turn, transmit))

    def _remember_reply(self, question: _Question, data: bytes) -> None:
        self._reply_bytes += len(data) - len(question.reply or b"")
        question.reply = data
        while self._reply_bytes > MAX_REPLY_BYTES:
            self._forget_question()

    def _forget_question(self) -> None:
        _, question = self._questions.popitem(last=False)
        question.remembered = False
        self._reply_bytes -= len(question.reply or b"")


def _came_alone(datagram: Datagram) -> bool:
    """Tell whether it was sent to this member and to no group: an answer, perhaps.

    Two members that answer each other's answers would never end.
    """
    to = datagram.group
    return to is not None and not to.is_multicast
