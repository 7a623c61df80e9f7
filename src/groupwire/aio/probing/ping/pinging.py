"""An iteration that says at any time what it has come to, also when cut short."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Pinging"]

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")


class Pinging(AsyncIterator[EventT], Generic[EventT, ResultT]):
    """Iterate over it for what happens; ``aclose`` ends it early."""

    def __init__(
        self,
        events: AsyncGenerator[EventT, None],
        results: Callable[[], Sequence[ResultT]],
    ) -> None:
        self._events, self._results = events, results

    @property
    def results(self) -> Sequence[ResultT]:
        """What the answers come to so far; the same ends a complete iteration."""
        return self._results()

    async def __anext__(self) -> EventT:
        return await anext(self._events)

    async def aclose(self) -> None:
        """End it, leave the groups; ``results`` stay."""
        await self._events.aclose()
