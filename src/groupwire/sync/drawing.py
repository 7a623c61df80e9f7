"""Asynchronous iterators, drawn one by one from the loop's thread."""

from __future__ import annotations

import atexit
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, ParamSpec, Protocol, TypeVar
from weakref import WeakSet

from groupwire.sync.thread import loop_thread

__all__ = ["Events", "closed_at_exit", "drawn"]

_EventT = TypeVar("_EventT")
_Given = ParamSpec("_Given")
_EventT_co = TypeVar("_EventT_co", covariant=True)

_open: WeakSet[Generator[Any]] = WeakSet()


@atexit.register
def _close_all() -> None:
    """Leave what is still joined, while the loop's thread is there to do it."""
    for generator in list(_open):
        generator.close()


def closed_at_exit(
    make: Callable[_Given, Generator[_EventT]],
) -> Callable[_Given, Generator[_EventT]]:
    """Have a generator closed at the end of the program, if it was not before."""

    def kept(*given: _Given.args, **named: _Given.kwargs) -> Generator[_EventT]:
        generator = make(*given, **named)
        _open.add(generator)
        return generator

    return kept


class Events(Protocol[_EventT_co]):
    """What an asynchronous generator is, as far as it is needed here."""

    def __anext__(self) -> Awaitable[_EventT_co]: ...

    def aclose(self) -> Coroutine[Any, Any, None]:
        """End it."""
        ...


@closed_at_exit
def drawn(events: Events[_EventT]) -> Generator[_EventT]:
    """Iterate over what happens in the loop's thread."""

    async def following() -> _EventT:
        return await events.__anext__()

    thread = loop_thread()
    try:
        while True:
            work = thread.begin(following())
            try:
                event = work.result()
            except StopAsyncIteration:
                return
            except BaseException:
                work.cancel()  # Ctrl-C: only when it has ended can it be closed
                with suppress(BaseException):
                    work.result()
                raise
            yield event
    finally:
        thread.run(events.aclose())
