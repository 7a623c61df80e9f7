"""An event loop whose clock jumps to the next deadline instead of waiting."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NeverWaits(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout is not None:
            self.skipped += max(timeout, 0)
        elif not ready:
            raise RuntimeError("nothing will ever happen again: a deadlock")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """For ports in memory only: real sockets would never get their time."""

    def __init__(self) -> None:
        self._jumping = _NeverWaits()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.skipped


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
