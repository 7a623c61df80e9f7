"""The serving doctor's rules: whom to answer what. No socket, no clock.

docs/protocol.md §8: an answer is never longer than its question, and only who has shown
that he hears answers (by a cookie) can have anything kept or sent to the group.
"""

from __future__ import annotations

import hmac
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import assert_never

from groupwire.diagnose.trials.wire import speech
from groupwire.diagnose.trials.wire.speech import (
    ASKING_BYTES,
    Arrival,
    Hello,
    Probe,
    Speak,
    Spoke,
    Tell,
    Told,
    Welcome,
)
from groupwire.errors import DecodeError
from groupwire.gather.tagged import Kind
from groupwire.values import Origin

__all__ = ["Asked", "Local", "Responder", "Session"]

ANSWERS_A_SECOND = 50.0
"""Answers to greetings of all hosts together, and the burst; and as many again to those
who have shown that they hear: a flood of greetings does not end what is going on."""
ANSWERS_TO_ONE = 25.0
"""Answers to one host, and the burst."""
MAX_HOSTS = 256
"""Hosts whose share is remembered; who has asked nothing for longest is forgotten."""
SPEAKS_A_SECOND = 2.0
"""How often it may be told to send to the group or join it again, by all together."""
SPEAKS_AT_ONCE = 4.0
MAX_SESSIONS = 16
"""Tokens remembered; the oldest is forgotten."""
MAX_SPOKEN = 32
"""Test datagrams sent for one request."""
MAX_TTL_HOPS = 64
_FIRST_FREE_PORT = 1024


