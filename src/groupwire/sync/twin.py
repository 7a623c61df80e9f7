"""What opens and closes in the loop's thread, for who has no event loop."""

from __future__ import annotations

from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from groupwire.sync.thread import loop_thread

__all__ = ["Openable", "Twin"]

ResultT = TypeVar("ResultT")
ResultT_co = TypeVar("ResultT_co", covariant=True)


class Openable(Protocol[ResultT_co]):
    """What there is a twin of."""

    @property
    def name(self) -> str:
        """The member name."""
        ...

    def open(self) -> Coroutine[Any, Any, None]:
        """Join."""
        ...

    def close(self) -> Coroutine[Any, Any, ResultT_co]:
        """Leave."""
        ...

    def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> Coroutine[Any, Any, None]: ...


class Twin(Generic[ResultT]):
    """Joins when it is entered, and leaves at the end."""

    def __init__(self, original: Openable[ResultT]) -> None:
        self._original = original

    @property
    def name(self) -> str:
        """The member name."""
        return self._original.name

    def close(self) -> ResultT:
        """Leave the group; ends iterations in other threads. Any number of times."""
        return loop_thread().run(self._original.close())

    def __enter__(self) -> Self:
        loop_thread().run(self._original.open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop_thread().run(self._original.__aexit__(kind, error, trace))
