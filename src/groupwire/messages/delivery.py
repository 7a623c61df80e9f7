"""The three ways in which messages travel (docs/messages.md §3.1)."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["DELIVERIES", "Delivery"]


class Delivery(StrEnum):
    """What becomes of a message that is lost on its way."""

    RELIABLE = "reliable"
    """It is repaired, and all come in order."""
    BESTEFFORT = "besteffort"
    """It stays lost, and is told as a gap."""
    LATEST = "latest"
    """It is repaired as long as its topic has nothing newer."""


DELIVERIES = tuple(Delivery)
"""In the order of their numbers: on the wire, and of their node ids."""
