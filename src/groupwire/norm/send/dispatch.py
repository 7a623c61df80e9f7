"""What is sent next: repairs first, then what is new, at the rate in force."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.norm.send.content import Symbol
from groupwire.norm.send.events import ObjectSent, SenderEvent
from groupwire.norm.send.flusher import Flusher
from groupwire.norm.send.outbox import Outbox
from groupwire.norm.send.outgoing import Outgoing
from groupwire.norm.send.repairer import Repairer
from groupwire.norm.send.window import Window
from groupwire.norm.wire.payload import FecId
from groupwire.values import Transmit

__all__ = ["Dispatch"]

_LARGEST_TRANSMIT = 65_000
_MOST_SEGMENTS = 45
_BURST_S = 0.002
"""How much of a second one transmit may be at the rate in force."""
_MOST_PER_TURN = 1 << 18
"""Bytes after which the event loop has its turn, whatever the rate."""
_AGAIN_S = 0.002
"""When to look again whether what was to be sent has been taken."""
_LEAST_PER_ROW = 16_384
"""What a row counts at least: a short one takes as long."""


class Dispatch:
    """Sends rows of symbols as the bucket lets them through."""

    def __init__(
        self, window: Window, outbox: Outbox, repairer: Repairer, flusher: Flusher
    ) -> None:
        self._window = window
        self._outbox = outbox
        self._repairer = repairer
        self._flusher = flusher
        self.drained = True
        """Whether nothing waits to be sent."""
        self._unflushed = False
        """Whether something was sent or asked for since all was last drained."""
        self.reached = (-1, 0, 0)
        """The last new symbol that has been sent: object, block, symbol."""
        self.deadline: float | None = None
        """When the rate lets the next row through."""
        self.events: list[SenderEvent] = []
        self._limited_at, self._limit = -1.0, 1
        """Segments of a row, and the rate for which that holds."""
        self.repair_bytes = self.repair_packets = 0
        self.data_bytes = 0
        """Of source symbols that were sent for the first time."""

    @property
    def starved(self) -> bool:
        """Whether an object waits for more of it to be read."""
        outgoing = self._window.sending()
        if not self.drained or outgoing is None:
            return False
        return not outgoing.streams

    def resume(self, *, asked: bool = False) -> None:
        """Look for something to send; ``asked`` if it is to be flushed in any case."""
        self.drained = False
        self._unflushed = self._unflushed or asked

    def send(self, now: float) -> None:
        """Send what the rate allows now."""
        bucket, budget = self._outbox.bucket, _MOST_PER_TURN
        self.deadline = None
        while not self.drained:
            if self._outbox.full:
                self.deadline = now + _AGAIN_S
                return
            if budget <= 0 or not bucket.ready(now):
                self._wait(now)
                return
            spent = self._send_row(now)
            if spent:
                self._unflushed = True
                budget -= max(spent, _LEAST_PER_ROW)
            elif self._repairer.busy:
                return
            else:
                self._drain(now)

    def _wait(self, now: float) -> None:
        """Wait until the rate lets more through, or others have had their turn."""
        bucket = self._outbox.bucket
        bucket.waited_for = True
        self.deadline = bucket.ready_at(now)
        if self.deadline > now:
            self.deadline = max(self.deadline, now + self._outbox.config.gather_s)

    def hurry(self, now: float) -> None:
        """Go on at once, as what was to be sent is taken."""
        self.deadline = now

    def lets_through(self, outgoing: Outgoing, now: float) -> bool:
        """Return whether the next symbol would leave at once, and before all else."""
        outbox = self._outbox
        return (
            self.drained
            and self._repairer.idle
            and outgoing.flows
            and self._window.sending() is outgoing
            and not outbox.full
            and outbox.bucket.ready(now)
            and outbox.config.coding.fec_id is not FecId.SMALL_BLOCK
        )

    def send_next(
        self, outgoing: Outgoing, parts: Sequence[Symbol], now: float
    ) -> memoryview:
        """Send the one symbol that is new, which is let through; return it as one."""
        outgoing.step()
        transmit, symbol = self._outbox.composer.segment(outgoing, parts)
        outgoing.went_on(len(symbol))
        self.data_bytes += len(symbol)
        self._put(transmit)
        self._reach(outgoing, now)
        self._unflushed = True
        if self._outbox.bucket.ready(now):
            self._drain(now)
        else:
            self.drained = False
        return symbol

    def _drain(self, now: float) -> None:
        self.drained = True
        self._outbox.bucket.waited_for = False
        if self._unflushed:
            self._unflushed = False
            self._flusher.drained(now)

    def _send_row(self, now: float) -> int:
        """Send the next row; return its bytes."""
        repair = self._repairer.next_row(self._row_limit)
        if repair is None:
            return self._send_new(now)
        outgoing, row = repair
        if row is None:
            spent = self._put(self._outbox.composer.info(outgoing, again=True))
        else:
            spent = sum(map(self._put, self._outbox.composer.row(outgoing, row)))
        self.repair_bytes += spent
        self.repair_packets += 1 if row is None else len(row.keys)
        return spent

    def _send_new(self, now: float) -> int:
        """Send what has never been sent; return its bytes."""
        outgoing = self._window.sending()
        if outgoing is None:
            return 0
        if outgoing.take_info(new=True):
            return self._put(self._outbox.composer.info(outgoing, again=False))
        before = outgoing.sent_bytes
        row = outgoing.next_new(self._row_limit)
        if row is None:
            return 0
        self.data_bytes += outgoing.sent_bytes - before
        self._reach(outgoing, now)
        return sum(map(self._put, self._outbox.composer.row(outgoing, row)))

    def _put(self, transmit: Transmit) -> int:
        self._outbox.put(transmit)
        return len(transmit.data)

    def _reach(self, outgoing: Outgoing, now: float) -> None:
        """Note how far new symbols have been sent."""
        self._flusher.sent(outgoing)
        self._window.touch(outgoing, outgoing.block, now)
        self.reached = (outgoing.number, *outgoing.position)
        self._repairer.position = self.reached
        if outgoing.finished:
            self._window.sent()
            self.events.append(ObjectSent(outgoing.number))

    @property
    def _row_limit(self) -> int:
        rate = self._outbox.bucket.rate
        if rate != self._limited_at:
            step = self._outbox.config.coding.segment_bytes + 40
            at_rate = int(rate * _BURST_S / step)
            fitting = min(_MOST_SEGMENTS, _LARGEST_TRANSMIT // step, at_rate)
            self._limited_at, self._limit = rate, max(1, fitting)
        return self._limit
