"""What all deliveries of a pull have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from groupwire.deliver.pull.events import PullEvent
from groupwire.deliver.pull.plumbing.papers import Room
from groupwire.deliver.pull.rules import PullRules
from groupwire.deliver.storage import Storage
from groupwire.deliver.words import State
from groupwire.gather import AnswerPolicy, MessageReceived
from groupwire.values import Interface, Origin, Transmit

__all__ = ["Answer", "Setting"]

Answer: TypeAlias = Callable[[MessageReceived, State, float], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """Rules, disk, dice, and who speaks and listens."""

    rules: PullRules
    storage: Storage
    rng: Random
    policy: AnswerPolicy
    """Whom receipts and joins may be sent to."""
    answer: Answer
    room: Room
    events: list[PullEvent] = field(default_factory=list[PullEvent])
    links: dict[int, Interface] = field(default_factory=dict[int, Interface])
    last_words: list[Transmit] = field(default_factory=list[Transmit])
    """What is said to senders of deliveries that are left."""
    dropped: Counter[str] = field(default_factory=Counter[str])

    def on_link(self, to: Origin, interface: int) -> bool:
        """Return whether an address is a neighbour."""
        link = self.links.get(interface)
        return link is not None and link.reaches(to.ip)

    def may_say(self, to: Origin, interface: int, size_bytes: int, now: float) -> bool:
        """Return whether something may be said to a sender unasked."""
        refusal = self.policy.refusal(
            to, interface, asked_bytes=size_bytes, bytes_=size_bytes, now=now
        )
        if refusal is not None:
            self.dropped[refusal.value] += 1
        return refusal is None
