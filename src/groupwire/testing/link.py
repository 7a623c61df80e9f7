"""One direction of a cable, with seeded faults."""

from __future__ import annotations

from collections import Counter
from random import Random

from groupwire.testing.faults import Faults

__all__ = ["Arrival", "Link"]

Arrival = tuple[float, bytes]
"""When it arrives, and what."""
_MOST_BITS = 3


class Link:
    """Carries datagrams one way: loses, doubles, delays and mutilates them.

    Several members may share one, as they share a cable. ``cut`` is a partition of
    this direction; ``faults`` may be exchanged at any time. ``dropped`` counts what
    did not arrive, by reason; ``slipped`` what was mutilated unnoticed.
    """

    def __init__(self, faults: Faults, rng: Random) -> None:
        self.cut = False
        self.dropped: Counter[str] = Counter()
        self.slipped = 0
        self._rng = rng
        self._draw = rng.random
        self._in_burst = False
        self._free_at = 0.0
        self._latest = 0.0
        self.faults = faults

    @property
    def faults(self) -> Faults:
        """What it does to what it carries."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self._shapes_time = faults.shapes_time
        self._largest = faults.mtu_bytes - faults.wire_bytes(0)

    def carry(self, data: bytes, now: float) -> list[Arrival]:
        """Return what comes of a datagram: nothing, itself, or more of them."""
        faults = self._faults
        reason = self._reason_to_drop(data, now)
        if reason:
            self.dropped[reason] += 1
            return []
        if faults.corruption and self._draw() < faults.corruption:
            if self._rng.randrange(faults.checksum_misses):
                self.dropped["checksum"] += 1
                return []
            self.slipped += 1
            data = self._mutilate(data)
        sent = self._serve(data, now) if faults.rate_bytes_per_s else now
        at = sent + faults.delay_s
        if not self._shapes_time:
            return [(at, data)]
        return self._disturb(data, at)

    def _reason_to_drop(self, data: bytes, now: float) -> str:
        faults = self._faults
        if self.cut:
            return "cut"
        if len(data) > self._largest:
            return "mtu"
        if faults.loss and self._loses():
            return "loss"
        rate = faults.rate_bytes_per_s
        if rate and (self._free_at - now) * rate > faults.queue_bytes:
            return "queue"
        return ""

    def _loses(self) -> bool:
        """Gilbert's model: a burst goes on until it ends, then losses are rarer."""
        loss, burst = self._faults.loss, self._faults.burst
        if burst == 1 or loss == 1:
            return self._draw() < loss
        burst = max(burst, loss / (1 - loss))
        if self._in_burst:
            self._in_burst = self._draw() >= 1 / burst
        else:
            self._in_burst = self._draw() < loss / (burst * (1 - loss))
        return self._in_burst

    def _serve(self, data: bytes, now: float) -> float:
        """Return when the last bit has passed."""
        faults = self._faults
        begins = max(now, self._free_at)
        sending_s = faults.wire_bytes(len(data)) / faults.rate_bytes_per_s
        self._free_at = begins + sending_s
        return self._free_at

    def _disturb(self, data: bytes, at: float) -> list[Arrival]:
        faults, draw = self._faults, self._draw
        if faults.jitter_s:
            at += draw() * faults.jitter_s
        if faults.reordering and draw() < faults.reordering:
            arrivals = [(at + draw() * faults.late_s, data)]
        else:
            self._latest = at = max(at, self._latest)
            arrivals = [(at, data)]
        if faults.duplication and draw() < faults.duplication:
            arrivals.append((at + draw() * faults.late_s, data))
        return arrivals

    def _mutilate(self, data: bytes) -> bytes:
        wrong = bytearray(data)
        bits = 8 * len(wrong)
        for at in self._rng.sample(
            range(bits), min(bits, self._rng.randint(1, _MOST_BITS))
        ):
            wrong[at >> 3] ^= 1 << (at & 7)
        return bytes(wrong)
