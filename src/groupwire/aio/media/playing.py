"""The thread that sends a stream in time, and what it is fed through."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress

from groupwire.aio.probing.pacing import Metronome
from groupwire.errors import UsageError
from groupwire.media.rtp import RtpPacker
from groupwire.media.transport import Departure, Timetable, TsFramer
from groupwire.net import MulticastSender

__all__ = ["AHEAD_BYTES", "AHEAD_S", "INBOX_BYTES", "Inbox", "Player"]

AHEAD_S = 0.5
AHEAD_BYTES = 4 << 20
"""What is laid out ahead of its time; a file is read no faster than that."""
INBOX_BYTES = 1 << 19
"""What was read and is not laid out yet."""
_PORTION_BYTES = 188 * 64
"""What is laid out at once: some tens of microseconds, between two departures."""
_JUNK_BYTES = 1 << 20
"""What is skipped in front of the first packet before one knows that there is none."""
_LOOK_S = 0.1
"""How often one looks whether it is to end."""


class Inbox:
    """Bytes from the event loop to the thread, no more than there is room for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pieces: deque[memoryview] = deque()
        self._size = 0
        self._ended = False
        self._changed = threading.Condition()
        self._room = asyncio.Event()

    async def put(self, data: bytes) -> None:
        """Hand bytes over, and wait until there is room for more."""
        with self._changed:
            self._pieces.append(memoryview(data))
            self._size += len(data)
            self._changed.notify()
        while self._size > INBOX_BYTES:
            self._room.clear()
            if self._size > INBOX_BYTES:
                await self._room.wait()

    def end(self) -> None:
        """Know that nothing follows."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def get(self) -> bytes | None:
        """Return a portion; empty: there is none now. None: there will be none."""
        with self._changed:
            if not self._pieces:
                return None if self._ended else b""
            portion = self._pieces[0][:_PORTION_BYTES]
            self._pieces[0] = self._pieces[0][len(portion) :]
            if not self._pieces[0]:
                self._pieces.popleft()
            was, self._size = self._size, self._size - len(portion)
        if was > INBOX_BYTES >= self._size:
            with suppress(RuntimeError):  # the loop has been closed
                self._loop.call_soon_threadsafe(self._room.set)
        return bytes(portion)

    def wait(self, seconds: float) -> None:
        """Wait until there is something, or the end, or the time is over."""
        with self._changed:
            if not self._pieces and not self._ended:
                self._changed.wait(seconds)


class Player:
    """Lays out what comes in, sends what is due, and counts; in one thread."""

    def __init__(
        self,
        inbox: Inbox,
        table: Timetable,
        beat: Metronome,
        sender: MulticastSender,
        packer: RtpPacker | None,
    ) -> None:
        self._inbox, self.table, self._beat = inbox, table, beat
        self._sender, self._packer = sender, packer
        self._framer = TsFramer()
        self._any = self._ended = False
        self._behind = 0.0
        self.packets = self.size_bytes = 0

    @property
    def skipped_bytes(self) -> int:
        """What was no packet of a transport stream."""
        return self._framer.skipped_bytes

    def behind_s(self) -> float:
        """Return how late the latest departure was; it is told once."""
        behind, self._behind = self._behind, 0.0
        return behind

    def play(self) -> None:
        """Play it all. Raises UsageError for what is no stream, or has no clock."""
        self._beat.start()
        while not self._beat.stopped:
            now = self._beat.elapsed_s
            for departure in self.table.take(now):
                self._send(departure)
            if self._ended and self.table.due_s is None:
                return
            if not (self._wants_more(now) and self._lay_out()):
                self._rest()

    def _wants_more(self, now: float) -> bool:
        table = self.table
        return (
            not self._ended
            and table.ahead_s(now) < AHEAD_S
            and table.queued_bytes < AHEAD_BYTES
        )

    def _lay_out(self) -> bool:
        """Lay out the portion that comes next; False: there is none now."""
        portion = self._inbox.get()
        if portion is None:
            self._end()
            return True
        packets = self._framer.feed(portion)
        if packets:
            self.table.feed(packets, now=self._beat.elapsed_s)
        elif self.skipped_bytes > _JUNK_BYTES and not self._any:
            raise _no_stream()
        self._any = self._any or bool(packets)
        return bool(portion)

    def _end(self) -> None:
        self._ended = True
        now = self._beat.elapsed_s
        if packets := self._framer.end():
            self.table.feed(packets, now=now)
        elif self.skipped_bytes and not self._any:
            raise _no_stream()
        self.table.end(now=now)

    def _rest(self) -> None:
        """Sleep until something is due, or has come."""
        now = self._beat.elapsed_s
        due = self.table.due_s
        left = _LOOK_S if due is None else min(due - now, _LOOK_S)
        if left <= 0:
            return
        if self._wants_more(now):
            self._inbox.wait(left)
        else:
            self._beat.wait(now + left)

    def _send(self, departure: Departure) -> None:
        data = departure.data
        if self._packer is not None:
            data = self._packer.pack(departure)
        self._behind = max(self._behind, self._beat.elapsed_s - departure.due_s)
        self._beat.send(self._sender, data, 0)
        self.packets += 1
        self.size_bytes += len(departure.data)


def _no_stream() -> UsageError:
    return UsageError(
        "this is no MPEG transport stream",
        fix="make one, as with `ffmpeg -i FILE -c copy -f mpegts -`",
    )
