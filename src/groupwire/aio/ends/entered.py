"""What is opened by ``async with`` and closed at its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

__all__ = ["Entered"]


class Entered(ABC):
    """Opens on entry, and closes however it is left."""

    @abstractmethod
    async def open(self) -> None:
        """Do what ``async with`` does on entry."""

    @abstractmethod
    async def close(self) -> object:
        """Do what it does at the end; any number of times."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
