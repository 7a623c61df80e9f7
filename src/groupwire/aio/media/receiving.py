"""A group's media as one stream of bytes, in whole packets of 188."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from groupwire.aio.ends.entered import Entered
from groupwire.aio.media.hearing import Hearing, HearingConfig
from groupwire.aio.opening import Joined, group_of
from groupwire.errors import UsageError
from groupwire.media.rtp import MediaReader, ReaderStats
from groupwire.values import Datagram, Group

__all__ = ["MAX_QUEUE_BYTES", "MediaReceiving", "receive_media"]

MAX_QUEUE_BYTES = 32 << 20
"""What waits for a program that does not read; what comes then is dropped."""


def receive_media(
    group: Group | str | None = None,
    *,
    interface: str | int | None = None,
    stall: float | None = None,
    receive_buffer: int = 16 << 20,
) -> MediaReceiving:
    """Join a group, and iterate over the transport stream that comes to it.

    It may come in RTP or plain. ``stall`` ends the iteration after so many seconds of
    silence, once something has come; without it nothing ends it, since no sender says
    that it has ended. Raises AddressError and UsageError at once, MachineError on
    entry.
    """
    if stall is not None and not stall > 0:
        raise UsageError(f"{stall} s is no silence", fix="give seconds above 0")
    config = HearingConfig(interface=interface, receive_buffer=receive_buffer)
    return MediaReceiving(group_of(group), config, stall)


class MediaReceiving(Entered):
    """A stream as it comes; ``async with`` joins and leaves."""

    def __init__(
        self, group: Group, config: HearingConfig, stall: float | None
    ) -> None:
        self._group, self._config, self._stall = group, config, stall
        self._reader = MediaReader()
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._full = 0
        self._heard: float | None = None
        self._something = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._hearing: Hearing | None = None
        self._lost_here = Counter[str]()
        self._closed = False

    @property
    def joined(self) -> tuple[Joined, ...]:
        """Where it has joined, and why there; empty before it has."""
        return self._hearing.joined if self._hearing else ()

    @property
    def stats(self) -> ReaderStats:
        """What has come so far, and what was dropped, on this machine too."""
        stats = self._reader.stats
        drops = Counter(stats.dropped)
        drops.update(self._hearing.dropped if self._hearing else self._lost_here)
        if self._full:
            drops["queue-full"] = self._full
        return replace(stats, dropped=dict(drops))

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises MachineError."""
        self._hearing = Hearing([self._group], self._config, self._take)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._hearing is None and not self._closed:
            raise UsageError("nothing is joined yet", fix="enter it with `async with`")
        while (data := await self._next()) is not None:
            yield data

    async def close(self) -> None:
        """Leave the group and end the iteration; any number of times."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._hearing is not None:
            self._lost_here = self._hearing.dropped
            self._hearing.close()
            self._hearing = None
            self._reader.close()
            self._drain()
        self._something.set()

    async def _next(self) -> bytes | None:
        """Wait for all that there is; None at the end."""
        while not self._queue:
            if self._closed or not await self._wait():
                return None
        data = b"".join(self._queue)
        self._queue.clear()
        self._queued = 0
        return data

    async def _wait(self) -> bool:
        """Wait for something; False: it has been silent for too long."""
        self._something.clear()
        if self._stall is None:
            await self._something.wait()
            return True
        loop = asyncio.get_running_loop()
        since = self._heard
        left = self._stall if since is None else since + self._stall - loop.time()
        if left <= 0:
            return False
        try:
            async with asyncio.timeout(left):
                await self._something.wait()
        except TimeoutError:
            # Silence counts from the first datagram on, and not from the last read.
            return self._heard is None or self._heard != since
        return True

    def _take(self, datagrams: Sequence[Datagram]) -> None:
        now = asyncio.get_running_loop().time()
        for datagram in datagrams:
            self._reader.handle_datagram(datagram, now=now)
        self._drain()
        self._arm()

    def _expire(self) -> None:
        self._timer = None
        self._reader.handle_timeout(now=asyncio.get_running_loop().time())
        self._drain()
        self._arm()

    def _arm(self) -> None:
        due = self._reader.poll_timeout()
        if self._timer is None and due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._expire)

    def _drain(self) -> None:
        while (data := self._reader.poll_data()) is not None:
            self._heard = asyncio.get_running_loop().time()
            if self._queued + len(data) > MAX_QUEUE_BYTES:
                self._full += 1
                continue
            self._queue.append(data)
            self._queued += len(data)
            self._something.set()
