"""Acknowledgements that a sender has asked this receiver for (RFC 5740 §5.5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from groupwire.errors import UsageError
from groupwire.norm.wire.feedback import AckType, Watermark

__all__ = ["Acknowledger", "DueAck"]

_MOST_ANSWERS = 64
_KEPT_S = 10.0
"""For so long a request is known after it was heard last, or for twice as long as a
sender repeats one if that is more. Ids are of one byte, so they come again."""
_LAST_ID = 0xFF


@dataclass(frozen=True, slots=True)
class DueAck:
    """An acknowledgement to send now."""

    ack_type: int
    ack_id: int
    payload: bytes


@dataclass(slots=True)
class _Request:
    heard_at: float = 0.0
    answer: bytes | None = None


class Acknowledger:
    """Answers within a round trip of being asked, at a random time in it.

    A watermark that is asked for again while its answer waits is answered once.
    """

    def __init__(self, rng: Random, robust: int) -> None:
        self._rng = rng
        self._robust = robust
        self._waiting: dict[tuple[int, int], tuple[float, bytes]] = {}
        self._known: dict[tuple[int, int], _Request] = {}
        """The one that was heard longest ago first."""

    @property
    def deadline(self) -> float | None:
        """When the next one is due."""
        if not self._waiting:
            return None
        return min(due for due, _ in self._waiting.values())

    def reached(self, mark: Watermark, bits: int, now: float, grtt_s: float) -> None:
        """Acknowledge a watermark."""
        key = AckType.FLUSH, 0
        payload = mark.encode(bits)
        waiting = self._waiting.get(key)
        if waiting is None or waiting[1] != payload:
            self._wait(key, payload, now, grtt_s)

    def requested(self, ack_type: int, ack_id: int, now: float, grtt_s: float) -> bool:
        """Note a request; True if the application has to be asked for the answer."""
        key = ack_type, ack_id
        self._expire(now, grtt_s)
        known = self._known.pop(key, None)
        request = self._known[key] = known or _Request()
        request.heard_at = now
        if len(self._known) > _MOST_ANSWERS:
            del self._known[next(iter(self._known))]
        if request.answer is not None and key not in self._waiting:
            self._wait(key, request.answer, now, grtt_s)
        return known is None

    def answer(
        self, ack_type: int, ack_id: int, payload: bytes, now: float, grtt_s: float
    ) -> None:
        """Answer a request, now and as long as it is repeated."""
        if not AckType.APPLICATION <= ack_type <= AckType.LAST:
            raise UsageError(f"{ack_type} is no type of acks", fix="use 16 to 255")
        if not 0 <= ack_id <= _LAST_ID:
            raise UsageError(f"{ack_id} is no ack id", fix="use 0 to 255")
        key = ack_type, ack_id
        self._expire(now, grtt_s)
        if (request := self._known.get(key)) is not None:
            request.answer = payload
        self._wait(key, payload, now, grtt_s)

    def due(self, now: float) -> list[DueAck]:
        """Return what is to be sent; each only once."""
        keys = [key for key, (due, _) in self._waiting.items() if due <= now]
        return [DueAck(*key, self._waiting.pop(key)[1]) for key in keys]

    def _wait(
        self, key: tuple[int, int], payload: bytes, now: float, grtt_s: float
    ) -> None:
        self._waiting[key] = now + self._rng.random() * grtt_s, payload

    def _expire(self, now: float, grtt_s: float) -> None:
        """Forget requests that nobody repeats any more."""
        kept_s = max(_KEPT_S, 2 * self._robust * 2 * grtt_s)
        old = [k for k, r in self._known.items() if now - r.heard_at > kept_s]
        for key in old:
            del self._known[key]
