"""What publishers and subscribers are told at their beginning. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from groupwire.errors import UsageError
from groupwire.gather import checked_name
from groupwire.messages.delivery import Delivery
from groupwire.messages.topics import checked_pattern
from groupwire.norm import AdaptiveConfig, Coding

__all__ = ["MAX_NODE", "START_BYTES_PER_S", "PublishRules", "StartAt", "SubscribeRules"]

MAX_NODE = 0xFFFF_FFFC
"""A publisher has three node ids in a row, and the last of all is nobody's."""
START_BYTES_PER_S = 12.5e6
"""Until somebody has answered: what any LAN carries, for the tenth of a second that
this takes."""
_LEAST_WINDOW = 64 << 10
_LARGEST_WINDOW = 1 << 26
"""What a subscriber's memory holds of one publisher: it would lose what is beyond."""


def _usual_rate() -> AdaptiveConfig:
    return AdaptiveConfig(start_bytes_per_s=START_BYTES_PER_S)


class StartAt(StrEnum):
    """What a subscriber wants of publishers that were there before it."""

    NOW = "now"
    LAST_VALUE = "last-value"
    """Now, and the last message of each topic."""
    WINDOW = "window"
    """All that they still keep."""


@dataclass(frozen=True, slots=True)
class PublishRules:
    """Who publishes, how much it holds, how long it waits."""

    id: int
    """64 random bits, of this life."""
    node: int
    """Random, 1 to ``MAX_NODE``; the two behind it are this publisher's too."""
    instance: int
    """Random, 0 to 65535."""
    name: str
    delivery: Delivery = Delivery.RELIABLE
    """Of what is sent without another."""
    queue_bytes: int = 4 << 20
    """What waits for room in the window at most; one message always may."""
    drop_oldest: bool = False
    """Whether in a full queue the oldest messages make room for new ones."""
    window_bytes: int = 8 << 20
    """Of each stream that is kept, so that it can be repaired."""
    delay_s: float = 0.0
    """For so long a message may wait for others that share its segment."""
    patience_s: float = 5.0
    """Who does not acknowledge for so long is waited for no more."""
    members: int = 10
    """How many subscribers there may be; scales their random waiting."""
    segment_bytes: int = 1400
    rate: AdaptiveConfig = field(default_factory=_usual_rate)
    """The bounds of the rate."""

    def __post_init__(self) -> None:
        checked_name(self.name)
        _check_node(self.node)
        if not 0 <= self.instance <= 0xFFFF:
            raise UsageError(f"{self.instance} is no instance", fix="use 0 to 65535")
        if self.queue_bytes < 1:
            raise UsageError("a queue holds something", fix="use 1 byte or more")
        _check_window(self.window_bytes)
        if self.delay_s < 0:
            raise UsageError("nothing waits less than 0 s", fix="use 0 or more")
        if not self.patience_s > 0:
            raise UsageError(
                f"a patience of {self.patience_s} s is not possible",
                fix="use more than 0",
            )
        if self.members < 1:
            raise UsageError(f"no group has {self.members} members", fix="use 1")
        Coding(self.segment_bytes)


@dataclass(frozen=True, slots=True)
class SubscribeRules:
    """Who subscribes to what, from when on, and how much waits for its program."""

    id: int
    """64 random bits, of this life."""
    node: int
    """Random, 1 to ``MAX_NODE``."""
    name: str
    patterns: tuple[str, ...] = ("#",)
    start_at: StartAt = StartAt.NOW
    queue_bytes: int = 16 << 20
    """What the program has not taken yet: with so much, nothing more is read."""
    memory_bytes: int = 1 << 29
    """For what waits for repair: each publisher's stream may have an eighth of it, a
    foreign one a sixty-fourth; none of it is taken before."""
    pipe: bool = False
    """Whether it says that it is the reading end of a pipe."""

    def __post_init__(self) -> None:
        checked_name(self.name)
        _check_node(self.node)
        if not self.patterns:
            raise UsageError("no pattern is wanted", fix="use '#' for all topics")
        for pattern in self.patterns:
            checked_pattern(pattern)
        if self.queue_bytes < 1:
            raise UsageError("a queue holds something", fix="use 1 byte or more")
        if self.memory_bytes < 0:
            raise UsageError("memory_bytes is negative", fix="use 0 or more")


def _check_node(node: int) -> None:
    if not 1 <= node <= MAX_NODE:
        raise UsageError(f"{node} is no node id", fix=f"use 1 to {MAX_NODE}")


def _check_window(size: int) -> None:
    if not _LEAST_WINDOW <= size <= _LARGEST_WINDOW:
        raise UsageError(
            f"a window of {size} bytes is not possible",
            fix=f"use {_LEAST_WINDOW} to {_LARGEST_WINDOW}",
        )