@dataclass(frozen=True, slots=True)
class Local:
    """What the machine itself tells at one moment."""

    reverse_path: int = 0
    queries: int = 0
    findings: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Session:
    """The test datagrams of one token."""

    asker: Origin
    before: Local
    arrived: dict[int, Arrival] = field(default_factory=dict[int, Arrival])
    reached: set[int] | None = None
    left: set[int] | None = None
    interface: str = ""
    speaking: bool = False
    spoke: Spoke | None = None
    """What was said about its test datagrams; they are sent once."""

    def look_at_the_wire(self) -> None:
        """Say that what is noted from now on is all there was."""
        self.reached, self.left = set(), set()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a datagram asks for: an answer, or to speak first and answer then."""

    answer: Welcome | Told | None
    request_id: int
    speak: Speak | None = None
    session: Session | None = None
    new: bool = False
    """Whether the session has just begun."""
    join_again: bool = False

    def encoded(self, answer: Welcome | Told | Spoke) -> bytes:
        """Return the answer as a datagram."""
        return speech.encode(answer, self.request_id, kind=Kind.ANSWER)


class _Bucket:
    def __init__(self, rate: float, most: float) -> None:
        self._rate, self._most, self._left, self._at = rate, most, most, 0.0

    def take(self, now: float) -> bool:
        left = min(self._most, self._left + max(0.0, now - self._at) * self._rate)
        self._left, self._at = left, now
        if left < 1:
            return False
        self._left = left - 1
        return True


class _Shares:
    """What each host may still have of the answers, and all of them together."""

    def __init__(self) -> None:
        self._all = _Bucket(ANSWERS_A_SECOND, ANSWERS_A_SECOND)
        self._hosts: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, host: str, now: float) -> bool:
        bucket = self._hosts.get(host)
        if bucket is None:
            bucket = self._hosts[host] = _Bucket(ANSWERS_TO_ONE, ANSWERS_TO_ONE)
            if len(self._hosts) > MAX_HOSTS:
                self._hosts.popitem(last=False)
        self._hosts.move_to_end(host)
        return bucket.take(now) and self._all.take(now)


class Responder:
    """Serves one group."""

    def __init__(self, welcome: Welcome, *, secret: bytes) -> None:
        self.dropped: Counter[str] = Counter()
        """What was not answered, by reason."""
        self._welcome = welcome
        self._secret = secret
        self._sessions: OrderedDict[int, Session] = OrderedDict()
        self._greetings = _Shares()
        self._talks = _Shares()
        self._speaks = _Bucket(SPEAKS_A_SECOND, SPEAKS_AT_ONCE)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Those that are remembered."""
        return tuple(self._sessions.values())

    def handle(
        self, data: bytes, origin: Origin, *, ttl_hops: int, local: Local, now: float
    ) -> Asked | None:
        """Take in what came by unicast; None: it is not answered."""
        try:
            tagged, word = speech.decode(data)
        except DecodeError as error:
            return self._drop(error.reason)
        if (reason := self._unwelcome(data, tagged.kind, origin)) is not None:
            return self._drop(reason)
        return self._answer(tagged.request_id, word, origin, ttl_hops, local, now)

    def _answer(
        self,
        request_id: int,
        word: speech.Word,
        origin: Origin,
        ttl_hops: int,
        local: Local,
        now: float,
    ) -> Asked | None:
        match word:
            case Hello():
                if not self._greetings.take(origin.host, now):
                    return self._drop("rate")
                return Asked(self._greeting(origin, ttl_hops), request_id)
            case Tell() | Speak():
                if not self._proven(word.cookie, origin):
                    return self._drop("cookie")
                if not self._talks.take(origin.host, now):
                    return self._drop("rate")
                return self._known(word, request_id, origin, local, now)
            case Welcome() | Probe() | Told() | Spoke():
                return self._drop("doctor-stray")
            case _:
                assert_never(word)

    def note(
        self, data: bytes, *, ttl_hops: int | None, interface: str
    ) -> Probe | None:
        """Take in what the group's socket heard; return the test that it was."""
        probe = self._tested(data)
        if probe is None:
            return None
        session = self._sessions[probe.token]
        arrival = Arrival(probe.number, ttl_hops or 0, len(data))
        session.arrived.setdefault(probe.number, arrival)
        session.interface = interface
        return probe

    def note_wire(self, data: bytes, *, outgoing: bool) -> None:
        """Take in what passed on the wire."""
        probe = self._tested(data)
        session = self._sessions.get(probe.token) if probe else None
        if probe is None or session is None:
            return
        passed = session.left if outgoing else session.reached
        if passed is not None:
            passed.add(probe.number)

    def _tested(self, data: bytes) -> Probe | None:
        try:
            _, word = speech.decode(data)
        except DecodeError:
            return None
        if isinstance(word, Probe) and word.token in self._sessions:
            return word
        return None

    def _unwelcome(self, data: bytes, kind: Kind, origin: Origin) -> str | None:
        if kind is not Kind.QUESTION:
            return "doctor-stray"
        if origin.port < _FIRST_FREE_PORT:
            return "low-port"
        # Who asks shortly could have somebody else sent more than he sends.
        return "short" if len(data) < ASKING_BYTES else None

    def _greeting(self, origin: Origin, ttl_hops: int) -> Welcome:
        own = self._welcome
        return Welcome(
            self._cookie(origin), own.group, own.name, own.mtu_bytes, ttl_hops
        )

    def _cookie(self, origin: Origin) -> str:
        """Return what only who hears answers at this address can know."""
        who = f"{origin.host} {origin.port}".encode()
        return hmac.digest(self._secret, who, "sha256")[:8].hex()

    def _proven(self, cookie: str, origin: Origin) -> bool:
        return hmac.compare_digest(
            cookie.encode("utf-8", "replace"), self._cookie(origin).encode()
        )

    def _known(
        self,
        word: Tell | Speak,
        request_id: int,
        origin: Origin,
        local: Local,
        now: float,
    ) -> Asked | None:
        again = isinstance(word, Tell) and word.again
        if (again or isinstance(word, Speak)) and not self._speaks.take(now):
            return self._drop("rate")
        session, new = self._session(word.token, origin, local)
        if isinstance(word, Speak):
            return Asked(None, request_id, word, session, new)
        told = _told(session, local)
        return Asked(told, request_id, session=session, new=new, join_again=again)

    def _session(
        self, token: int, origin: Origin, local: Local
    ) -> tuple[Session, bool]:
        known = self._sessions.get(token)
        if known is not None:
            return known, False
        session = self._sessions[token] = Session(origin, local)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return session, True

    def _drop(self, reason: str) -> Asked | None:
        self.dropped[reason] += 1
        return None


def _told(session: Session, local: Local) -> Told:
    reached = session.reached
    return Told(
        tuple(session.arrived.values()),
        None if reached is None else tuple(sorted(reached)),
        session.interface,
        max(0, local.reverse_path - session.before.reverse_path),
        max(0, local.queries - session.before.queries),
        local.findings,
    )
