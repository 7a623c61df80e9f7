"""An onlooker: hears who is in a group, and is nobody in it (docs/messages.md §2.5).

Verbs take ``now`` in seconds on any clock that never goes back; after each, drain
``poll_transmits`` and ``poll_events`` and come back at ``poll_timeout``.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random

from groupwire.gather import is_tagged
from groupwire.messages.delivery import DELIVERIES
from groupwire.messages.events import PresenceEvent
from groupwire.messages.members import Member, Standing
from groupwire.messages.presence import Myself, Presence
from groupwire.messages.wire.words import Who
from groupwire.values import Datagram, Interface, Origin, Transmit

__all__ = ["Onlooker"]

_HEAD = struct.Struct("!B3xI")
"""RFC 5740 §4.2: version and type, source."""
_VERSION = 0x10
_ASK_AGAIN_S = (0.3, 0.8)
"""One question, or the answers to it, may be lost."""


class Onlooker:
    """Asks who is here, and hears who comes and goes; nobody is told that it looks."""

    def __init__(self, name: str, rng: Random) -> None:
        me = Myself(rng.getrandbits(64), name, role=None)
        self._presence = Presence(me, rng)
        self._ask_at: list[float] = []

    def start(self, *, now: float) -> None:
        """Ask who is here."""
        self._presence.start(now)
        self._ask_at = [now + after for after in _ASK_AGAIN_S]

    def close(self, *, now: float) -> None:
        """Look no more; there is nobody to be told."""
        self._presence.leave(now)

    @property
    def closed(self) -> bool:
        """Whether it looks no more."""
        return self._presence.closed

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to do."""
        return self.closed

    @property
    def dropped(self) -> Counter[str]:
        """What was heard and not understood, by reason."""
        return self._presence.dropped

    @property
    def members(self) -> Sequence[Member]:
        """Who is here."""
        return self._presence.roster.members

    def standing(self, member: Member) -> Standing | None:
        """Return what a member that is here said last of itself."""
        return self._presence.roster.standing(member)

    # What the machine says.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what came to the group."""
        data = datagram.data
        if is_tagged(data):
            self._presence.hear(datagram, now=now)
        elif len(data) < _HEAD.size:
            self.dropped["cut"] += 1
        else:
            kind, node = _HEAD.unpack_from(data)
            if kind & 0xF0 != _VERSION:
                self.dropped["no-norm"] += 1
            else:
                self._hear_norm(datagram.origin, node, now)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        if self._ask_at and self._ask_at[0] <= now:
            del self._ask_at[0]
            self._presence.say(Who())
        self._presence.expire(now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        return self._presence.poll_transmits()

    def poll_events(self) -> Sequence[PresenceEvent]:
        """Return who has come and gone; each only once."""
        return self._presence.poll_events()

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        if self.closed:
            return None
        due = [self._presence.deadline, *self._ask_at[:1]]
        return min((at for at in due if at is not None), default=None)

    def update_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Judge by these interfaces from now on: nothing depends on them."""

    # How it is done.

    def _hear_norm(self, origin: Origin, node: int, now: float) -> None:
        """Take what a member sends as a sign of life: a publisher has three nodes."""
        for number in range(len(DELIVERIES)):
            member = self._presence.roster.at(origin, node - number)
            if member is not None:
                self._presence.alive(member, now)
                return
        self.dropped["norm-unknown"] += 1
