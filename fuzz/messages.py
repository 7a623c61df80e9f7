"""What publishers and subscribers read of strangers: words, frames, topics, and all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from random import Random
from zlib import crc32

from groupwire.errors import UsageError
from groupwire.gather import Kind, Tagged
from groupwire.messages.delivery import DELIVERIES, Delivery
from groupwire.messages.events import Batch
from groupwire.messages.frames import FrameReader, encode_frame
from groupwire.messages.members import Role
from groupwire.messages.publish.publisher import Publisher
from groupwire.messages.rules import PublishRules, StartAt, SubscribeRules
from groupwire.messages.subscribe.subscriber import Subscriber
from groupwire.messages.topics import Patterns, checked_pattern, checked_topic
from groupwire.messages.wire.speech import decode_word, encode_word
from groupwire.messages.wire.words import Enough, Here, Join, Left, Lost, Who, Word
from groupwire.values import Datagram, KnownFacts, Origin, Transmit

from .corpus import arrived
from .delivery import CodecTarget
from .mutation import Corpus

__all__ = ["MESSAGE_TARGETS", "PublisherTarget", "SubscriberTarget"]

_AT = Origin("10.0.0.1", 10002), Origin("10.0.0.9", 10002)
"""Of the publisher and of the subscriber."""
_STEP_S, _LEAP_S = 0.02, 5.0
_STARTS = tuple(StartAt)
_TOPICS = "a", "a/b", "b/\N{SNOWMAN}", "$SYS/x"
_HERE = Here(5, Role.PUBLISHER, 7, 1000, 2000, 3, (1, 2, 3), asks=True)
_WORDS: Sequence[Word] = (
    _HERE,
    Here(6, Role.SUBSCRIBER, 8),
    Left(5, 7, (1, 2, 3)),
    Who(),
    Join(_HERE, 7, ("a/#", "+")),
    Lost(6, 8, 17, "gap", (9, 0, 3)),
    Enough(6, 8, "done"),
)
_MANY = Join(_HERE, 7, tuple(f"{n}/{'x' * n}" for n in range(64)))
Step = Callable[[], None]


# Words.


def _word(data: bytes) -> None:
    word = decode_word(data)
    again = decode_word(encode_word(word))
    # Patterns that are too many become one, and texts are made printable: once.
    same = again if isinstance(word, Join | Lost | Enough) else word
    _same(same, decode_word(encode_word(again)))


def _same(first: object, again: object) -> None:
    if first != again:
        raise AssertionError(f"{first} came back as {again}")


# Frames.


def _frames() -> Corpus:
    payloads = [b"x" * n for n in (0, 1, 100)]
    usual = [
        encode_frame(delivery, topic.encode(), 2**40, parts, last_value=last)
        for delivery in DELIVERIES
        for topic in _TOPICS
        for parts in ([b""], [b"abc"], [b"ab"] * 9, payloads)
        for last in (False, True)
    ]
    rows = [a + b for a, b in itertools.pairwise(usual)]
    large = encode_frame(DELIVERIES[0], b"a/b", 0, [b""] * 4096)
    return Corpus([*usual, *rows], [large, large * 8])


def _frame(data: bytes) -> None:
    """Read frames at once, and piece by piece: it makes no difference."""
    whole = FrameReader(Patterns(["a/#", "b/+"]).matches)
    parts = FrameReader(Patterns(["a/#", "b/+"]).matches)
    frames = whole.feed(data, 0)
    step = 1 + crc32(data) % 60
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    read = [
        frame
        for number, piece in enumerate(pieces)
        for frame in parts.feed(piece, None if number else 0)
    ]
    _same(frames, read)
    for frame in frames:
        if frame.topic is not None and len(frame.payloads) != frame.messages:
            raise AssertionError(f"{frame} has not what it says")


def _topic(data: bytes) -> None:
    text = data.decode(errors="surrogateescape" if data[:1] == b"s" else "replace")
    with suppress(UsageError):
        checked_topic(text)
    with suppress(UsageError):
        pattern = checked_pattern(text)
        for topic in _TOPICS:
            Patterns([pattern, "a/+"]).matches(topic)
    Patterns(["#", "+/+", "a/#"]).matches(text)


# The cores.


def _subscriber(variant: int) -> Subscriber:
    rules = SubscribeRules(
        6, 8, "screen", ("#", "$SYS/#"), _STARTS[variant % 3], queue_bytes=1 << 16
    )
    return Subscriber(rules, Random(variant))


def _publisher(variant: int) -> Publisher:
    delivery = DELIVERIES[variant % 3]
    rules = PublishRules(
        5, 7, 3, "cam", delivery, window_bytes=1 << 16, segment_bytes=200
    )
    return Publisher(rules, Random(variant))


def _parts(transmits: Sequence[Transmit]) -> list[bytes]:
    parts: list[bytes] = []
    for transmit in transmits:
        data = bytes(transmit.data)
        step = transmit.segment_bytes or len(data)
        parts += [data[at : at + step] for at in range(0, len(data), step)]
    return parts


@cache
def _exchange() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return what a publisher and a subscriber say while a third is lost."""
    dice = Random(1)
    publisher, subscriber = _publisher(0), _subscriber(0)
    said: list[bytes] = []
    answered: list[bytes] = []
    subscriber.start(now=0.0)
    publisher.start(now=0.1)
    now = 0.1
    for turn in range(300):
        _publish(publisher, turn, now)
        for data in _parts(publisher.poll_transmits()):
            said.append(data)
            if dice.random() > 0.3:
                subscriber.handle_datagram(arrived(data, _AT[0]), now=now)
        _taken(subscriber, now)
        for data in _parts(subscriber.poll_transmits()):
            answered.append(data)
            if dice.random() > 0.3:
                publisher.handle_datagram(arrived(data, _AT[1]), now=now)
        publisher.poll_events()
        now += 0.01
        publisher.handle_timeout(now=now)
        subscriber.handle_timeout(now=now)
    return tuple(dict.fromkeys(said)), tuple(dict.fromkeys(answered))


