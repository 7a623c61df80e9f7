"""Everybody who is measured, in the order of the table."""

from __future__ import annotations

from .ours import OURS, OURS_IN_BATCHES, OURS_SENT_IN_BATCHES
from .peer import Peer
from .peers import PEERS

__all__ = ["ALL", "named"]

ALL = (OURS, OURS_IN_BATCHES, OURS_SENT_IN_BATCHES, *PEERS)


def named(name: str) -> Peer:
    """Return the peer of a name."""
    return next(peer for peer in ALL if peer.name == name)
