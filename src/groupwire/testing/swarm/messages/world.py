"""What a seed stands for: who publishes what, who hears it, what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Self

from groupwire.messages.delivery import Delivery
from groupwire.messages.rules import StartAt
from groupwire.testing.faults import Faults

__all__ = ["Fate", "Hearer", "Saying", "Span", "Speaker", "World"]

_TOPICS = ("a", "a/b", "a/b/c", "b", "b/1", "b/2", "$SYS/x", "\N{SNOWMAN}/ ")
_PATTERNS = (("#",), ("#",), ("#",), ("a/#",), ("+",), ("b/+", "a"), ("a/#", "$SYS/#"))
_LARGE_BYTES = 70_000
"""More than a frame of several may have."""
_WORK = 300
"""Messages times subscribers of a world, about: what it may cost."""
_MOST_SPAN_S = 8.0
_SEGMENTS = (200, 500, 1400)
_LARGE_SEGMENTS = (1400, 9000, 62_500)
"""As on jumbo frames and on loopback; in every fourth world."""
_HALF_LOST = 0.163
"""On each of two links in a row, so that 30 % are lost."""


@dataclass(frozen=True, slots=True)
class Span:
    """From a time on, for so long."""

    at_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a member; times are seconds."""

    begins_s: float = 0.0
    pause: Span | None = None
    """When it stands still."""
    cut: Span | None = None
    """When it is cut off, in both directions or in one."""
    cut_up: bool = True
    cut_down: bool = True
    crash: Span | None = None
    """When it is ended without a word, and after how long it is back."""

    @property
    def steady(self) -> bool:
        """Whether nothing becomes of it once it is there."""
        return self.pause is None and self.cut is None and self.crash is None


@dataclass(frozen=True, slots=True)
class Saying:
    """Messages that a publisher sends together."""

    at_s: float
    """Since it is there."""
    topic: str
    sizes: tuple[int, ...]
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Speaker:
    """A publisher."""

    name: str
    links: Faults
    """Each of its two."""
    fate: Fate
    says: tuple[Saying, ...]
    tickets: tuple[float, ...]
    """When it asks who has everything, since it is there."""
    closes_s: float
    """Since it is there."""
    segment_bytes: int = 1400
    window_bytes: int = 1 << 20
    queue_bytes: int = 1 << 20
    drop_oldest: bool = False
    delay_s: float = 0.0
    quick: bool = True
    """Whether it begins with a rate that a LAN has."""


@dataclass(frozen=True, slots=True)
class Hearer:
    """A subscriber."""

    name: str
    links: Faults
    fate: Fate
    patterns: tuple[str, ...] = ("#",)
    start_at: StartAt = StartAt.NOW
    queue_bytes: int = 16 << 20
    takes_bytes_per_s: float = 0.0
    """What its program takes; 0 for all at once."""
    closes_s: float | None = None


@dataclass(frozen=True, slots=True)
class World:
    """A group before it is played; the same for the same seed."""

    seed: int
    speakers: tuple[Speaker, ...]
    hearers: tuple[Hearer, ...]

    @classmethod
    def of(cls, seed: int) -> Self:
        """Draw a world."""
        segments = _LARGE_SEGMENTS if seed % 4 == 2 else _SEGMENTS
        return cls(seed, *_Draw(Random(f"messages/{seed}"), segments).members())


def _between(rng: Random, low: float, high: float) -> float:
    """Draw a number; each order of magnitude is as likely as any other."""
    return float(low * (high / low) ** rng.random())


