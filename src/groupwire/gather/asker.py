"""One question under way: whom it waits for, when it asks again, when it stops.

No socket, no clock: datagrams and the time come in, transmits and events go out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from math import inf
from random import Random

from groupwire.errors import DecodeError
from groupwire.gather.expectation import Expectation
from groupwire.gather.result import Answer, Form, Question, Result, StoppedBy
from groupwire.gather.spread import spread_us
from groupwire.gather.tagged import (
    MAX_LIST_BYTES,
    MAX_NAMES,
    Kind,
    Tagged,
    is_tagged,
    names_bytes,
)
from groupwire.values import Datagram, Origin, Transmit

__all__ = [
    "AskEvent",
    "AskedAgain",
    "Asker",
    "Finished",
    "NameClash",
]

MAX_ANSWERS = 100_000
"""Answers kept of one question; a flood beyond is counted."""
MAX_ANSWER_BYTES = 256 << 20
"""The same for their bytes, all together."""
_FIRST_WAIT = 0.25
_TIME_TO_ANSWER = 0.2
_ASKING_SHARE = 0.9
"""Attempts fit in this part of the total time, so that they are used up before it."""
_BEYOND_ONE_PACKET = 1000
"""Bytes for names behind a message that is fragmented anyway."""


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The silent ones were asked again."""

    attempt: int


@dataclass(frozen=True, slots=True)
class NameClash:
    """Two members gave themselves one name."""

    name: str
    first: Origin
    second: Origin


@dataclass(frozen=True, slots=True)
class Finished:
    """The question is over."""

    stopped_by: StoppedBy


AskEvent = Answer | AskedAgain | NameClash | Finished
"""An answer as it comes, or what else has happened."""


class Asker:
    """Asks one question and gathers the answers; docs/protocol.md §4."""

    def __init__(
        self,
        question: Question,
        *,
        rng: Random,
        now: float,
        payload_limit: int = 1472,
    ) -> None:
        self.dropped: defaultdict[str, int] = defaultdict(int)
        self._question = question
        self._tagged = question.travels is Form.TAGGED
        self._waiting = _Waiting(question.expect) if question.expect else None
        self._first = question.first
        self._payload_limit = payload_limit
        self._request_id = self._spread_us = 0
        if self._tagged:
            self._request_id = rng.getrandbits(64)
            self._spread_us = spread_us(question.expect.size)
        self._answers: list[Answer] = []
        self._answer_bytes = 0
        self._seen: set[tuple[Origin, object]] = set()
        self._origins: dict[str, Origin] = {}
        self._clashes: dict[str, None] = {}
        self._duplicates = self._late = 0
        self._start = now
        self._time_out = now + question.timeout
        self._end: float | None = None
        self._stopped_by: StoppedBy | None = None
        self._transmits: list[Transmit] = []
        self._events: list[AskEvent] = []
        self._waits = _waits(question, self._spread_us / 1e6)
        self._asked: list[float] = []
        self._next = self._stalls_at = inf
        self._ask(now)

    @property
    def finished(self) -> bool:
        """Whether it has stopped."""
        return self._stopped_by is not None

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what came to the asking socket."""
        sender, data = datagram.origin, datagram.data
        name, attempt = None, len(self._asked)
        if self._tagged and is_tagged(data):
            told = self._decoded(data)
            if told is None:
                return
            name, data = told.name, told.data
            attempt = min(told.attempt, attempt)
        # A member is known by its name and address. Without a name, other bytes from
        # the same address are another answer, as devices answer SSDP searches.
        key = (sender, data if name is None else name)
        if key in self._seen:
            self._duplicates += 1
        elif self._stopped_by is not None:
            self._late += 1
        elif (
            self._answer_bytes + len(data) > MAX_ANSWER_BYTES
            or len(self._answers) >= MAX_ANSWERS
        ):
            self.dropped["too-many"] += 1
        else:
            self._seen.add(key)
            self._answer_bytes += len(data)
            if self._stalls_at != inf:
                self._stalls_at = now + self._question.stall
            answer = Answer(name, sender, data, now - self._asked[attempt - 1])
            self._answers.append(answer)
            self._events.append(answer)
            if name is not None:
                self._note_name(name, sender)
            if self._waiting is not None and not self._waiting.after(name, sender):
                self._finish(StoppedBy.EXPECTED, now)
            elif len(self._answers) == self._first:
                self._finish(StoppedBy.FIRST, now)

    def handle_timeout(self, *, now: float) -> None:
        """Ask again or stop, whichever is due."""
        if self._stopped_by is not None:
            return
        if now >= self._time_out:
            self._finish(StoppedBy.TIMEOUT, now)
        elif now >= self._stalls_at:
            self._finish(StoppedBy.STALL, now)
        elif now >= self._next:
            self._ask_again(now)

    def stop(self, *, now: float) -> None:
        """End it with what is there; once it has ended, this does nothing."""
        if self._stopped_by is None:
            self._finish(StoppedBy.STOPPED, now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return the question when it is to be sent; each time only once."""
        if not self._transmits:
            return ()
        transmits, self._transmits = self._transmits, []
        return transmits

    def poll_events(self) -> Sequence[AskEvent]:
        """Return what has happened; each only once."""
        if not self._events:
            return ()
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        """Return when something is due, None once it is over."""
        if self._stopped_by is not None:
            return None
        return min(self._time_out, self._next, self._stalls_at)

    def result(self, *, now: float) -> Result:
        """Return what there is so far."""
        return Result(
            answers=tuple(self._answers),
            missing=() if self._waiting is None else self._waiting.names(),
            missing_count=0 if self._waiting is None else self._waiting.count,
            duplicates=self._duplicates,
            late=self._late,
            clashes=tuple(self._clashes),
            stopped_by=self._stopped_by,
            elapsed=(now if self._end is None else self._end) - self._start,
            attempts=len(self._asked),
            dropped=sum(self.dropped.values()) if self.dropped else 0,
        )

    def _decoded(self, data: bytes) -> Tagged | None:
        """Return an answer to this question; anything else is counted."""
        try:
            told = Tagged.decode(data)
        except DecodeError as error:
            self.dropped[error.reason] += 1
            return None
        if told.kind is not Kind.ANSWER:
            self.dropped["not-an-answer"] += 1
        elif told.request_id != self._request_id:
            self.dropped["other-request"] += 1
        else:
            return told
        return None

    def _note_name(self, name: str, sender: Origin) -> None:
        first = self._origins.setdefault(name, sender)
        if first != sender:
            self._clashes[name] = None
            self._events.append(NameClash(name, first, sender))

    def _ask_again(self, now: float) -> None:
        if len(self._asked) == len(self._waits):
            self._finish(StoppedBy.RETRIES, now)
            return
        self._ask(now)
        self._events.append(AskedAgain(len(self._asked)))

    def _ask(self, now: float) -> None:
        self._asked.append(now)
        # Silence ends it only where nobody is expected, after all attempts.
        if self._waiting is None and len(self._asked) == len(self._waits):
            self._stalls_at = now + self._question.stall
        self._next = now + self._wait()
        data = self._tagged_question() if self._tagged else self._question.data
        self._transmits.append(Transmit(data))

    def _wait(self) -> float:
        """Return how long until the next attempt, or until the attempts are used up.

        docs/protocol.md §4.6: the last wait is for those who are expected; a question
        asked once waits for the total time.
        """
        attempt, attempts = len(self._asked), len(self._waits)
        if attempts == 1 or (attempt == attempts and self._waiting is None):
            return inf
        return self._waits[attempt - 1]

    def _tagged_question(self) -> bytes:
        question = self._question
        plain = Tagged(
            Kind.QUESTION,
            self._request_id,
            question.data,
            name=question.name,
            spread_us=self._spread_us,
            attempt=min(len(self._asked), 255),
        )
        if len(self._asked) == 1:
            return plain.encode()
        return self._for_the_silent(plain).encode()

    def _for_the_silent(self, plain: Tagged) -> Tagged:
        """Name who is asked, or who need not answer again: the shorter list.

        docs/protocol.md §4.4: names that do not fit are left out; their members answer
        again and are counted as duplicates.
        """
        used = len(plain.encode())
        room = self._payload_limit - used
        if room < 0:
            room = min(_BEYOND_ONE_PACKET, 65_507 - used)
        room = min(room, MAX_LIST_BYTES)
        heard = frozenset(self._origins)
        waiting = self._waiting
        wanted = frozenset[str]() if waiting is None else waiting.only_names()
        fits = len(wanted) <= MAX_NAMES and names_bytes(wanted) <= room
        if wanted and fits and names_bytes(wanted) <= names_bytes(heard):
            return replace(plain, wanted=wanted)
        return replace(plain, heard=_fitting(heard, room))

    def _finish(self, stopped_by: StoppedBy, now: float) -> None:
        self._stopped_by = stopped_by
        self._end = now
        self._transmits.clear()
        self._events.append(Finished(stopped_by))


