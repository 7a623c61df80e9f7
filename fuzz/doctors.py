"""Two doctors: their words, who answers them, and the packets that a tap shows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from ipaddress import IPv4Address
from zlib import crc32

from tests.diagnose.trials.wire.test_membership import igmp, ip4, ip6, mld

from groupwire.diagnose.trials.arrivals import source_of
from groupwire.diagnose.trials.peer.responder import MAX_SESSIONS, Local, Responder
from groupwire.diagnose.trials.tap import Tapped, udp_payload
from groupwire.diagnose.trials.wire import speech
from groupwire.diagnose.trials.wire.membership import parse_membership
from groupwire.diagnose.trials.wire.speech import (
    ASKING_BYTES,
    MAX_PROBES,
    Arrival,
    Hello,
    Probe,
    Speak,
    Spoke,
    Tell,
    Told,
    Welcome,
    Word,
)
from groupwire.errors import DecodeError
from groupwire.gather.tagged import Kind, Tagged
from groupwire.values import Origin

from .mutation import Corpus

__all__ = ["DOCTOR_TARGETS", "ServingTarget", "TapTarget", "WordsTarget"]

_Step = Callable[[], None]
_GROUP = "239.255.42.99:10000"
_OWN = Welcome("", _GROUP, "bob", 1500, 0)
_SECRET = b"s" * 16
_ASKERS = (Origin("10.0.0.1", 40_000), Origin("10.0.0.2", 50_000))
_NUMBERS = tuple(range(MAX_PROBES))


class WordsTarget:
    """What is read can be written and read again, and what is written is small."""

    name, variants, inputs, remembers = "doctor-words", 1, 4096, False

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        return Corpus(_words(), [b"\x9b" * 60_000, _words()[0].ljust(60_000)])

    def start(self, variant: int) -> Callable[[bytes], tuple[_Step, ...]]:  # noqa: ARG002
        return lambda data: (partial(_read, data),)


def _read(data: bytes) -> None:
    try:
        tagged, word = speech.decode(data)
    except DecodeError:
        return
    _, again = speech.decode(speech.encode(word, tagged.request_id, kind=tagged.kind))
    # Findings that do not fit are left out.
    if again != word and not isinstance(word, Told):
        raise AssertionError(f"{word} came back as {again}")


class ServingTarget:
    """A server that is asked by two: an answer is never longer than the question."""

    name, variants, inputs, remembers = "doctor-serving", 2, 1024, True

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        return Corpus(_asked(), [_asked()[0].ljust(60_000)])

    def start(self, variant: int) -> Callable[[bytes], tuple[_Step, ...]]:
        life = _Serving(Local(variant, variant, (("firewall", "x" * 160),) * variant))
        return lambda data: (partial(life.take, data), partial(life.hear, data))


class _Serving:
    def __init__(self, local: Local) -> None:
        self._rules = Responder(_OWN, secret=_SECRET)
        self._local = local
        self._now = 0.0

    def take(self, data: bytes) -> None:
        drawn = crc32(data)
        self._now += 0.5 if drawn & 0x30 else 0.0
        asked = self._rules.handle(
            data, _ASKERS[drawn & 1], ttl_hops=64, local=self._local, now=self._now
        )
        if asked is None:
            return
        if asked.answer is not None:
            answer = asked.encoded(asked.answer)
            if len(answer) > min(len(data), ASKING_BYTES):
                raise AssertionError(f"{len(answer)} bytes answer {len(data)}")
        if asked.session is not None and drawn & 0x40:
            asked.session.look_at_the_wire()
        if len(self._rules.sessions) > MAX_SESSIONS:
            raise AssertionError(f"{len(self._rules.sessions)} sessions")

    def hear(self, data: bytes) -> None:
        self._rules.note(data, ttl_hops=None, interface="eth0")
        self._rules.note_wire(data, outgoing=bool(crc32(data) & 1))
        for session in self._rules.sessions:
            if len(session.arrived) > MAX_PROBES:
                raise AssertionError(f"{len(session.arrived)} tests of one token")


class TapTarget:
    """Packets as a tap shows them: cut, of another kind, and junk."""

    name, variants, inputs, remembers = "doctor-tap", 1, 4096, False

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        return Corpus(_packets(), [_packets()[0].ljust(2048)])

    def start(self, variant: int) -> Callable[[bytes], tuple[_Step, ...]]:  # noqa: ARG002
        return lambda data: (partial(_look, data),)


def _look(data: bytes) -> None:
    parse_membership(data)
    source_of(Tapped(data, outgoing=False), 10_000)
    _, payload = udp_payload(data)
    with suppress(DecodeError):
        speech.decode(payload)


@cache
def _words() -> list[bytes]:
    words: list[Word] = [
        Hello(_GROUP),
        Welcome("c" * 16, _GROUP, "bob", 1500, 64),
        *(Probe(token, n) for token in range(2) for n in (0, MAX_PROBES - 1)),
        Tell("c" * 16, 1, again=True),
        Told(tuple(Arrival(n, 1, 100) for n in _NUMBERS), _NUMBERS, "eth0", 7, 7),
        Told(findings=(("firewall", "it drops"),) * 4),
        Speak("c" * 16, 1, 64, (0, 1472)),
        Spoke(_NUMBERS, _NUMBERS, "no"),
    ]
    return [speech.encode(word, 1, kind=kind) for word in words for kind in Kind]


@cache
def _asked() -> list[bytes]:
    """Return what two askers say who have their cookies."""
    said = [*_words()]
    for who in _ASKERS:
        rules = Responder(_OWN, secret=_SECRET)
        hello = _question(Hello(_GROUP))
        asked = rules.handle(hello, who, ttl_hops=64, local=Local(), now=0.0)
        if asked is None or not isinstance(asked.answer, Welcome):
            raise AssertionError("nobody is welcome")
        cookie = asked.answer.cookie
        said.append(hello)
        for token in range(2 * MAX_SESSIONS):
            said += [
                _question(Tell(cookie, token)),
                _question(Tell(cookie, token, True)),
            ]
            said += [_question(Speak(cookie, token, 1, (0,) * 5))]
            said += [speech.encode(Probe(token, 1), 1, kind=Kind.QUESTION)]
    return said


def _question(word: Word) -> bytes:
    return speech.encode(word, 1, kind=Kind.QUESTION, bytes_=ASKING_BYTES)


@cache
def _packets() -> list[bytes]:
    probe = speech.encode(Probe(1, 1), 1, kind=Kind.MESSAGE)
    udp = b"\x9c\x40\x27\x10" + bytes(4) + probe
    plain = b"\x9c\x40\x27\x10" + bytes(4) + Tagged(Kind.MESSAGE, 1, b"hello").encode()
    six = ip6(b"")
    return [
        *(ip4(igmp(0x11, code)) for code in (0, 100)),
        ip4(igmp(0x11, 0xFF, 2, 0xFF, 0, 0)),
        *(ip4(igmp(kind, 0)) for kind in (0x12, 0x16, 0x17, 0x22)),
        ip4(igmp(0x11, 10, group=IPv4Address("239.1.1.1"))),
        *(ip6(mld(kind, 1000)) for kind in (130, 131, 132, 143)),
        ip6(mld(130, 0xFFFF, 2, 0xFF, 0, 0)),
        ip4(udp, protocol=17),
        ip4(plain, protocol=17, options=b""),
        six[:6] + b"\x11" + six[7:40] + udp,
    ]


DOCTOR_TARGETS = (WordsTarget(), ServingTarget(), TapTarget())
