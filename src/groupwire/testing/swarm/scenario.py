"""What a seed stands for: a group, its links, its fates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from typing import Self

from groupwire.norm.coding import Coding
from groupwire.norm.receive.config import Join
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.wire.payload import FecId
from groupwire.testing.faults import Faults
from groupwire.testing.swarm.application import DIGEST_BYTES

__all__ = ["LARGE_BUFFER_BYTES", "Cut", "Life", "Pace", "Scenario"]

_MOST_RECEIVERS = 50
_HEADER_BYTES = 40
_LIGHT = 0.1
"""Feedback loss that leaves no doubt of acknowledgements."""
_WORK = 1500
"""Datagrams times receivers of a trial, about: what it may cost."""
_SENDER, _FIRST_NODE = 1, 100
LARGE_BUFFER_BYTES = 1 << 20
"""Holds whatever is written to a stream here."""
_LEAST_BLOCKS = 3
_FAIR = 0.3 + 1e-9


class Pace(Enum):
    """Who decides how fast the sender is."""

    FIXED = "fixed"
    ADAPTIVE = "adaptive"
    TFMCC = "tfmcc"


_PACES = (*(Pace.FIXED,) * 6, Pace.ADAPTIVE, Pace.TFMCC)


@dataclass(frozen=True, slots=True)
class Cut:
    """A partition of a receiver, from a time on for so long."""

    at_s: float
    for_s: float
    up: bool
    down: bool


@dataclass(frozen=True, slots=True)
class Life:
    """One receiver: its links, and when it is there. Times are seconds."""

    node: int
    up: Faults
    down: Faults
    join: Join = Join.WINDOW
    unicast: bool = False
    silent: bool = False
    accept_after_s: float = 0.0
    """How long its application takes to store an object."""
    begins_s: float = 0.0
    crash_s: float | None = None
    back_s: float | None = None
    """When it is there again after its crash, None for never."""
    pause_s: float | None = None
    """When it stands still for a second."""
    cut: Cut | None = None

    @property
    def steady(self) -> bool:
        """Whether it is there all the time."""
        events = (self.crash_s, self.pause_s, self.cut)
        return self.begins_s == 0 and all(event is None for event in events)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A trial before it is played; the same for the same seed."""

    seed: int
    config: SenderConfig
    rate_bytes_per_s: float
    """Or what a pace that is not fixed begins with."""
    pace: Pace
    sizes: tuple[int, ...]
    """Of the objects, in bytes."""
    messages: tuple[int, ...]
    """Of a stream behind them, in bytes; none where there is no stream."""
    sender_up: Faults
    """What is lost here, nobody hears."""
    lives: tuple[Life, ...]
    restart_s: float | None = None
    """When the sender is started anew, as another instance."""
    buffer_bytes: int = LARGE_BUFFER_BYTES
    """How much of the stream is kept for repair."""

    @classmethod
    def of(cls, seed: int) -> Self:
        """Draw a scenario."""
        rng = Random(f"swarm/{seed}")
        receivers = int(_between(rng, 1, _MOST_RECEIVERS + 0.99))
        delay_s = rng.choice((0.0, 0.001, *(_between(rng, 0.001, 0.5),) * 2))
        config = _config(rng, receivers, delay_s)
        segments = max(1, int(rng.random() * _WORK / receivers))
        sizes, messages = _contents(rng, segments, config.coding.segment_bytes)
        total = _on_the_wire(sizes + messages, config.coding.segment_bytes)
        span_s = _between(rng, 0.01, 3.0)
        draw = _Lives(rng, delay_s, span_s + 4 * delay_s)
        return cls(
            seed,
            config,
            total / span_s,
            rng.choice(_PACES),
            sizes,
            messages,
            draw.trunk(),
            tuple(draw.life(_FIRST_NODE + n) for n in range(receivers)),
            rng.random() * span_s if rng.random() < 0.05 else None,
            _buffer_bytes(rng, config.coding),
        )

    def fair(self, life: Life) -> bool:
        """Whether a receiver's links are good enough to promise it everything."""
        arriving = (1 - self.sender_up.loss) * (1 - life.down.loss)
        return not life.silent and life.up.loss <= _FAIR and arriving >= 1 - _FAIR

    def prompt(self, life: Life) -> bool:
        """Whether a receiver's acknowledgement is sure to come before it is given up.

        A receiver has the time to ask for repair five times, which are all lost once in
        many thousands. A burst of losses may be longer than the sender's patience, and
        who takes long to store is asked in vain meanwhile.
        """
        links = self.sender_up, life.down
        single = all(link.burst == 1 for link in links) and not life.accept_after_s
        reached = single or not any(link.loss for link in links)
        return life.steady and reached and life.up.loss <= _LIGHT


def _between(rng: Random, low: float, high: float) -> float:
    """Draw a number; each order of magnitude is as likely as any other."""
    return float(low * (high / low) ** rng.random())


