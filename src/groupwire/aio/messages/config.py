"""How publishers and subscribers behave: one frozen value for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from groupwire.aio.config import PeerConfig
from groupwire.errors import UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.rules import StartAt

__all__ = ["Full", "PublishConfig", "SubscribeConfig"]


class Full(StrEnum):
    """What becomes of a message for which a publisher's queue has no room."""

    WAIT = "wait"
    """Its sender waits, and after ``timeout`` has QueueFull raised."""
    DROP_NEWEST = "drop-newest"
    """It is dropped and counted."""
    RAISE = "raise"
    """QueueFull is raised at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishConfig:
    """Everything about a publisher that has a sensible default. Times are seconds.

    Raises UsageError for a value that cannot work.
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
    name: str | None = None
    """The publisher's name; None: the short host name."""
    interface: str | int | None = None
    """Name, index, address or ``all``; None: chosen, with the reason told."""
    ttl: int = 1
    """How many links a datagram crosses: 1 stays on this one. 0-255."""
    loopback: bool = True
    """Whether subscribers on this very machine hear it."""
    dscp: int = 0
    """Differentiated services code point of what is sent. 0-63."""
    receive_buffer: int = 4 << 20
    """Bytes asked of the kernel; 0 leaves the system's default."""

    def __post_init__(self) -> None:
        _peer(self)
        if self.timeout is not None and not self.timeout >= 0:
            raise UsageError(f"no timeout of {self.timeout} s", fix="use 0 or more")
        if self.rate is not None and not self.rate > 0:
            raise UsageError(f"no rate of {self.rate}", fix="use more than 0")

    @property
    def peer(self) -> PeerConfig:
        """The part of it that is about sockets."""
        return _peer(self)

    def merged(
        self,
        *,
        name: str | None = None,
        interface: str | int | None = None,
        ttl: int | None = None,
    ) -> PublishConfig:
        """Return this with the given values in place of its own."""
        return replace(
            self,
            name=self.name if name is None else name,
            interface=self.interface if interface is None else interface,
            ttl=self.ttl if ttl is None else ttl,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeConfig:
    """Everything about a subscriber that has a sensible default.

    Raises UsageError for a value that cannot work.
    """

    start_at: StartAt = StartAt.NOW
    """What is wanted of publishers that were there before."""
    queue: int = 16 << 20
    """Bytes that the program has not taken yet; with so much, publishers wait."""
    name: str | None = None
    """The member name; None: the short host name."""
    interface: str | int | None = None
    """Name, index, address or ``all``; None: every one that can multicast."""
    ttl: int = 1
    """How many links what it says to the group crosses. 0-255."""
    loopback: bool = True
    """Whether publishers on this very machine hear it."""
    dscp: int = 0
    """Differentiated services code point of what it says. 0-63."""
    receive_buffer: int = 8 << 20
    """Bytes asked of the kernel; 0 leaves the system's default."""

    def __post_init__(self) -> None:
        _peer(self)

    @property
    def peer(self) -> PeerConfig:
        """The part of it that is about sockets."""
        return _peer(self)

    def merged(
        self,
        *,
        name: str | None = None,
        interface: str | int | None = None,
        ttl: int | None = None,
    ) -> SubscribeConfig:
        """Return this with the given values in place of its own."""
        return replace(
            self,
            name=self.name if name is None else name,
            interface=self.interface if interface is None else interface,
            ttl=self.ttl if ttl is None else ttl,
        )


def _peer(config: PublishConfig | SubscribeConfig) -> PeerConfig:
    return PeerConfig(
        name=config.name,
        interface=config.interface,
        ttl=config.ttl,
        loopback=config.loopback,
        dscp=config.dscp,
        receive_buffer=config.receive_buffer,
    )
