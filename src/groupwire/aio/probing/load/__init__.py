"""Measured traffic for asyncio: any number of senders, any number of receivers."""

from groupwire.aio.probing.load.receiving import (
    LoadBegan,
    LoadEnded,
    LoadEvent,
    LoadInterval,
    receive_load,
)
from groupwire.aio.probing.load.sending import (
    LoadProgress,
    LoadResult,
    MemberLoad,
    send_load,
)

__all__ = [
    "LoadBegan",
    "LoadEnded",
    "LoadEvent",
    "LoadInterval",
    "LoadProgress",
    "LoadResult",
    "MemberLoad",
    "receive_load",
    "send_load",
]
