"""What anybody may have sent again: a share of the rate, and something saved up."""

from __future__ import annotations

__all__ = ["Budget"]

_SHARE = 4
"""One byte of so many: others that send to the group need theirs."""
_SAVED_BYTES = 1 << 20
"""At most: the values of a usual group at once."""


class Budget:
    """Counts bytes; one message of any size may go into debt, and is waited for."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        """When something that was not allowed may be sent."""
        self._credit: float = _SAVED_BYTES
        self._at: float | None = None

    def spend(self, size_bytes: int) -> None:
        """Count what was sent."""
        self._credit -= size_bytes

    def allows(self, now: float, rate_bytes_per_s: float) -> bool:
        """Return whether something may be sent, at the rate in force."""
        earned_per_s = rate_bytes_per_s / _SHARE
        if self._at is not None:
            earned = (now - self._at) * earned_per_s
            self._credit = min(_SAVED_BYTES, self._credit + earned)
        self._at, self.deadline = now, None
        if self._credit >= 0 or earned_per_s <= 0:
            return True
        at = now - self._credit / earned_per_s
        self.deadline = at if at > now else None
        return self.deadline is None

    def due(self, now: float) -> bool:
        """Return whether it is time to go on with what was not allowed."""
        return self.deadline is not None and self.deadline <= now
