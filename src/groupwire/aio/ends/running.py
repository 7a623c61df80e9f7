"""What exists only while a core is at work: port, driver, keeper."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random, SystemRandom
from typing import Generic, Protocol, TypeVar

from groupwire.aio.ends.opening import Ends
from groupwire.errors import MachineError
from groupwire.net import MembershipEvent, MembershipKeeper
from groupwire.run import Core, Driver, LossyPort, Port, UdpPort
from groupwire.values import Interface

__all__ = ["CarriedCore", "Running"]

EventT = TypeVar("EventT")
EventT_co = TypeVar("EventT_co", covariant=True)

_LAST_WORDS_S = 1.0
"""How long what was said at the end may wait for room in the send buffer."""


class CarriedCore(Core[EventT_co], Protocol[EventT_co]):
    """What the cores of both sides offer beside what every core does."""

    @property
    def dropped(self) -> Counter[str]:
        """What was thrown away, by reason."""
        ...

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to do."""
        ...

    def update_interfaces(self, interfaces: Sequence[Interface]) -> None:
        """Judge by these interfaces from now on."""
        ...


class Running(Generic[EventT]):
    """A core on its port; ``hear`` hears its events, ``tell`` those of the links."""

    def __init__(
        self,
        ends: Ends,
        core: CarriedCore[EventT],
        *,
        hear: Callable[[Sequence[EventT]], None],
        tell: Callable[[list[MembershipEvent]], None],
        everywhere: bool,
        lose: float = 0.0,
    ) -> None:
        self.core = core
        self.failure: MachineError | None = None
        """Why something could not be sent, the last time that this was so."""
        self._ends = ends
        self._everywhere = everywhere
        self._tell = tell
        self.port = UdpPort(ends.sender, ends.receiver)
        self.driver: Driver[EventT] = Driver(
            core,
            self.port if not lose else _lossy(self.port, lose),
            on_events=hear,
            on_failure=self._fail,
        )
        self._pumping = False
        self._loop = asyncio.get_running_loop()
        self._keeper = MembershipKeeper(
            ends.receiver, ends.group, ends.group.interface, sender=ends.sender
        )

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        drops = Counter(self.core.dropped)
        drops.update(self.port.dropped)
        if self.driver.send_failures:
            drops["interface-refused"] += self.driver.send_failures
        return drops

    def start(self) -> None:
        """Begin. Raises MachineError where nothing at all can be sent."""
        self._loop.add_reader(self._keeper.fileno(), self._look_at_links)
        self.driver.start()

    def pump_soon(self) -> None:
        """Drain the core, once for all that it is told until then.

        A delivery of ten thousand small files would else be drained after each of them.
        """
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)

    async def close(self) -> None:
        """Let what was said last leave, then leave the groups; any number of times."""
        self._stop_looking()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await self.port.drained()
        finally:
            self.driver.close()

    def _pump(self) -> None:
        self._pumping = False
        self.driver.pump()

    def _stop_looking(self) -> None:
        if self._keeper.fileno() >= 0:
            self._loop.remove_reader(self._keeper.fileno())
        self._keeper.close()

    def _look_at_links(self) -> None:
        events = self._keeper.handle_readable()
        if self._keeper.interfaces:
            self.core.update_interfaces(self._keeper.interfaces)
            if self._everywhere:
                self._aim(self._keeper.interfaces)
        if events:
            self.port.rewatch()
            self._tell(events)

    def _aim(self, interfaces: Sequence[Interface]) -> None:
        """Send by every interface that is joined now."""
        ends = self._ends
        memberships = () if ends.receiver is None else ends.receiver.memberships
        heard = {m.index for m in memberships}
        ways = tuple(i for i in interfaces if i.index in heard)
        if ways and ways != ends.sender.interfaces:
            with suppress(MachineError):  # its next change brings us back
                ends.sender.aim(ways)

    def _fail(self, error: MachineError) -> None:
        self.failure = error


def _lossy(port: UdpPort, lose: float) -> Port:
    return LossyPort(
        port, rng=Random(SystemRandom().getrandbits(64)), receive_loss=lose
    )
