"""Keeps memberships alive through link changes that the kernel does not survive.

An interface that is deleted and made again leaves its receivers deaf without an error;
a carrier flap behind a snooping switch does so until the next query. The keeper hears
of both and joins again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from groupwire.errors import MachineError
from groupwire.net.links import (
    AddressesChanged,
    CarrierFound,
    LinkChange,
    LinkGone,
    LinkWatch,
    choose_receivers,
    list_interfaces,
)
from groupwire.net.receiver import Membership, MulticastReceiver
from groupwire.net.sender import MulticastSender
from groupwire.values import Group, Interface

__all__ = [
    "MembershipEvent",
    "MembershipKeeper",
    "MembershipLost",
    "MembershipRenewed",
]


@dataclass(frozen=True, slots=True)
class MembershipLost:
    """The group was no longer heard on ``interface``."""

    group: Group
    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class MembershipRenewed:
    """The group was joined again, or for the first time, on ``interface``."""

    group: Group
    interface: str
    reason: str


MembershipEvent = MembershipLost | MembershipRenewed


class MembershipKeeper:
    """Watches the links of a receiver, and of the sender beside it.

    Who only sends has no receiver, and no events.
    """

    def __init__(
        self,
        receiver: MulticastReceiver | None,
        group: Group,
        wanted: str | int | None,
        *,
        sender: MulticastSender | None = None,
        watch: LinkWatch | None = None,
        interfaces: Callable[[], Sequence[Interface]] = list_interfaces,
    ) -> None:
        self._receiver = receiver
        self._group = group
        self._wanted = wanted
        self._sender = sender
        self._watch = watch or LinkWatch()
        self._list = interfaces
        self.interfaces: tuple[Interface, ...] = ()
        """What was there at the last change; empty before the first."""

    def fileno(self) -> int:
        """Return the descriptor that is readable when links have changed."""
        return self._watch.fileno()

    def handle_readable(self) -> list[MembershipEvent]:
        """Read what changed, join what has to be joined; tell what was done."""
        changes = self._watch.poll()
        if not changes:
            return []
        self.interfaces = tuple(self._list())
        events: list[MembershipEvent] = []
        if self._receiver is not None:
            events += self._forget_the_gone(self._receiver, changes)
            events += self._refresh_the_shaken(self._receiver, changes)
            events += self._join_the_new(self._receiver)
        self._aim_the_sender()
        return events

    def close(self) -> None:
        """Stop watching; the memberships stay."""
        self._watch.close()

    def _forget_the_gone(
        self, receiver: MulticastReceiver, changes: Sequence[LinkChange]
    ) -> list[MembershipEvent]:
        gone = {c.index for c in changes if isinstance(c, LinkGone)}
        lost = [m for m in receiver.memberships if m.index in gone]
        receiver.leave(lost)
        return [self._lost(m, "the interface is gone") for m in lost]

    def _refresh_the_shaken(
        self, receiver: MulticastReceiver, changes: Sequence[LinkChange]
    ) -> list[MembershipEvent]:
        shaken: dict[int, str] = {}
        for change in changes:
            if isinstance(change, CarrierFound):
                shaken[change.index] = "the carrier is back"
            elif isinstance(change, AddressesChanged):
                shaken.setdefault(change.index, "its addresses changed")
        return [
            self._refreshed(receiver, m, shaken[m.index])
            for m in receiver.memberships
            if m.index in shaken
        ]

    def _refreshed(
        self, receiver: MulticastReceiver, membership: Membership, reason: str
    ) -> MembershipEvent:
        if receiver.refresh(membership):
            return MembershipRenewed(self._group, membership.interface, reason)
        return self._lost(membership, f"{reason}, and the system refuses to join")

    def _join_the_new(self, receiver: MulticastReceiver) -> list[MembershipEvent]:
        try:
            choice = choose_receivers(self._group, self._wanted, self.interfaces)
        except MachineError:
            return []  # what was named is gone: it may come back
        heard = {m.index for m in receiver.memberships}
        events: list[MembershipEvent] = []
        for interface in choice.interfaces:
            if interface.index not in heard:
                events += self._joined(receiver, interface)
        return events

    def _joined(
        self, receiver: MulticastReceiver, interface: Interface
    ) -> list[MembershipEvent]:
        try:
            receiver.join(self._group, [interface])
        except MachineError:
            return []  # not ready yet: its next change brings us back
        return [
            MembershipRenewed(self._group, interface.name, "the interface is there")
        ]

    def _aim_the_sender(self) -> None:
        if self._sender is None:
            return
        by_name = {i.name: i for i in self.interfaces}
        old = self._sender.interfaces
        new = tuple(by_name.get(i.name, i) for i in old)
        if new != old:
            with suppress(MachineError):  # gone again: its next change brings us back
                self._sender.aim(new)

    def _lost(self, membership: Membership, reason: str) -> MembershipLost:
        return MembershipLost(self._group, membership.interface, reason)
