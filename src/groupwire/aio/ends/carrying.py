"""What every handle knows of the core that it has at work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Generic, TypeVar

from groupwire.aio.ends.opening import Ends
from groupwire.aio.ends.running import CarriedCore, Running
from groupwire.errors import UsageError
from groupwire.net import Choice, MembershipEvent
from groupwire.values import Group

__all__ = ["Carrying"]

EventT = TypeVar("EventT")


class Carrying(ABC, Generic[EventT]):
    """A core that runs while this is entered; its events come to ``_hear``."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self._running: Running[EventT] | None = None
        self._choice: Choice | None = None
        self._lost_events: int = 0

    @property
    def choice(self) -> Choice:
        """The interfaces, and why these. UsageError before it is open."""
        if self._choice is None:
            raise self._too_early()
        return self._choice

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        drops = {} if self._running is None else dict(self._running.dropped)
        if self._lost_events:
            drops["event-queue-full"] = self._lost_events
        return drops

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._leave_group(hurried=kind is not None)

    def _carry(
        self,
        ends: Ends,
        core: CarriedCore[EventT],
        *,
        everywhere: bool,
        lose: float = 0.0,
    ) -> Running[EventT]:
        """Make what runs the core; nothing is read or sent before it is started."""
        self._choice = ends.choice
        self._running = Running(
            ends,
            core,
            hear=self._hear,
            tell=self._tell,
            everywhere=everywhere,
            lose=lose,
        )
        return self._running

    @abstractmethod
    async def _leave_group(self, *, hurried: bool = False) -> None:
        """Say goodbye and leave; any number of times. ``hurried``: wait for nobody."""

    @abstractmethod
    def _hear(self, events: Sequence[EventT]) -> None:
        """Take in what the core tells."""

    @abstractmethod
    def _tell(self, events: Sequence[MembershipEvent]) -> None:
        """Take in what the links tell."""

    @abstractmethod
    def _too_early(self) -> UsageError:
        """Return the error of who looks before it is open."""
