"""What stands between a driver and the network: one small contract for all ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from groupwire.values import Datagram, Transmit

__all__ = ["Port"]


class Port(Protocol):
    """Where datagrams come from and go to.

    Neither direction waits and neither raises for what strangers do. ``send`` raises
    MachineError when this machine cannot send to the group at all.
    """

    @property
    def payload_limit(self) -> int:
        """The most bytes that travel in one unfragmented datagram."""
        ...

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was lost on this machine, by reason."""
        ...

    def start(self, loop: asyncio.AbstractEventLoop, ready: Callable[[], None]) -> None:
        """Call ``ready`` from ``loop`` whenever something waits to be received."""
        ...

    def receive(self) -> Sequence[Datagram]:
        """Return what waits, a bounded number; what is left calls ``ready`` again."""
        ...

    def send(self, transmit: Transmit) -> None:
        """Send, or keep until the system can, or count as dropped."""
        ...

    def close(self) -> None:
        """Let go of everything; any number of times."""
        ...
