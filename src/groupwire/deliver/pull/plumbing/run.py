"""One run of a NORM sender, as a delivery uses it."""

from __future__ import annotations

from collections.abc import Callable

from groupwire.norm import Receiver
from groupwire.norm.receive.events import SenderKey

__all__ = ["Run"]


class Run:
    """What a delivery wants of the receiver, for its own sender."""

    def __init__(
        self,
        receiver: Receiver,
        sender: SenderKey,
        retry: Callable[[SenderKey, float], None],
    ) -> None:
        self.sender = sender
        self._retry = retry
        self._receiver = receiver
        self._lost = 0
        self.interface = 0
        """By which the sender was heard of."""

    def accept(self, number: int, now: float) -> None:
        """Say that an object is stored."""
        self._receiver.accept(self.sender, number, now=now)

    def again(self, number: int, now: float) -> None:
        """Ask for an object once more, all of it."""
        self._receiver.again(self.sender, number, now=now)

    def retry(self, now: float) -> None:
        """Ask for what was to wait."""
        self._retry(self.sender, now)

    @property
    def lost(self) -> int:
        """How many segments did not arrive at first."""
        stats = self._receiver.stats(self.sender)
        if stats is not None:
            self._lost = stats.packets_lost
        return self._lost

    @property
    def lacks(self) -> bool:
        """Whether something that was sent is lacking."""
        return self._receiver.lacks(self.sender)
