"""Watermarks: what members have acknowledged to NORM (RFC 5740 §5.5.3)."""

from __future__ import annotations

from collections.abc import Collection

from groupwire.norm import AckStatus, Sender
from groupwire.norm.send.events import WatermarkEnded

__all__ = ["Marks"]


class Marks:
    """One watermark at a time, and whom it asked."""

    def __init__(self, sender: Sender) -> None:
        self.running = False
        self._sender = sender

    def ask(self, nodes: Collection[int], *, now: float) -> None:
        """Ask nodes to acknowledge everything that was handed in."""
        self.running = True
        self._sender.watermark(nodes, now=now)

    def ended(self, event: WatermarkEnded) -> frozenset[int]:
        """Return who has acknowledged."""
        self.running = False
        status = event.status.items()
        return frozenset(n for n, s in status if s is AckStatus.SUCCESS)
