"""How publishers and subscribers behave: one frozen value for each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from groupwire.aio.config import EndConfig, one_of
from groupwire.errors import UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.rules import PublishRules, StartAt, SubscribeRules

__all__ = ["Full", "PublishConfig", "SubscribeConfig"]

_LEAST_SEGMENT_BYTES = 64
"""What a stream says of itself fills one at most."""


class Full(StrEnum):
    """What becomes of a message for which a queue has no room."""

    WAIT = "wait"
    """Its sender waits, and after ``timeout`` has QueueFull raised."""
    DROP_OLDEST = "drop-oldest"
    """The oldest that wait make room for it; they are counted, and told."""
    DROP_NEWEST = "drop-newest"
    """It is dropped, counted, and told; subscribers see a gap where it would be."""
    RAISE = "raise"
    """QueueFull is raised at once: for publishers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishConfig(EndConfig):
    """Everything about a publisher that has a sensible default. Times are seconds.

    Choices may be given as their plain words. Raises UsageError for a value that cannot
    work.
    """

    delivery: Delivery = Delivery.RELIABLE
    """Of what is sent without another."""
    full: Full = Full.WAIT
    """What becomes of a message for which there is no room."""
    timeout: float | None = 10.0
    """How long a sender waits for room; None: as long as it takes."""
    queue: int = 4 << 20
    """Bytes that wait for room in the window."""
    window: int = 8 << 20
    """Bytes of each stream that are kept so that they can be repaired."""
    delay: float = 0.0
    """For so long a message may wait for others that share its segment."""
    patience: float = 5.0
    """Which subscriber does not acknowledge for so long is waited for no more."""
    rate: float | None = None
    """The most bits per second; None: what the slowest subscriber takes."""
    segment: int | None = None
    """Bytes of a segment, 64 or more; None: 1400, and 62,500 where loopback is the only
    way out. More than 1400 only where every switch between carries such frames: those
    that do not drop them without a word. Never more than the interface's MTU carries.
    """

    def __post_init__(self) -> None:
        EndConfig.__post_init__(self)
        _settle(self, "delivery", one_of(Delivery, self.delivery, "delivery"))
        _settle(self, "full", one_of(Full, self.full, "full"))
        if self.timeout is not None and not self.timeout >= 0:
            raise UsageError(f"no timeout of {self.timeout} s", fix="use 0 or more")
        if self.rate is not None and not self.rate > 0:
            raise UsageError(f"no rate of {self.rate}", fix="use more than 0")
        if self.segment is not None and self.segment < _LEAST_SEGMENT_BYTES:
            raise UsageError(
                f"a segment of {self.segment} bytes is too small for messages",
                fix=f"use {_LEAST_SEGMENT_BYTES} or more",
            )
        # They check the rest; who it will be does not matter here.
        PublishRules(
            id=0,
            node=1,
            instance=0,
            name="any",
            queue_bytes=self.queue,
            window_bytes=self.window,
            delay_s=self.delay,
            patience_s=self.patience,
            segment_bytes=1400 if self.segment is None else self.segment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeConfig(EndConfig):
    """Everything about a subscriber that has a sensible default.

    Choices may be given as their plain words. Raises UsageError for a value that cannot
    work.
    """

    start_at: StartAt = StartAt.NOW
    """What is wanted of publishers that were there before."""
    queue: int = 16 << 20
    """Bytes that the program has not taken yet, with 64 for each message."""
    full: Full = Full.WAIT
    """What becomes of messages for which the queue has no room. WAIT: nothing more is
    read, and publishers wait, or name this subscriber as lagging and go on."""
    receive_buffer: int = 8 << 20
    """Bytes asked of the kernel; 0 leaves the system's default."""

    def __post_init__(self) -> None:
        EndConfig.__post_init__(self)
        _settle(self, "start_at", one_of(StartAt, self.start_at, "start_at"))
        _settle(self, "full", one_of(Full, self.full, "full"))
        SubscribeRules(id=0, node=1, name="any", queue_bytes=self.queue)
        if self.full is Full.RAISE:
            raise UsageError(
                "a subscriber's queue raises nothing",
                fix="use Full.WAIT, Full.DROP_OLDEST or Full.DROP_NEWEST",
            )

    @property
    def drops(self) -> bool:
        """Whether messages are dropped rather than waited for."""
        return self.full is not Full.WAIT


def _settle(config: EndConfig, name: str, choice: StrEnum) -> None:
    """Put a choice where its plain word may have been: ``is`` tells them apart."""
    object.__setattr__(config, name, choice)
