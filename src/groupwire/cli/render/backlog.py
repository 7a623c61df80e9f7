"""Lines for a pipe whose reader has not taken them yet.

A write to a full pipe would stop the event loop, and with it a delivery in which others
wait for this member. So what the pipe does not take at once waits here, and goes when
there is room; of too much the rest is left out, and how much is told in its place.
"""

from __future__ import annotations

import os
import select
import stat
from collections import deque
from collections.abc import Callable, Iterable
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

__all__ = ["MOST_BYTES", "Backlog", "backlogs", "pipe_of"]

MOST_BYTES = 32 << 20
"""Of lines that wait: more than the files of a usual delivery make."""
_ROOMY_BYTES = 1 << 20
"""With so much that waits, who can wait goes on: a pipe takes less at once."""


class Backlog:
    """What waits for one pipe; ``notice`` writes the line for lines left out."""

    def __init__(self, number: int, notice: Callable[[int], bytes]) -> None:
        self.ending = False
        """Whether nothing else is done but to wait for the reader."""
        self._number = number
        self._notice = notice
        self._waiting: deque[memoryview] = deque()
        self._waiting_bytes = 0
        self._left_out = 0
        self._error: OSError | None = None
        self._loop: AbstractEventLoop | None = None
        """Where it is told when the pipe has room."""
        self._roomy: Future[None] | None = None

    def put(self, data: bytes, *, keep: bool = False) -> None:
        """Write a line, now or when there is room. OSError if that is over for good.

        ``keep``: whatever waits already.
        """
        self._write()
        if self._waiting_bytes + len(data) > MOST_BYTES and not keep:
            self._left_out += 1
            return
        self._tell_left_out()
        self._append(data)
        self._write()
        if self._waiting and not self._watch():
            self.flush()
        self._complain()

    async def drained(self) -> None:
        """Wait until the reader has taken nearly all; or has gone: ``put`` says that.

        For who makes lines only as fast as they are read.
        """
        while self._waiting_bytes > _ROOMY_BYTES and self._loop is not None:
            self._roomy = self._loop.create_future()
            await self._roomy

    def flush(self, patience_s: float | None = None) -> None:
        """Wait for the reader; with ``patience_s`` only while it takes something."""
        self._tell_left_out()
        self.ending = True
        try:
            while self._waiting and self._is_ready(patience_s):
                self._write()
        finally:
            self.ending = False
        self._complain()

    def _append(self, data: bytes) -> None:
        self._waiting.append(memoryview(data))
        self._waiting_bytes += len(data)

    def _tell_left_out(self) -> None:
        if self._left_out:
            self._append(self._notice(self._left_out))
            self._left_out = 0

    def _write(self) -> None:
        """Write what goes without waiting."""
        try:
            while self._waiting and self._is_ready(0.0):
                # A pipe that has room takes so much at once.
                head = self._waiting[0]
                done = os.write(self._number, head[: select.PIPE_BUF])
                self._waiting_bytes -= done
                self._waiting[0] = head[done:]
                if done == len(head):
                    self._waiting.popleft()
        except OSError as error:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._error = error
        if self._roomy is not None and self._waiting_bytes <= _ROOMY_BYTES:
            roomy, self._roomy = self._roomy, None
            if not roomy.done():
                roomy.set_result(None)
        if not self._waiting:
            self._unwatch()

    def _is_ready(self, within_s: float | None) -> bool:
        poll = select.poll()
        poll.register(self._number, select.POLLOUT)
        return bool(poll.poll(None if within_s is None else 1000 * within_s))

    def _watch(self) -> bool:
        """Go on when the pipe has room; False where nobody would tell that."""
        from asyncio import get_running_loop  # not for what is said at once

        if self._loop is None:
            try:
                self._loop = get_running_loop()
            except RuntimeError:
                return False
            self._loop.add_writer(self._number, self._write)
        return True

    def _unwatch(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_writer(self._number)
        self._loop = None

    def _complain(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


def backlogs(
    streams: Iterable[IO[Any] | None], notice: Callable[[int], bytes]
) -> dict[int, Backlog]:
    """Return one for each stream that is a pipe, by ``id``; a pipe has one only."""
    found: dict[int, Backlog] = {}
    by_pipe: dict[tuple[int, int], Backlog] = {}
    for stream in streams:
        number = pipe_of(stream)
        if number is not None:
            status = os.fstat(number)
            pipe = status.st_dev, status.st_ino
            by_pipe.setdefault(pipe, Backlog(number, notice))
            found[id(stream)] = by_pipe[pipe]
    return found


def pipe_of(stream: IO[Any] | None) -> int | None:
    """Return the descriptor of a stream that is a pipe or socket, else None."""
    try:
        number: int = stream.fileno()  # type: ignore[union-attr]
        mode = os.fstat(number).st_mode
    except (AttributeError, OSError, ValueError):
        return None
    return number if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None
