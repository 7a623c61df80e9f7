"""What a sender is about to put on the wire, paced and numbered."""

from __future__ import annotations

from groupwire.norm.send.bucket import TokenBucket
from groupwire.norm.send.composer import Composer
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.grtt import GroupRoundTrip
from groupwire.norm.wire.commands import Command
from groupwire.values import Transmit

__all__ = ["Outbox"]

_SHARE = 10
_MOST_WAITING = 1 << 20
"""Bytes that nobody has taken: four times what one turn makes."""


class Outbox:
    """One for all parts of a sender: they share its clock of round trips and its pace.

    Commands leave at once and are counted; only rows of symbols wait for credit.
    """

    def __init__(self, config: SenderConfig) -> None:
        self.config = config
        self.composer = Composer(config)
        self.grtt = GroupRoundTrip(
            config.initial_grtt_s, shortest_s=config.shortest_grtt_s
        )
        self.bucket = TokenBucket(1e9)
        self._transmits: list[Transmit] = []
        self._waiting_bytes = 0
        self.bytes_sent = self.packets_sent = 0

    @property
    def grtt_s(self) -> float:
        """The group's round trip as receivers are told it, in seconds."""
        return self.composer.state.grtt_s

    @property
    def full(self) -> bool:
        """Whether so much waits to be taken that more had better be chosen later."""
        return self._waiting_bytes >= _MOST_WAITING

    def put(self, transmit: Transmit) -> None:
        """Send it."""
        self._transmits.append(transmit)
        size, step = len(transmit.data), transmit.segment_bytes
        self.bucket.spend(size)
        self.bytes_sent += size
        self._waiting_bytes += size
        self.packets_sent += -(-size // step) if step else 1

    def say(self, command: Command) -> float:
        """Send a command; return how long to wait before the next of its kind.

        So no kind takes more than a tenth of the rate from what is commanded about.
        """
        transmit = Transmit(command.encode())
        self.put(transmit)
        return _SHARE * len(transmit.data) / self.bucket.rate

    def take(self) -> list[Transmit]:
        """Return what is to be sent; each only once."""
        transmits, self._transmits = self._transmits, []
        self._waiting_bytes = 0
        return transmits
