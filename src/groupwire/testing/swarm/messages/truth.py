"""What was really sent, and what publishers know of those who hear it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from groupwire.messages.delivery import DELIVERIES, Delivery

__all__ = ["Life", "Sent", "Truth"]


class Sent(NamedTuple):
    """A message that a publisher has taken."""

    topic: str
    payload: bytes
    at: float


@dataclass(slots=True, eq=False)
class Life:
    """A publisher from its beginning to its end: who comes back is another one."""

    id: int
    node: int
    instance: int
    began_s: float
    sent: Mapping[Delivery, list[Sent]] = field(
        default_factory=lambda: {delivery: [] for delivery in DELIVERIES}
    )
    dropped: Counter[Delivery] = field(default_factory=Counter[Delivery])
    """Messages that made room for newer ones."""
    first_s: float | None = None
    """When the first message was taken."""
    met: dict[int, float] = field(default_factory=dict[int, float])
    """Subscribers it knew, by their lives' ids: since when."""
    parted: set[int] = field(default_factory=set[int])
    """Those that have left in its eyes, once at least."""
    lagged: set[int] = field(default_factory=set[int])
    closing_s: float | None = None
    closed_s: float | None = None
    missing: frozenset[str] = frozenset()
    """Who has not acknowledged all when it closed."""
    crashed: bool = False

    @property
    def counts(self) -> Sequence[int]:
        """How many messages it has taken, by delivery."""
        return [len(self.sent[delivery]) for delivery in DELIVERIES]

    def newest(self, before: int | None = None) -> dict[str, int]:
        """Return the sequence of the newest of each topic that is sent as latest."""
        sent = self.sent[Delivery.LATEST][:before]
        return {message.topic: number for number, message in enumerate(sent)}

    def values(self) -> dict[str, tuple[float, Delivery, int]]:
        """Return when and what each topic had last, by its delivery and sequence."""
        last: dict[str, tuple[float, Delivery, int]] = {}
        for delivery, sent in self.sent.items():
            for number, message in enumerate(sent):
                value = message.at, delivery, number
                if message.at >= last.get(message.topic, value)[0]:
                    last[message.topic] = value
        return last


class Truth:
    """All lives of all publishers, by their ids."""

    def __init__(self) -> None:
        self.lives: dict[int, Life] = {}

    def begin(self, life: Life) -> Life:
        """Note that a publisher is there."""
        self.lives[life.id] = life
        return life
