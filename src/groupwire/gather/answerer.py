"""One member: tells messages from noise, answers each in its own form.

No socket, no clock. Everything kept per stranger is bounded by a named constant.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import NamedTuple

from groupwire.errors import DecodeError
from groupwire.gather.foreign import SUSPICIOUS, StreamSpotter
from groupwire.gather.names import checked_name
from groupwire.gather.policy import AnswerPolicy, Limits, Refusal
from groupwire.gather.result import Form
from groupwire.gather.tagged import Kind, Tagged, is_tagged
from groupwire.values import Datagram, Facts, Interface, Transmit

__all__ = ["AnswerEvent", "Answerer", "MessageReceived"]

MAX_MESSAGES = 10_000
"""Messages that can still be answered; older ones are forgotten."""
MAX_QUESTIONS = 4096
"""Tagged questions remembered, so that a repeated one is not delivered twice."""
MAX_REPLY_BYTES = 16 << 20
"""Answers kept for repeated questions, all together."""
MAX_WAITING = 10_000
"""Answers that wait for their random moment."""
MAX_WAITING_BYTES = 16 << 20
"""The same for their bytes, all together."""


# A named tuple, because it is made for every datagram of a flood.
class MessageReceived(NamedTuple):
    """A message came to the group; ``number`` is what :meth:`Answerer.answer` takes."""

    number: int
    data: bytes
    datagram: Datagram
    member: str | None
    form: Form
    refusal: Refusal | None
    """Why it is not to be answered, where the message itself says so."""


AnswerEvent = MessageReceived


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a tagged question wants of its answer."""

    request_id: int
    attempt: int
    spread_us: int


@dataclass(slots=True)
class _Message:
    """What is needed to answer a message; never the message itself."""

    facts: Facts
    slot: int
    asked_bytes: int
    refusal: Refusal | None
    question: _Asked | None = None