class _Waiting:
    """Who is expected and has not been heard."""

    def __init__(self, expect: Expectation) -> None:
        self._names = dict.fromkeys(expect.names)
        self._addresses: dict[IPv4Address | IPv6Address, None] = dict.fromkeys(
            expect.addresses
        )
        self._left = expect.count
        self._senders: set[Origin] = set()

    @property
    def count(self) -> int:
        return self._left + len(self._names) + len(self._addresses)

    def after(self, name: str | None, sender: Origin) -> int:
        """Return how many are still expected when this one has answered."""
        if name is not None:
            self._names.pop(name, None)
        if self._addresses:
            self._addresses.pop(sender.ip, None)
        # One that answers twice is still one member.
        if self._left and sender not in self._senders:
            self._senders.add(sender)
            self._left -= 1
        return self.count

    def names(self) -> tuple[str, ...]:
        return (*self._names, *(str(ip) for ip in self._addresses))

    def only_names(self) -> frozenset[str]:
        """Return who is silent, where names tell it all."""
        return frozenset() if self._addresses or self._left else frozenset(self._names)


def _waits(question: Question, spread: float) -> list[float]:
    """Return how long each attempt waits: twice as long every time.

    docs/protocol.md §4.5: where the total time does not hold that, the longest waits
    give way, down to equal ones.
    """
    attempts = question.attempts
    if attempts == 1:
        return [question.timeout]
    first = max(_FIRST_WAIT, spread + _TIME_TO_ANSWER)
    left = question.timeout * _ASKING_SHARE
    waits: list[float] = []
    for n in range(attempts):
        wait = min(first * 2**n, left / (attempts - n))
        waits.append(wait)
        left -= wait
    return waits


def _fitting(names: frozenset[str], room: int) -> frozenset[str]:
    """Return as many names as ``room`` bytes hold."""
    kept: set[str] = set()
    left = room - Tagged.OPTION.size
    for name in sorted(names)[:MAX_NAMES]:
        left -= len(name) + 1
        if left < 0:
            break
        kept.add(name)
    return frozenset(kept)
