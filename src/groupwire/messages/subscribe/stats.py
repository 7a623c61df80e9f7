"""What a subscriber has had so far."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SubscribeStats"]


@dataclass(frozen=True, slots=True)
class SubscribeStats:
    """Counts of one subscriber, of all publishers."""

    messages: int
    """Handed over."""
    payload_bytes: int
    skipped: int
    """Of topics that nobody wants here."""
    lost: int
    """Told as gaps."""
    queued_bytes: int
    """Handed over, and not taken yet."""