@dataclass(slots=True)
class _Known:
    """A tagged question that was delivered."""

    number: int
    attempt: int
    reply: bytes | None = None


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
    ) -> None:
        self.name = checked_name(name)
        self.dropped: Counter[str] = Counter()
        """Datagrams that were no messages, by reason."""
        self._policy = AnswerPolicy(limits, interfaces)
        self._rng = rng
        self._spotter = StreamSpotter()
        self._number = 0
        self._messages: OrderedDict[int, _Message] = OrderedDict()
        self._questions: OrderedDict[int, _Known] = OrderedDict()
        self._reply_bytes = 0
        self._delayed: list[_Delayed] = []
        self._delayed_bytes = 0
        self._turn = 0
        self._transmits: deque[Transmit] = deque()
        self._events: deque[AnswerEvent] = deque()

    def update_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Judge by these interfaces from now on."""
        self._policy.update_interfaces(interfaces)

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what came to the group."""
        data = datagram.data
        if is_tagged(data):
            self._take_tagged(datagram, now)
            return
        refusal = None
        if data and data[0] in SUSPICIOUS and self._spotter.is_stream(datagram):
            refusal = Refusal.STREAM
        self._deliver(datagram, data, None, refusal)

    def handle_timeout(self, *, now: float) -> None:
        """Send the answers whose moment has come."""
        while self._delayed and self._delayed[0].due <= now:
            transmit = heapq.heappop(self._delayed).transmit
            self._delayed_bytes -= len(transmit.data)
            self._transmits.append(transmit)

    def hurry(self) -> None:
        """Send at once what waits for its random moment: this member is leaving."""
        self.handle_timeout(now=inf)

    def answer(self, number: int, data: bytes, *, now: float) -> Refusal | None:
        """Answer a message; return why not, where that is refused.

        Decided at once. A tagged question that asks for a spread is answered after a
        random part of it.
        """
        message = self._messages.get(number)
        if message is None:
            recent = number > self._number - MAX_MESSAGES
            return Refusal.ANSWERED if recent else Refusal.FORGOTTEN
        refusal = message.refusal or self._reply(message, data, now)
        if refusal is None:
            del self._messages[number]
        if message.question is not None and refusal is not Refusal.TOO_LARGE:
            self._remember_reply(number, message.question, data)
        return refusal

    def poll_transmit(self) -> Transmit | None:
        """Return the next answer to send."""
        return self._transmits.popleft() if self._transmits else None

    def poll_event(self) -> AnswerEvent | None:
        """Return the next message."""
        return self._events.popleft() if self._events else None

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
        known = self._questions.get(told.request_id)
        if known is not None:
            self._take_again(known, told, datagram, now)
            return
        number = self._deliver(datagram, told.data, told, self._unasked(told))
        self._questions[told.request_id] = _Known(number, told.attempt)
        if len(self._questions) > MAX_QUESTIONS:
            self._forget_question()

    def _take_again(
        self, known: _Known, told: Tagged, datagram: Datagram, now: float
    ) -> None:
        """Answer a repeated question again without delivering it twice.

        docs/protocol.md §5.3: the same attempt heard twice (by two interfaces, or
        duplicated on the way) is one attempt.
        """
        if told.attempt <= known.attempt:
            self.dropped["copy"] += 1
            return
        known.attempt = told.attempt
        self.dropped["repeated"] += 1
        refusal = self._unasked(told)
        message = self._message(datagram, told, refusal)
        if known.reply is not None:
            if refusal is None:
                self._reply(message, known.reply, now)
        elif refusal is None and known.number in self._messages:
            # Not answered yet: when the application does, it answers this attempt.
            self._messages[known.number] = message

    def _unasked(self, told: Tagged) -> Refusal | None:
        if told.kind is Kind.MESSAGE:
            return Refusal.NOT_ASKED
        if self.name in told.heard:
            return Refusal.HEARD
        if told.wanted is not None and self.name not in told.wanted:
            return Refusal.NOT_ASKED
        return None

    def _deliver(
        self,
        datagram: Datagram,
        data: bytes,
        told: Tagged | None,
        refusal: Refusal | None,
    ) -> int:
        self._number += 1
        message = self._message(datagram, told, refusal)
        self._messages[self._number] = message
        if len(self._messages) > MAX_MESSAGES:
            self._messages.popitem(last=False)
        self._events.append(
            MessageReceived(
                self._number,
                data,
                datagram,
                told.name if told else None,
                Form.TAGGED if told else Form.PLAIN,
                refusal,
            )
        )
        return self._number

    def _message(
        self, datagram: Datagram, told: Tagged | None, refusal: Refusal | None
    ) -> _Message:
        asked = None
        if told is not None:
            asked = _Asked(told.request_id, told.attempt, told.spread_us)
        # Whether the sender may be answered is judged when somebody wants to: that
        # needs facts which a flood should not pay for.
        size = len(datagram.data)
        return _Message(datagram.facts, datagram.slot, size, refusal, asked)

    def _reply(self, message: _Message, data: bytes, now: float) -> Refusal | None:
        told, sender = message.question, message.facts.origin(message.slot)
        if told is not None:
            data = Tagged(
                Kind.ANSWER,
                told.request_id,
                data,
                name=self.name,
                attempt=told.attempt,
            ).encode()
        refusal = self._policy.refusal(
            sender,
            message.facts.interface(message.slot),
            asked_bytes=message.asked_bytes,
            bytes_=len(data),
            now=now,
        )
        if refusal is None:
            self._send(Transmit(data, sender), told, now)
        return refusal

    def _send(self, transmit: Transmit, told: _Asked | None, now: float) -> None:
        if told is None or not told.spread_us:
            self._transmits.append(transmit)
            return
        size = self._delayed_bytes + len(transmit.data)
        if len(self._delayed) >= MAX_WAITING or size > MAX_WAITING_BYTES:
            self.dropped["waiting-full"] += 1
            return
        self._delayed_bytes = size
        self._turn += 1
        due = now + self._rng.uniform(0, told.spread_us / 1e6)
        heapq.heappush(self._delayed, _Delayed(due, self._turn, transmit))

    def _remember_reply(self, number: int, question: _Asked, data: bytes) -> None:
        known = self._questions.get(question.request_id)
        if known is None or known.number != number:
            return
        self._reply_bytes += len(data) - len(known.reply or b"")
        known.reply = data
        while self._reply_bytes > MAX_REPLY_BYTES:
            self._forget_question()

    def _forget_question(self) -> None:
        _, known = self._questions.popitem(last=False)
        self._reply_bytes -= len(known.reply or b"")