def _config(rng: Random, receivers: int, delay_s: float) -> SenderConfig:
    instance, first = rng.randrange(1 << 16), rng.choice((0, 0, 65_530))
    if rng.random() < 0.1:
        quick = SenderConfig.low_latency(_SENDER, instance, members=receivers)
        return replace(quick, first_object=first)
    block = rng.choice((1, 2, 7, 16, 64))
    parity = rng.choice((0, 1, 4, 16))
    coding = Coding(
        segment_bytes=rng.choice((50, 100, 200)),
        block=block,
        parity=parity,
        fec_id=rng.choice(tuple(FecId)),
    )
    return SenderConfig(
        node=_SENDER,
        instance=instance,
        coding=coding,
        auto_parity=rng.choice((0, 0, 1, 3)),
        backoff=rng.choice((0, 1, 4, 6)),
        members=rng.choice((10, receivers, 1000)),
        initial_grtt_s=max(2 * delay_s, rng.choice((0.001, 0.02, 0.1))),
        shortest_grtt_s=rng.choice((0.0001, 0.01, 0.01, 0.02)),
        first_object=first,
    )


def _contents(
    rng: Random, segments: int, segment_bytes: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Draw objects and perhaps a stream of so many segments in all."""
    count = rng.choice((1, 1, 2, 5, 20))
    shares = [rng.random() for _ in range(count)]
    scale = segments * segment_bytes / sum(shares)
    sizes = [max(DIGEST_BYTES, int(share * scale)) for share in shares]
    if rng.random() < 0.1:
        sizes[rng.randrange(count)] = 0
    messages: list[int] = []
    if rng.random() < 0.25:
        messages = [rng.randrange(3 * segment_bytes) for _ in range(rng.randint(1, 20))]
    return tuple(sizes), tuple(messages)


def _buffer_bytes(rng: Random, coding: Coding) -> int:
    """Draw a buffer that holds a whole stream, or just what a stream needs, or more."""
    least = _LEAST_BLOCKS * coding.block * coding.segment_bytes
    some = int(_between(rng, least, LARGE_BUFFER_BYTES))
    return rng.choice((LARGE_BUFFER_BYTES, LARGE_BUFFER_BYTES, least, some))


def _on_the_wire(sizes: tuple[int, ...], segment_bytes: int) -> int:
    """Return how many bytes these take with headers, sent once."""
    return sum(size + (size // segment_bytes + 1) * _HEADER_BYTES for size in sizes)


class _Lives:
    """Draws receivers that have their troubles in common."""

    def __init__(self, rng: Random, delay_s: float, span_s: float) -> None:
        self._rng = rng
        self._delay = delay_s
        self._span = span_s
        self._loss = rng.choice((0.0, 0.3 * rng.random(), 0.5 * rng.random()))
        self._common_loss = self._loss * rng.choice((0.0, 0.0, rng.random()))
        self._feedback_loss = rng.choice((0.0, 0.3 * rng.random(), 0.5 * rng.random()))
        self._unheard = rng.choice((0.0, 0.0, 0.0, 0.0, 0.1, 1.0))
        self._silent = rng.choice((*(0.0,) * 9, 0.2, 1.0))
        self._burst = rng.choice((1.0, 1.0, 3.0, 10.0))
        self._eventful = rng.choice((0.0, 0.0, 0.1, 0.5))
        self._misses = rng.choice((65_536, 65_536, 65_536, 20))
        self._others = Faults(
            duplication=rng.choice((0.0, 0.5 * rng.random())),
            reordering=rng.choice((0.0, 0.5 * rng.random())),
            late_s=rng.choice((0.001, delay_s + 0.001, 0.1)),
            corruption=rng.choice((0.0, 0.01 * rng.random())),
            jitter_s=rng.choice((0.0, delay_s * rng.random())),
        )
        self._unicast = rng.choice((0.0, 0.0, 1.0, 0.5))
        self._joins = rng.choice(((Join.WINDOW,), (Join.WINDOW,), tuple(Join)))

    def trunk(self) -> Faults:
        """Draw the link that all receivers are behind."""
        if self._rng.random() < 0.75:
            return Faults(loss=self._common_loss, delay_s=self._delay / 2)
        return self._faults(self._common_loss)

    def life(self, node: int) -> Life:
        """Draw one receiver."""
        rng = self._rng
        begins_s = self._some_time() or 0.0
        crash_s = self._some_time()
        back_s = None
        if crash_s is not None:
            crash_s += begins_s
            back_s = crash_s + self._span * rng.random() if rng.random() < 0.7 else None
        loss = self._loss * rng.choice((1.0, rng.random()))
        common = self._common_loss
        return Life(
            node,
            replace(self._faults(self._lost_feedback()), burst=1.0),
            self._faults(max(0.0, loss - common) / (1 - common)),
            rng.choice(self._joins),
            rng.random() < self._unicast,
            rng.random() < self._silent,
            rng.choice((0.0, 0.0, rng.random())),
            begins_s,
            crash_s,
            back_s,
            self._some_time(),
            self._cut(),
        )

    def _lost_feedback(self) -> float:
        rng = self._rng
        if rng.random() >= self._unheard:
            return self._feedback_loss
        return rng.choice((1.0, 0.5 + 0.5 * rng.random()))

    def _some_time(self) -> float | None:
        rng = self._rng
        return self._span * rng.random() if rng.random() < self._eventful else None

    def _faults(self, loss: float) -> Faults:
        burst = self._burst if loss <= 0.3 else 1.0
        return replace(
            self._others,
            loss=loss,
            burst=burst,
            checksum_misses=self._misses,
            delay_s=self._delay / 2 * self._rng.choice((1.0, self._rng.random())),
        )

    def _cut(self) -> Cut | None:
        at_s, rng = self._some_time(), self._rng
        if at_s is None:
            return None
        up, down = rng.choice(((True, True), (True, False), (False, True)))
        return Cut(at_s, rng.choice((0.1, 1.0, 5.0)) * rng.random(), up, down)
