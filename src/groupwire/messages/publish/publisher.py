"""A publisher: all its parts behind the verbs of a core.

Verbs take ``now`` in seconds on any clock that never goes back; after each, drain
``poll_transmits`` and ``poll_events`` and come back at ``poll_timeout``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from random import Random

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import PublishEvent
from groupwire.messages.members import Member
from groupwire.messages.publish.stats import PublishStats
from groupwire.messages.rules import PublishRules
from groupwire.values import Datagram, Transmit

__all__ = ["Publisher"]


class Publisher:
    """Sends messages to all subscribers of a group."""

    def __init__(self, rules: PublishRules, rng: Random) -> None:
        self.rules = rules
        self._rng = rng
        self.closed = False
        """Whether the last word has been said."""
        self.dropped: Counter[str] = Counter()
        """What was heard and not understood or not meant for us, by reason."""

    # What the application wants.

    def start(self, *, now: float) -> None:
        """Say that this publisher is here, and ask who else is."""
        raise NotImplementedError

    def send(
        self,
        topic: str,
        payload: bytes | bytearray | memoryview,
        *,
        now: float,
        delivery: Delivery | None = None,
    ) -> int:
        """Queue a message and return its sequence: it counts for each delivery.

        Raises QueueFull, MessageTooLarge, and UsageError for what is no topic. It
        leaves by :meth:`flush`, or when the delay bound is over.
        """
        raise NotImplementedError

    def send_many(
        self,
        topic: str,
        payloads: Sequence[bytes | bytearray | memoryview],
        *,
        now: float,
        delivery: Delivery | None = None,
    ) -> int:
        """Queue messages, all or none of them; return the sequence of the first."""
        raise NotImplementedError

    def room_bytes(self, delivery: Delivery | None = None) -> int:
        """Return how much the queue of a delivery takes now."""
        raise NotImplementedError

    def flush(self, *, now: float) -> None:
        """Let what is queued leave now, as far as the window has room.

        With a delay bound of 0 the owner calls it when its turn is over; with another
        one the core does it by itself.
        """
        raise NotImplementedError

    def want_received(self, by: Collection[str] | None = None, *, now: float) -> int:
        """Ask who has everything that was sent so far; return a ticket.

        ``by`` are names of subscribers; None means all that are here. ReceivedBy and
        ReceiptEnded tell the outcome, which is missing who has not answered within the
        patience.
        """
        raise NotImplementedError

    def close(self, *, now: float) -> None:
        """Send what is queued, wait for those who are here, and leave.

        It takes the patience at most; Closed is the last event.
        """
        raise NotImplementedError

    # What the machine says.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what came to the group or to this publisher alone."""
        raise NotImplementedError

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        raise NotImplementedError

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        raise NotImplementedError

    def poll_events(self) -> Sequence[PublishEvent]:
        """Return what has happened; each only once."""
        raise NotImplementedError

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        raise NotImplementedError

    @property
    def members(self) -> Sequence[Member]:
        """Who else is here."""
        raise NotImplementedError

    @property
    def stats(self) -> PublishStats:
        """What has been sent so far."""
        raise NotImplementedError
