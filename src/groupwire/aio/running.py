"""What exists only while a peer is joined: sockets, core, driver, keeper."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random, SystemRandom

from groupwire.aio.config import PeerConfig
from groupwire.aio.opening import Sockets, try_way_out
from groupwire.errors import MachineError
from groupwire.gather import Answerer, AnswerEvent, Limits
from groupwire.net import Choice, MembershipEvent, MembershipKeeper
from groupwire.run import Driver, UdpPort
from groupwire.values import Interface

__all__ = ["Running"]


class Running:
    """A joined peer's machinery; ``take`` hears messages, ``tell`` link events."""

    def __init__(
        self,
        sockets: Sockets,
        name: str,
        config: PeerConfig,
        *,
        take: Callable[[Sequence[AnswerEvent]], None],
        tell: Callable[[list[MembershipEvent]], None],
    ) -> None:
        self.sockets = sockets
        self._choice = sockets.choice
        self.names: dict[int, str] = {}
        self.own_addresses: set[str] = set()
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        group = sockets.joined.group
        self.answerer = Answerer(
            name,
            Limits(group.source, config.answer_to, config.answer_rate),
            sockets.interfaces,
            rng=Random(SystemRandom().getrandbits(64)),
            answer_pings=config.answer_pings,
        )
        self._know(sockets.interfaces)
        self.port = UdpPort(sockets.sender, sockets.receiver)
        self.driver: Driver[AnswerEvent] = Driver(
            self.answerer, self.port, on_events=take
        )
        self._keeper = MembershipKeeper(
            sockets.receiver, group, group.interface, sender=sockets.sender
        )

    def start(self) -> None:
        """Begin to hear."""
        self.driver.start()
        self._loop.add_reader(self._keeper.fileno(), self._look_at_links)

    @property
    def choice(self) -> Choice:
        """How to send to the group. Raises MachineError where there is no way out."""
        if isinstance(self._choice, MachineError):
            raise self._choice
        return self._choice

    def report(self, error: Exception) -> None:
        """Tell the event loop's exception handler what ``on_message`` has raised."""
        self._loop.call_exception_handler(
            {"message": "on_message has failed", "exception": error}
        )

    def close(self) -> None:
        """Leave the groups; any number of times."""
        if self._keeper.fileno() >= 0:
            self._loop.remove_reader(self._keeper.fileno())
        self._keeper.close()
        # answer() said that they are on their way.
        self.answerer.hurry()
        self.driver.pump()
        self.driver.close()

    def _know(self, interfaces: Sequence[Interface]) -> None:
        self.names = {i.index: i.name for i in interfaces}
        self.own_addresses = {str(a.ip) for i in interfaces for a in i.addresses}

    def _look_at_links(self) -> None:
        events = self._keeper.handle_readable()
        if self._keeper.interfaces:
            self._know(self._keeper.interfaces)
            group = self.sockets.joined.group
            self._choice = try_way_out(group, self._keeper.interfaces)
            self.answerer.update_interfaces(self._keeper.interfaces)
        if events:
            self.port.rewatch()
            self._tell(events)
