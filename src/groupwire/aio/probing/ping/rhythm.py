"""Questions in a rhythm, and the answers meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Generic, TypeVar

from groupwire.aio.inbox import Inbox
from groupwire.errors import UsageError

__all__ = ["Rhythm", "check_rhythm"]

_MOST_UNTOLD = 10_000
"""Answers that wait to be told; of more only the numbers are."""
_SHORTEST_S = 0.01

ReplyT = TypeVar("ReplyT")


def check_rhythm(
    count: int | None, interval: float, timeout: float, size: int, largest: int
) -> None:
    """Raise UsageError for questions that cannot be asked."""
    if count is not None and count < 1:
        raise UsageError(f"{count} questions are none", fix="ask at least once")
    if not interval >= _SHORTEST_S:
        raise UsageError(
            f"an interval of {interval} s is too short",
            fix=f"the shortest is {_SHORTEST_S} s",
        )
    if not timeout > 0:
        raise UsageError(f"{timeout} s are no time", fix="wait for longer than 0")
    if not 0 <= size <= largest:
        raise UsageError(f"{size} bytes are too many", fix=f"at most {largest} bytes")


class Rhythm(Generic[ReplyT]):
    """Calls ``ask`` so often; ``over`` tells that all has come that may.

    What :meth:`tell` takes is iterated over meanwhile.
    """

    def __init__(self, ask: Callable[[], None], over: Callable[[], bool]) -> None:
        self._ask, self._over = ask, over
        self._replies: Inbox[ReplyT] = Inbox(_MOST_UNTOLD)
        self.finished = False
        """Whether it came to its end, and was not interrupted."""

    def tell(self, reply: ReplyT) -> None:
        """Take an answer, unless too many wait."""
        self._replies.put(reply)

    async def replies(
        self, count: int | None, interval: float, timeout: float
    ) -> AsyncGenerator[ReplyT, None]:
        """Ask so often, and then wait for the last answers."""
        asking = asyncio.create_task(self._beat(count, interval, timeout))
        try:
            while (reply := await self._replies.take()) is not None:
                yield reply
                if not len(self._replies) and self._over():
                    self.finished = True
                    return
            await asking  # what went wrong there is raised here
        finally:
            asking.cancel()

    async def _beat(self, count: int | None, interval: float, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        start, asked = loop.time(), 0
        try:
            while count is None or asked < count:
                self._ask()
                asked += 1
                left = start + asked * interval - loop.time()
                await asyncio.sleep(timeout if asked == count else max(left, 0))
            self.finished = True
        finally:
            self._replies.close()
