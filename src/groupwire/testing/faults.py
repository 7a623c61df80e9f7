"""What a link does to what it carries, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.errors import UsageError

__all__ = ["Faults"]

_FRACTIONS = ("loss", "duplication", "reordering", "corruption")
_NEVER_NEGATIVE = (
    "late_s",
    "delay_s",
    "jitter_s",
    "rate_bytes_per_s",
    "queue_bytes",
    "mtu_bytes",
)
_ADDED_BYTES = 28
"""IPv4 and UDP headers: they count for the rate and the MTU."""


@dataclass(frozen=True, slots=True)
class Faults:
    """A link's character; all fractions are from 0 to 1, all times are seconds.

    The default is a perfect link. Raises UsageError for what no link can be.
    """

    loss: float = 0.0
    """Of packets, in the mean."""
    burst: float = 1.0
    """How many packets a loss takes with it in the mean (Gilbert's model); 1 for
    losses that know nothing of each other. Heavy loss has longer ones: at least one
    packet arrives between two bursts."""
    duplication: float = 0.0
    reordering: float = 0.0
    """Of packets that are late by up to ``late_s``; others overtake them."""
    late_s: float = 0.01
    corruption: float = 0.0
    """Of packets with wrong bits. UDP's checksum drops them, but for one in
    ``checksum_misses``."""
    checksum_misses: int = 65_536
    delay_s: float = 0.0
    jitter_s: float = 0.0
    """Added to the delay, by lot, without changing the order."""
    rate_bytes_per_s: float = 0.0
    """What passes at most, headers included; 0 for no limit."""
    queue_bytes: int = 250_000
    """What waits for a limited rate; what does not fit is dropped."""
    mtu_bytes: int = 65_535
    """Of IPv4 packets; larger ones are dropped."""

    def __post_init__(self) -> None:
        for name in _FRACTIONS:
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is no fraction", fix="use 0 to 1")
        for name in _NEVER_NEGATIVE:
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is negative", fix="use 0 or more")
        if self.burst < 1 or self.checksum_misses < 1:
            raise UsageError(
                "burst and checksum_misses count packets", fix="use 1 or more"
            )

    @property
    def shapes_time(self) -> bool:
        """Whether packets can arrive in another order or rhythm than they left."""
        return bool(self.jitter_s or self.reordering or self.duplication)

    def wire_bytes(self, size_bytes: int) -> int:
        """Return what a datagram of this size takes on the wire."""
        return size_bytes + _ADDED_BYTES
