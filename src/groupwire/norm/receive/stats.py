"""What has come of a sender so far, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ReceiverStats"]


@dataclass(frozen=True, slots=True)
class ReceiverStats:
    """Of one run of a sender since it is followed; bytes are those of UDP's payload."""

    bytes_received: int
    packets_received: int
    packets_lost: int
    """By gaps in the sender's sequence, as far as they have not been filled late."""
    nacks_sent: int
    acks_sent: int
    open_objects: int
    """Begun and not complete; those among them that wait for a place too."""
    open_bytes: int
    """How large these are together."""
    arrived_bytes: int
    """How much of that is there."""
