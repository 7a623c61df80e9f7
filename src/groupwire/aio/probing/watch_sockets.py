"""The sockets of a watch: a receiver for each group, and one look-out for the links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from groupwire.aio.opening import Joined
from groupwire.net import (
    LinkWatch,
    MembershipEvent,
    MembershipKeeper,
    MulticastReceiver,
    choose_receivers,
    list_interfaces,
)
from groupwire.net.links.watch import LinkChange
from groupwire.values import Group, Interface

__all__ = ["Watched", "open_watched"]


class _Config(Protocol):
    @property
    def interface(self) -> str | int | None: ...
    @property
    def receive_buffer(self) -> int: ...


class Watched:
    """Every group with its receiver, in the order in which they were named."""

    def __init__(self, interfaces: Sequence[Interface]) -> None:
        self.groups: list[Group] = []
        self.receivers: list[MulticastReceiver] = []
        self.joined: tuple[Joined, ...] = ()
        self.links = LinkWatch()
        self._interfaces = tuple(interfaces)
        self._changes = _Changes()
        self._keepers: list[MembershipKeeper] = []

    @property
    def names(self) -> Mapping[int, str]:
        """The interfaces' names by index."""
        return {i.index: i.name for i in self._interfaces}

    def join(self, group: Group, config: _Config) -> None:
        """Join one more group. Raises AddressError and MachineError."""
        located = group.for_receiving().with_interface(config.interface)
        choice = choose_receivers(located, located.interface, self._interfaces)
        receiver = MulticastReceiver(
            receive_buffer_bytes=config.receive_buffer, coalesced=True, rows=False
        )
        self.groups.append(group)
        self.receivers.append(receiver)
        receiver.join(located, choice.interfaces)
        buffer = receiver.receive_buffer_bytes
        joined = Joined(group, choice.interfaces, choice.reason, buffer)
        self.joined = (*self.joined, joined)
        self._keepers.append(
            MembershipKeeper(
                receiver,
                located,
                located.interface,
                watch=self._changes,
                interfaces=lambda: self._interfaces,
            )
        )

    def drops(self) -> list[int]:
        """Return how many datagrams the kernel has dropped so far, for each group."""
        return [receiver.kernel_drops for receiver in self.receivers]

    def refused(self) -> list[dict[str, int]]:
        """Return what else was not counted, by reason, for each group."""
        return [dict(receiver.dropped) for receiver in self.receivers]

    def handle_links(self) -> list[MembershipEvent]:
        """Join what has to be joined after a change of links; tell what was done."""
        self._changes.latest = self.links.poll()
        if not self._changes.latest:
            return []
        self._interfaces = list_interfaces()
        return [e for keeper in self._keepers for e in keeper.handle_readable()]

    def close(self) -> None:
        """Leave the groups; any number of times."""
        self.links.close()
        for receiver in self.receivers:
            receiver.close()


class _Changes(LinkWatch):
    """What the one look-out has seen, for the keepers of all groups."""

    def __init__(self) -> None:
        # No socket: hundreds of groups would have as many, each told the same.
        self.latest: list[LinkChange] = []

    def fileno(self) -> int:
        """Return -1: it is told, and is never readable itself."""
        return -1

    def poll(self) -> list[LinkChange]:
        """Return what changed last."""
        return self.latest

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def open_watched(groups: Sequence[Group], config: _Config) -> Watched:
    """Join all groups, or none."""
    watched = Watched(list_interfaces())
    try:
        for group in groups:
            watched.join(group, config)
    except BaseException:
        watched.close()
        raise
    return watched
