"""What is fuzzed: each begins a life, and takes in one message after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from random import Random
from typing import Protocol
from zlib import crc32

from groupwire.errors import DecodeError
from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import RateControl
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.batch import parse_segments
from groupwire.norm.wire.message import decode
from groupwire.values import Datagram, Transmit

from . import corpus
from .delivery import DELIVERY_TARGETS
from .doctors import DOCTOR_TARGETS
from .media import MEDIA_TARGETS
from .messages import MESSAGE_TARGETS
from .mutation import Corpus
from .watching import WATCH_TARGETS

__all__ = ["TARGETS", "Feed", "Step", "Target"]

Step = Callable[[], None]
Feed = Callable[[bytes], tuple[Step, ...]]
"""What a message brings about, step by step: whatever one raises is a finding."""
_STEP_S, _LEAP_S = 0.02, 5.0
_SMALL_BYTES = 2048
"""What is larger is only read: writing must be right, and may take its time."""


class Target(Protocol):
    """Something that takes messages of strangers in."""

    name: str
    variants: int
    """How many kinds of lives there are."""
    inputs: int
    """Messages in one life."""
    remembers: bool
    """Whether what comes later may depend on what came before."""

    def corpus(self, variant: int) -> Corpus:
        """Return where mutation begins."""
        ...

    def start(self, variant: int) -> Feed:
        """Begin a life."""
        ...


class DecoderTarget:
    """The codec, one by one and in rows: what is read can be written and read again."""

    name, variants, inputs, remembers = "decoder", 2, 4096, False

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        return _everything()

    def start(self, variant: int) -> Feed:
        bits = 16 if variant else 8

        def read(data: bytes) -> None:
            with suppress(DecodeError):
                parse_segments(data, len(data) // 3)
            try:
                message = decode(data, bits)
            except DecodeError:
                return
            if len(data) < _SMALL_BYTES:
                again = decode(message.encode(), bits)
                if again != message:
                    raise AssertionError(f"{message} came back as {again}")

        return lambda data: (partial(read, data),)


_everything = cache(corpus.everything)
_sent = cache(corpus.sent)
_feedback = cache(corpus.feedback)


class ReceiverTarget:
    """A receiver that follows a sender through a strange network."""

    name, variants, inputs, remembers = "receiver", 18, 256, True

    def corpus(self, variant: int) -> Corpus:
        return _sent(_coding(variant))

    def start(self, variant: int) -> Feed:
        config = ReceiverConfig(
            corpus.RECEIVER,
            join=list(Join)[variant // 3 % 3],
            unicast=variant >= 9,
            accepts_at_once=variant < 9,
        )
        receiver = Receiver(config, Random(variant))
        clock = _Clock()

        def feed(data: bytes) -> tuple[Step, ...]:
            drawn = crc32(data)
            step = 0 if drawn & 0x30 else max(1, len(data) // 3)
            datagram = corpus.arrived(data, corpus.SENDER_AT, step=step)
            return _both(receiver, datagram, clock.tick(drawn), _nobody)

        return feed


class SenderTarget:
    """A sender that is asked for repair while a watermark is open."""

    name, variants, inputs, remembers = "sender", 36, 256, True

    def corpus(self, variant: int) -> Corpus:
        return _feedback(_coding(variant), _control(variant))

    def start(self, variant: int) -> Feed:
        sender = corpus.primed(
            _coding(variant),
            control=_control(variant),
            backoff=0 if variant // 9 % 2 else 4,
            objects=200 if variant >= 18 else 3,
        )
        clock, probes = _Clock(), corpus.Probes()
        while clock.now < 0.5:
            sender.handle_timeout(now=clock.tick(1))
            probes.hear(sender.poll_transmits())

        def feed(data: bytes) -> tuple[Step, ...]:
            drawn = crc32(data)
            unicast = bool(drawn & 0x10)
            if drawn & 0x20:
                data = probes.answered(data)
            datagram = corpus.arrived(data, corpus.SENDER_AT, unicast=unicast)
            return _both(sender, datagram, clock.tick(drawn), probes.hear)

        return feed


def _nobody(transmits: Sequence[Transmit]) -> None:
    """Hear nothing."""


def _both(
    core: Receiver | Sender,
    datagram: Datagram,
    now: float,
    said: Callable[[Sequence[Transmit]], None],
) -> tuple[Step, Step]:
    """Return what a machine does: hand a datagram in, and come back when it is time."""

    def hear() -> None:
        core.handle_datagram(datagram, now=now)
        said(core.poll_transmits())
        core.poll_events()

    def wait() -> None:
        due = core.poll_timeout()
        if due is not None and due <= now:
            core.handle_timeout(now=now)
            said(core.poll_transmits())
            core.poll_events()

    return hear, wait


class _Clock:
    """Goes on by a step, and sometimes by so much that everything is due."""

    def __init__(self) -> None:
        self.now = 0.0

    def tick(self, drawn: int) -> float:
        self.now += _STEP_S if drawn & 0xF else _LEAP_S
        return self.now


def _coding(variant: int) -> Coding:
    return corpus.CODINGS[variant % 3]


def _control(variant: int) -> Callable[[], RateControl]:
    return corpus.CONTROLS[variant // 3 % 3]


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        DecoderTarget(),
        ReceiverTarget(),
        SenderTarget(),
        *DELIVERY_TARGETS,
        *WATCH_TARGETS,
        *DOCTOR_TARGETS,
        *MESSAGE_TARGETS,
        *MEDIA_TARGETS,
    )
}