class _Draw:
    """Draws members that have their troubles in common."""

    def __init__(self, rng: Random, segments: Sequence[int]) -> None:
        self._rng = rng
        self._segments = segments
        self._span = _between(rng, 0.05, _MOST_SPAN_S)
        self._loss = rng.choice((0.0, 0.0, 0.02, _HALF_LOST * rng.random(), _HALF_LOST))
        self._eventful = rng.choice((0.0, 0.0, 0.1, 0.4))
        delay_s = rng.choice((0.0, 0.0005, _between(rng, 0.0005, 0.05)))
        self._others = Faults(
            burst=rng.choice((1.0, 1.0, 3.0)),
            duplication=rng.choice((0.0, 0.0, 0.3 * rng.random())),
            reordering=rng.choice((0.0, 0.0, 0.3 * rng.random())),
            late_s=rng.choice((0.001, 0.02)),
            delay_s=delay_s,
            jitter_s=rng.choice((0.0, delay_s * rng.random())),
        )
        usual = rng.choice(tuple(Delivery))
        self._deliveries = rng.choice(((usual,), (usual,), tuple(Delivery)))
        self._topics = _TOPICS[: rng.choice((1, 3, len(_TOPICS)))]
        self._large = rng.random() < 0.1

    def members(self) -> tuple[tuple[Speaker, ...], tuple[Hearer, ...]]:
        """Draw all publishers and subscribers."""
        rng = self._rng
        speakers = rng.choice((1, 1, 1, 2, 3))
        hearers = rng.choice((1, 1, 2, 3, 6))
        each = max(1, int(_between(rng, 0.03, 1.0) * _WORK / speakers / hearers))
        alike = rng.random() < 0.1
        return (
            tuple(
                self._speaker("cam" if alike else f"w{n}", each)
                for n in range(speakers)
            ),
            tuple(self._hearer(f"r{n}") for n in range(hearers)),
        )

    def _speaker(self, name: str, messages: int) -> Speaker:
        rng = self._rng
        span = self._span * rng.choice((1.0, rng.random()))
        tight = rng.random() < 0.2
        return Speaker(
            name,
            self._links(),
            self._fate(rng.choice((0.0, 0.3, rng.random()))),
            self._sayings(messages, span),
            tuple(span * rng.random() for _ in range(rng.choice((0, 0, 1, 3)))),
            span + rng.choice((0.0, 0.01, 0.5, 2.0)),
            rng.choice(self._segments),
            1 << 16 if tight else 1 << 20,
            rng.choice((1000, 20_000)) if tight else 1 << 20,
            rng.random() < 0.2,
            rng.choice((0.0, 0.0, 0.0, 0.02)),
            rng.random() < 0.8,
        )

    def _sayings(self, messages: int, span_s: float) -> tuple[Saying, ...]:
        rng = self._rng
        says: list[Saying] = []
        most = rng.choice((1, 1, 5, 40))
        while messages > 0:
            count = rng.randint(1, min(most, messages))
            messages -= count
            large = self._large and rng.random() < 0.05
            size = _LARGE_BYTES if large else rng.choice((0, 20, 300, 3000))
            even = rng.random() < 0.5
            sizes = [size if even else rng.randint(0, size) for _ in range(count)]
            topic, delivery = rng.choice(self._topics), rng.choice(self._deliveries)
            says.append(Saying(span_s * rng.random(), topic, tuple(sizes), delivery))
        return tuple(sorted(says, key=lambda saying: saying.at_s))

    def _hearer(self, name: str) -> Hearer:
        rng = self._rng
        late = self._span * rng.random()
        slow = rng.random() < 0.15
        fate = self._fate(rng.choice((0.0, 0.0, 0.0, late)))
        leaves = fate.begins_s + self._span * rng.random()
        return Hearer(
            name,
            self._links(),
            fate,
            rng.choice(_PATTERNS),
            rng.choice((StartAt.NOW, *StartAt)),
            rng.choice((500, 5000, 50_000)) if slow else 16 << 20,
            _between(rng, 2e4, 1e6) if slow else 0.0,
            leaves if rng.random() < self._eventful / 2 else None,
        )

    def _links(self) -> Faults:
        loss = self._loss * self._rng.choice((1.0, 1.0, self._rng.random()))
        return replace(self._others, loss=loss)

    def _fate(self, begins_s: float) -> Fate:
        rng = self._rng
        up, down = rng.choice(
            ((True, True), (True, True), (True, False), (False, True))
        )
        return Fate(
            begins_s,
            self._some_span(begins_s, (0.3, 3.0)),
            self._some_span(begins_s, (0.3, 3.0, 10.0)),
            up,
            down,
            self._some_span(begins_s, (0.0, 0.3, 3.0), 0.3),
        )

    def _some_span(
        self, since_s: float, lengths: tuple[float, ...], share: float = 1.0
    ) -> Span | None:
        rng = self._rng
        if rng.random() >= self._eventful * share:
            return None
        return Span(
            since_s + self._span * rng.random(), rng.choice(lengths) * rng.random()
        )
