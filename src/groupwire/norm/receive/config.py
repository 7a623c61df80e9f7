"""What a receiver is told at its beginning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from groupwire.errors import UsageError

__all__ = ["Join", "ReceiverConfig"]

_AT_LEAST_ONE = ("robust", "nacks_per_cycle", "sources", "stream_blocks")


class Join(Enum):
    """What a receiver wants of a sender that was there before it."""

    NOW = "now"
    """The first object whose beginning is heard; of a stream, the block heard."""
    OBJECT = "object"
    """The object under way, from its beginning; of a stream, all that is kept."""
    WINDOW = "window"
    """Everything that the sender still keeps."""


@dataclass(frozen=True, slots=True)
class ReceiverConfig:
    """Who receives, what it wants, how patient it is and how much it holds."""

    node: int
    join: Join = Join.OBJECT
    unicast: bool = False
    """Feedback goes to the sender alone, who tells the group of it."""
    silent: bool = False
    """Neither NACK nor ACK leaves; what is lost stays lost."""
    accepts_at_once: bool = True
    """What is complete counts as accepted; else the application says so."""
    forgives_gone: bool = False
    """What its sender keeps no more, and was told as lost, keeps nobody from
    acknowledging what comes behind it. Else nothing behind a loss is acknowledged."""
    message_by_message: bool = False
    """Whether what is handed over of a stream ends before each segment that tells where
    a message begins: for who has nothing else to tell messages apart."""
    views: bool = False
    """Whether what is handed over of a stream may be a view of what came, rather than
    bytes of its own: for who copies out of it what is kept."""
    robust: int = 20
    """After how many silent inactivity times a sender is given up."""
    nacks_per_cycle: int = 16
    """Datagrams of requests at once; RFC 5740 has one, the reference four."""
    sources: int = 64
    """Senders followed at the same time; the least heard makes room."""
    objects: int = 256
    """Unfinished objects of one sender; the oldest is given up for a newer one."""
    memory_bytes: int = 32 << 20
    """Of all objects that are assembled in memory."""
    info_tries: int = 0
    """How often the INFO of an object never heard of is asked for, before all of it:
    for who may have some of it already, at the price of a round trip."""
    stream_blocks: int = 256
    """Of a stream, that may wait for what was lost before them."""

    def __post_init__(self) -> None:
        if not 1 <= self.node <= 0xFFFF_FFFE:
            raise UsageError(
                f"{self.node} is no node id", fix="use 1 to 4294967294, not 0"
            )
        if not 1 <= self.objects <= 0x4000:
            raise UsageError(f"{self.objects} objects at once", fix="use 1 to 16384")
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is less than 1", fix="use 1 or more")
        for name in ("memory_bytes", "info_tries"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is negative", fix="use 0 or more")
