"""A subscriber: all its parts behind the verbs of a core.

Verbs take ``now`` in seconds on any clock that never goes back; after each, drain
``poll_transmits`` and ``poll_events`` and come back at ``poll_timeout``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from groupwire.messages.events import SubscribeEvent
from groupwire.messages.members import Member
from groupwire.messages.rules import SubscribeRules
from groupwire.messages.subscribe.stats import SubscribeStats
from groupwire.values import Datagram, Transmit

__all__ = ["Subscriber"]


class Subscriber:
    """Hears the publishers of a group."""

    def __init__(self, rules: SubscribeRules, rng: Random) -> None:
        self.rules = rules
        self._rng = rng
        self.closed = False
        """Whether the last word has been said."""
        self.dropped: Counter[str] = Counter()
        """What was heard and not understood or not wanted, by reason."""

    # What the application wants.

    def start(self, *, now: float) -> None:
        """Say that this subscriber is here, and ask who else is."""
        raise NotImplementedError

    def taken(self, size_bytes: int, *, now: float) -> None:
        """Note that the program has taken this much of what was handed over."""
        raise NotImplementedError

    @property
    def paused(self) -> bool:
        """Whether nothing more is to be read from the group for now."""
        raise NotImplementedError

    def close(self, *, now: float) -> None:
        """Say that this subscriber leaves; ``closed`` is soon true."""
        raise NotImplementedError

    # What the machine says.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what came to the group or to this subscriber alone."""
        raise NotImplementedError

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        raise NotImplementedError

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        raise NotImplementedError

    def poll_events(self) -> Sequence[SubscribeEvent]:
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
    def stats(self) -> SubscribeStats:
        """What has come so far."""
        raise NotImplementedError
