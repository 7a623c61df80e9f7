"""When each part of a transport stream is to leave, by the stream's own clock.

Between two clocks of a stream its packets are evenly apart (ISO 13818-1 §2.4.2.2), so
what is behind a clock waits for the next one: 0.1 s at most in a stream that keeps to
the standard, 0.04 s or less as most programs write it.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from groupwire.errors import UsageError
from groupwire.media.transport.clock import CLOCK_HZ, PCR_MODULUS, Tick, ticks_in
from groupwire.probe.sequence.continuity import TS_BYTES

__all__ = ["LONGEST_TICK_S", "MAX_HELD", "PACKETS_EACH", "Departure", "Timetable"]

PACKETS_EACH = 7
"""Packets in a datagram: 1,316 bytes, as all media programs send them."""
LONGEST_TICK_S = 1.0
"""From one clock to the next; what is longer, or goes back, is another clock."""
MAX_HELD = 16_384
"""Packets that wait for the next clock; 3 MB."""
_CATCH_UP_S = 0.1
"""Who is later than that goes on from now: it would be a burst nobody wanted."""


class Departure(NamedTuple):
    """A datagram's worth of packets, and when it is to leave."""

    due_s: float
    data: bytes
    fresh: bool
    """Another clock of the stream begins with it."""


class Timetable:
    """Packets in, departures out; times are seconds of one clock, whichever.

    ``packets_each`` go into a datagram. ``rate_bps`` is for streams that have no clock.
    What comes later than it was due delays all that follows, so that a source that is
    slower than our clock sets the pace.
    """

    def __init__(
        self, *, packets_each: int = PACKETS_EACH, rate_bps: float | None = None
    ) -> None:
        self._each_bytes = packets_each * TS_BYTES
        self._step = None if rate_bps is None else TS_BYTES * 8 / rate_bps
        self._clockless = False
        self._pid: int | None = None
        self._pcr = 0
        self._held = bytearray()
        self._lead = 0
        # Packets in front of the first clock, as long as no distance is known.
        self._at: float | None = None
        self._row, self._row_due = bytearray(), 0.0
        self._fresh = False
        self._queue: deque[Departure] = deque()
        self._shift = 0.0
        # The queue is in a time of its own, which a delay moves as a whole.
        self.queued_bytes = 0
        self.late_s = 0.0
        """By how much all was delayed so far, since its source or we were late."""
        self.breaks = 0
        """How often the stream's clock began anew."""

    @property
    def clocked(self) -> bool:
        """Whether the stream's own clock sets the pace."""
        return self._pid is not None

    @property
    def due_s(self) -> float | None:
        """When the next departure is; None: none is known."""
        return self._queue[0].due_s + self._shift if self._queue else None

    def ahead_s(self, now: float) -> float:
        """Return for how long there is enough to send."""
        return 0.0 if self._at is None else self._at + self._shift - now

    def feed(self, packets: bytes, *, now: float) -> None:
        """Take whole packets that come next.

        Raises UsageError where nothing tells how fast the stream is.
        """
        done = 0
        for tick in ticks_in(packets):
            if self._pid is None or tick.pid == self._pid:
                self._hold(packets[done : tick.number * TS_BYTES], now)
                done = tick.number * TS_BYTES
                self._tick(tick, now)
        self._hold(packets[done:], now)

    def end(self, *, now: float) -> None:
        """Know that nothing follows. Raises UsageError as :meth:`feed` does."""
        if self._held:
            self._lay(self._known_step(), now)
        self._close_row()

    def take(self, now: float) -> list[Departure]:
        """Return what is due by now."""
        due = self.due_s
        if due is None or due > now:
            return []
        if now - due > _CATCH_UP_S:
            self._delay(now - due)
        taken: list[Departure] = []
        while self._queue and self._queue[0].due_s + self._shift <= now:
            departure = self._queue.popleft()
            self.queued_bytes -= len(departure.data)
            taken.append(departure._replace(due_s=departure.due_s + self._shift))
        return taken

    def _hold(self, packets: bytes, now: float) -> None:
        """Keep packets until the next clock; not where there is none."""
        self._held += packets
        if not self._clockless and self._too_many():
            # The packet id that had the clock has it no more, or none has.
            self._pid, self._clockless = None, True
        if self._clockless and self._held:
            self._lay(self._known_step(), now)

    def _too_many(self) -> bool:
        held = len(self._held) // TS_BYTES
        longest_s = held * (self._step or 0.0)
        return held >= MAX_HELD or longest_s > LONGEST_TICK_S

    def _known_step(self) -> float:
        if self._step is None:
            raise UsageError(
                "this stream has no clock (PCR) to send it by",
                fix="name its rate in bits per second: `--rate 8M`, `rate=8e6`",
            )
        return self._step

    def _tick(self, tick: Tick, now: float) -> None:
        """Take a clock, at the packet that comes next."""
        known, before = self._pid is not None, self._pcr
        self._pid, self._pcr, self._clockless = tick.pid, tick.pcr, False
        elapsed_s = (tick.pcr - before) % PCR_MODULUS / CLOCK_HZ
        if known and not tick.jumps and 0 < elapsed_s <= LONGEST_TICK_S:
            many = len(self._held) // TS_BYTES - self._lead
            self._lay(elapsed_s / many, now)
            return
        if self._step is None:
            self._lead = len(self._held) // TS_BYTES
        elif self._held:
            self._lay(self._step, now)
        if known:
            self._close_row()
            self.breaks += 1
            self._fresh = True

    def _lay(self, step: float, now: float) -> None:
        """Give the packets that are held their times."""
        lead_s = min(self._lead * step, LONGEST_TICK_S)
        if self._at is None:
            self._at = now - self._shift
        late = now - self._shift - self._at
        if late > 0:
            self._delay(late)
        packets, self._held = bytes(self._held), bytearray()
        before, self._lead = self._lead * TS_BYTES, 0
        if before:
            self._spread(packets[:before], lead_s * TS_BYTES / before)
        self._spread(packets[before:], step)
        self._step = step

    def _spread(self, packets: bytes, step: float) -> None:
        """Cut packets that are ``step`` apart into datagrams."""
        start, size = self._at or 0.0, len(packets)
        taken = 0
        while taken < size:
            if not self._row:
                self._row_due = start + taken // TS_BYTES * step
            part = packets[taken : taken + self._each_bytes - len(self._row)]
            self._row += part
            taken += len(part)
            if len(self._row) == self._each_bytes:
                self._close_row()
        self._at = start + size // TS_BYTES * step

    def _close_row(self) -> None:
        if not self._row:
            return
        departure = Departure(self._row_due, bytes(self._row), self._fresh)
        self._queue.append(departure)
        self.queued_bytes += len(self._row)
        self._row, self._fresh = bytearray(), False

    def _delay(self, by_s: float) -> None:
        self._shift += by_s
        self.late_s += by_s