def _publish(publisher: Publisher, turn: int, now: float) -> None:
    if publisher.closed or turn > 250:
        publisher.close(now=now)
        return
    if turn % 5 == 0:
        delivery = DELIVERIES[turn // 5 % 3]
        data = bytes(turn % 7 * 100)
        publisher.send(_TOPICS[turn % 4], data, now=now, delivery=delivery)
        publisher.flush(now=now)
    if turn % 50 == 0:
        publisher.want_received(now=now)


def _taken(subscriber: Subscriber, now: float) -> None:
    for event in subscriber.poll_events():
        if isinstance(event, Batch):
            if sum(map(len, event.payloads)) > event.size_bytes:
                raise AssertionError(f"{event} counts too little")
            subscriber.taken(event.size_bytes, now=now)


def _tagged(words: Sequence[Word], name: str) -> list[bytes]:
    return [
        Tagged(Kind.MESSAGE, n, encode_word(word), name=name).encode()
        for n, word in enumerate(words)
    ]


def _heard(data: bytes, drawn: int) -> Datagram:
    """Return a datagram of one of a few senders, sometimes a row."""
    origin = _AT[0] if drawn & 0x70 else Origin("10.0.0.7", drawn >> 8 & 3)
    step = max(1, len(data) // 3) if drawn & 0x700 == 0x700 else 0
    facts = KnownFacts()
    return Datagram(data, origin, 1, facts, 0, step)


class SubscriberTarget:
    """A subscriber among strangers; it reads whatever is published."""

    name, variants, inputs, remembers = "subscriber", 6, 256, True

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        said, answered = _exchange()
        words = [*_tagged(_WORDS, "cam"), *_tagged(_WORDS, "x")]
        return Corpus([*said, *said, *answered[:50], *words], _tagged([_MANY], "cam"))

    def start(self, variant: int) -> Callable[[bytes], tuple[Step, ...]]:
        subscriber = _subscriber(variant)
        subscriber.start(now=0.0)
        takes = variant < 3
        now = 0.0

        def feed(data: bytes) -> tuple[Step, ...]:
            nonlocal now
            drawn = crc32(data)
            now += _STEP_S if drawn & 0xF else _LEAP_S
            return (
                partial(hear, _heard(data, drawn), now),
                partial(wait, now, takes=takes or not drawn & 0x3F),
            )

        def hear(datagram: Datagram, at: float) -> None:
            if not subscriber.paused:
                subscriber.handle_datagram(datagram, now=at)
            subscriber.poll_transmits()

        def wait(at: float, *, takes: bool) -> None:
            due = subscriber.poll_timeout()
            if due is not None and due <= at:
                subscriber.handle_timeout(now=at)
            subscriber.poll_transmits()
            if takes:
                _taken(subscriber, at)
                subscriber.taken(subscriber.stats.queued_bytes, now=at)

        return feed


class PublisherTarget:
    """A publisher that has messages and open tickets, and hears strangers."""

    name, variants, inputs, remembers = "publisher", 6, 256, True

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        said, answered = _exchange()
        words = [*_tagged(_WORDS, "screen"), *_tagged(_WORDS, "x")]
        usual = [*answered, *answered, *said[:50], *words]
        return Corpus(usual, _tagged([_MANY], "screen"))

    def start(self, variant: int) -> Callable[[bytes], tuple[Step, ...]]:
        publisher = _publisher(variant)
        publisher.start(now=0.0)
        for number in range(20):
            delivery = DELIVERIES[number % 3] if variant >= 3 else Delivery.RELIABLE
            publisher.send(_TOPICS[number % 4], bytes(99), now=0.0, delivery=delivery)
        publisher.flush(now=0.0)
        publisher.want_received({"screen", "x"}, now=0.0)
        now = 0.0

        def feed(data: bytes) -> tuple[Step, ...]:
            nonlocal now
            drawn = crc32(data)
            now += _STEP_S if drawn & 0xF else _LEAP_S
            origin = _AT[1] if drawn & 0x70 else Origin("10.0.0.7", drawn >> 8 & 3)
            unicast = bool(drawn & 0x80)
            datagram = arrived(data, origin, unicast=unicast)
            return partial(hear, datagram, now), partial(wait, now)

        def hear(datagram: Datagram, at: float) -> None:
            publisher.handle_datagram(datagram, now=at)
            publisher.poll_transmits()
            publisher.poll_events()

        def wait(at: float) -> None:
            due = publisher.poll_timeout()
            if due is not None and due <= at:
                publisher.handle_timeout(now=at)
                publisher.poll_transmits()
                publisher.poll_events()

        return feed


MESSAGE_TARGETS = (
    CodecTarget(
        "message-words",
        Corpus([*map(encode_word, _WORDS)], [encode_word(_MANY)]),
        _word,
    ),
    CodecTarget("frames", _frames(), _frame),
    CodecTarget(
        "topics",
        Corpus(
            [*(t.encode() for t in _TOPICS), b"a/+/c", b"#", b"a/#", b"s\xff"],
            [b"/" * 1024],
        ),
        _topic,
    ),
    SubscriberTarget(),
    PublisherTarget(),
)
