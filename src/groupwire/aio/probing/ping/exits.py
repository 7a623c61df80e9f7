"""The sockets by which a group is asked, and each of its members alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from groupwire.aio.config import PeerConfig
from groupwire.aio.opening import plan_sending
from groupwire.net import Aim, MulticastSender
from groupwire.net.unicast import UnicastSocket
from groupwire.values import Datagram, Group, Origin

__all__ = ["Exits"]


class Exits:
    """Two sockets, so that a plain answer tells which question it answers.

    Raises MachineErrors.
    """

    def __init__(self, group: Group, config: PeerConfig) -> None:
        self._asked, self._config = group, config
        self.plan = plan_sending(group, config)
        aim = self.plan.aim
        told = replace(aim.config, facts=True)
        self._many = MulticastSender(Aim.at(aim.group, aim.interfaces, told))
        try:
            self._one = UnicastSocket(group.version)
        except BaseException:
            self._many.close()
            raise

    def watch(
        self,
        loop: asyncio.AbstractEventLoop,
        hear: Callable[[Callable[[], Sequence[Datagram]], bool], None],
    ) -> None:
        """Call ``hear`` with a reader when something waits; True: to the group."""
        loop.add_reader(self._many.fileno(), hear, self._many.read, True)
        loop.add_reader(self._one.fileno(), hear, self._one.read, False)

    def ask_group(self, question: bytes) -> float:
        """Ask by multicast; return right before when. Raises MachineErrors."""
        plan = plan_sending(self._asked, self._config)
        if plan is not self.plan:  # a link or a route has changed
            self._many.aim(plan.choice.interfaces)
            self.plan = plan
        at = time.time()
        with suppress(BlockingIOError):
            self._many.send(question)
        return at

    def ask_one(self, question: bytes, to: Origin) -> tuple[float, str | None]:
        """Ask by unicast; return right before when, and why not, if so."""
        refused = self._one.send_to(question, to)
        return self._one.sent_at, refused

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hear nothing more."""
        for each in (self._many, self._one):
            if each.fileno() >= 0:
                loop.remove_reader(each.fileno())
            each.close()
