"""The end of a publisher: what it waits for, whom it misses, when it has gone."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.messages.presence import Presence
from groupwire.messages.publish.hearers.receipts import Receipts
from groupwire.messages.publish.lanes.lane import StreamLane
from groupwire.messages.publish.lanes.latest import LatestLane

__all__ = ["Closing"]

_LINGER_S = 1.0
"""For so long a publisher that leaves repairs what foreign receivers ask for."""


class Closing:
    """Goes from one step to the next: sends, waits, ends its streams, says farewell.

    Who was here before has had time to say so (docs/messages.md §2.6); each has its
    patience.
    """

    def __init__(
        self,
        presence: Presence,
        receipts: Receipts,
        lanes: Sequence[StreamLane | LatestLane],
    ) -> None:
        self.begun = self.abandoned = self.over = False
        self._presence = presence
        self._receipts = receipts
        self._lanes = lanes
        self._linger_until: float | None = None

    @property
    def deadline(self) -> float | None:
        """When the next step is due, if nothing else brings it."""
        if self._presence.closed:
            return self._linger_until
        if self.begun and not self.abandoned:
            return self._presence.unacquainted_until
        return None

    def turn(self, now: float, *, queued: bool, sent: bool, foreign: bool) -> bool:
        """Take the next steps; True if the last one is among them.

        ``queued`` is whether messages wait, ``sent`` whether there were any, and
        ``foreign`` whether somebody receives who acknowledges nothing.
        """
        if self.over or not self.begun:
            return False
        if self.abandoned:
            self._abandon(now)
        elif self._linger_until is None:
            acquainted = self._presence.is_acquainted(now) or not sent
            if not acquainted or queued or not self._receipts.want_last(now):
                return False
            self._end(now, _LINGER_S if foreign else 0.0)
        at = self._linger_until
        self.over = self._presence.closed and at is not None and now >= at
        return self.over

    def _abandon(self, now: float) -> None:
        """Leave at once: who has not answered until now is missing."""
        self._receipts.end_all(now)
        self._presence.leave(now)
        self._linger_until = now

    def _end(self, now: float, linger_s: float) -> None:
        self._receipts.end_all(now)
        for lane in self._lanes:
            lane.end(now)
        self._presence.leave(now)
        self._linger_until = now + linger_s
