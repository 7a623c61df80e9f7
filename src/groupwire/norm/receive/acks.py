"""Acknowledgements that a sender has asked this receiver for (RFC 5740 §5.5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from groupwire.errors import UsageError
from groupwire.norm.wire.feedback import AckType, Watermark

__all__ = ["Acknowledger", "DueAck"]

_MOST_ANSWERS = 64
_LAST_ID = 0xFF


@dataclass(frozen=True, slots=True)
class DueAck:
    """An acknowledgement to send now."""

    ack_type: int
    ack_id: int
    payload: bytes


class Acknowledger:
    """Answers within a round trip of being asked, at a random time in it.

    A watermark that is asked for again while its answer waits is answered once.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._waiting: dict[tuple[int, int], tuple[float, bytes]] = {}
        self._answers: dict[tuple[int, int], bytes] = {}
        self._asked: set[tuple[int, int]] = set()

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
            self._waiting[key] = now + self._rng.random() * grtt_s, payload

    def requested(self, ack_type: int, ack_id: int, now: float, grtt_s: float) -> bool:
        """Note a request; True if the application has to be asked for the answer."""
        key = ack_type, ack_id
        if key in self._answers:
            if key not in self._waiting:
                due = now + self._rng.random() * grtt_s
                self._waiting[key] = due, self._answers[key]
            return False
        if key in self._asked:
            return False
        if len(self._asked) >= _MOST_ANSWERS:
            self._asked.clear()
        self._asked.add(key)
        return True

    def answer(
        self, ack_type: int, ack_id: int, payload: bytes, now: float, grtt_s: float
    ) -> None:
        """Answer a request, now and whenever it is repeated."""
        if not AckType.APPLICATION <= ack_type <= AckType.LAST:
            raise UsageError(f"{ack_type} is no type of acks", fix="use 16 to 255")
        if not 0 <= ack_id <= _LAST_ID:
            raise UsageError(f"{ack_id} is no ack id", fix="use 0 to 255")
        key = ack_type, ack_id
        self._answers.pop(key, None)
        while len(self._answers) >= _MOST_ANSWERS:
            self._answers.pop(next(iter(self._answers)))
        self._answers[key] = payload
        self._waiting[key] = now + self._rng.random() * grtt_s, payload

    def due(self, now: float) -> list[DueAck]:
        """Return what is to be sent; each only once."""
        keys = [key for key, (due, _) in self._waiting.items() if due <= now]
        return [DueAck(*key, self._waiting.pop(key)[1]) for key in keys]
