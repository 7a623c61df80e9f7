"""Who is let in: from where, and how many at once."""

from __future__ import annotations

from collections import OrderedDict

from groupwire.deliver.pull.rules import PullRules
from groupwire.values import Origin

__all__ = ["Doorman"]

MAX_AT_ONCE = 8
"""Deliveries at the same time, where their number is not limited."""
MAX_HOSTS = 4096
"""Of which is remembered whether they may send."""


class Doorman:
    """Knows the networks that senders may be in, and counts deliveries."""

    def __init__(self, rules: PullRules) -> None:
        self.ended = 0
        """Deliveries that are over."""
        self._count = rules.count
        self._allowed = rules.allowed
        self._hosts: OrderedDict[str, bool] = OrderedDict()

    def lets_in(self, origin: Origin) -> bool:
        """Return whether a datagram may come from there."""
        if not self._allowed:
            return True
        known = self._hosts.get(origin.host)
        if known is None:
            ip = origin.ip
            known = self._hosts[origin.host] = any(
                network.version == ip.version and ip in network
                for network in self._allowed
            )
            if len(self._hosts) > MAX_HOSTS:
                self._hosts.popitem(last=False)
        return known

    def has_room(self, active: int) -> bool:
        """Return whether one more delivery may begin beside these."""
        if active >= MAX_AT_ONCE:
            return False
        return self._count is None or self.ended + active < self._count

    @property
    def closed(self) -> bool:
        """Whether as many are over as there were to be."""
        return self._count is not None and self.ended >= self._count
