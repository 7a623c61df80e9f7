"""What a publisher has done so far."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PublishStats"]


@dataclass(frozen=True, slots=True)
class PublishStats:
    """Counts of one publisher, of all its deliveries."""

    messages: int
    """Taken by ``send``."""
    payload_bytes: int
    superseded: int
    """Of ``latest``: never sent, because a newer one came first."""
    queued_bytes: int
    sent_bytes: int
    """On the wire, with headers and repairs."""
    sent_packets: int
    repair_packets: int
    rate_bytes_per_s: float
    """In force, of the delivery with the highest."""
    grtt_s: float
    """The group's round trip."""
    dropped: int = 0
    """Messages that made room for newer ones in a full queue."""
