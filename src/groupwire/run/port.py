"""What stands between a driver and the network: one small contract for all ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from groupwire.values import Datagram, Transmit

__all__ = ["Port", "Ready", "Receive"]

Receive: TypeAlias = Callable[[], list[Datagram]]
"""Gives what waits, a bounded number; what is left wakes the owner again."""
Ready: TypeAlias = Callable[[Receive], None]
"""What a port calls when something waits."""


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

    @property
    def busy(self) -> bool:
        """Whether something waits for room to be sent: better give it no more.

        Once there is room ``ready`` is called, with nothing to receive.
        """
        ...

    def start(self, loop: asyncio.AbstractEventLoop, ready: Ready) -> None:
        """Call ``ready(receive)`` from ``loop`` whenever something waits.

        ``receive()`` returns it.
        """
        ...

    def send(self, transmit: Transmit) -> None:
        """Send, or keep until the system can, or count as dropped."""
        ...

    def close(self) -> None:
        """Let go of everything; any number of times."""
        ...
