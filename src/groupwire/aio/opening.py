"""From a group in words to open sockets: which way out, joined where, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache

from groupwire.aio.config import PeerConfig
from groupwire.errors import InterfaceError, MachineError
from groupwire.net import (
    Aim,
    Choice,
    MulticastReceiver,
    MulticastSender,
    SenderConfig,
    choose_receivers,
    choose_sender,
    known_interfaces,
    list_interfaces,
    route_interface,
)
from groupwire.values import DEFAULT_GROUP, Group, Interface

__all__ = [
    "Joined",
    "Plan",
    "Sockets",
    "group_of",
    "open_joined",
    "plan_sending",
    "try_way_out",
    "way_out",
]


@dataclass(frozen=True, slots=True)
class Joined:
    """What a peer hears, where, and why there; the buffer as the kernel granted it."""

    group: Group
    interfaces: tuple[Interface, ...]
    reason: str
    receive_buffer: int


@dataclass(frozen=True, slots=True)
class Sockets:
    """A peer's sockets; ``choice`` is why nothing can be sent, where that is so."""

    receiver: MulticastReceiver
    sender: MulticastSender
    joined: Joined
    choice: Choice | MachineError
    interfaces: tuple[Interface, ...]
    """All of this machine, as they were then."""

    def close(self) -> None:
        """Leave the groups."""
        self.receiver.close()
        self.sender.close()


def group_of(group: Group | str | None, default: Group = DEFAULT_GROUP) -> Group:
    """Return the group meant; None: ``GROUPWIRE_GROUP``, else 239.255.42.99:10000.

    Raises AddressError.
    """
    if isinstance(group, Group):
        return group
    text = group or os.environ.get("GROUPWIRE_GROUP")
    return _parsed(text) if text else default


def plan_sending(
    group: Group, config: PeerConfig, choice: Choice | None = None
) -> Plan:
    """Return how to send; ``choice`` spares looking for the way out.

    Raises AddressError, InterfaceError, NoRouteError and other MachineErrors.
    """
    global _last_plan
    known = known_interfaces() if choice is None else choice
    plan = _last_plan
    if plan is None or not plan.serves(group, config, known):
        plan = _last_plan = _planned(group, config, known)
    return plan


def open_joined(group: Group, config: PeerConfig) -> Sockets:
    """Open what a peer needs; its answers leave from a socket of their own.

    A peer that knows no way out hears and answers all the same.
    """
    group = group.for_receiving().with_interface(config.interface)
    interfaces = list_interfaces()
    choice = choose_receivers(group, group.interface, interfaces)
    receiver = MulticastReceiver(
        receive_buffer_bytes=config.receive_buffer, coalesced=True, whole=False
    )
    try:
        receiver.join(group, choice.interfaces)
        sender, choice_out = _answering(group, config, interfaces)
    except BaseException:
        receiver.close()
        raise
    joined = Joined(
        group, choice.interfaces, choice.reason, receiver.receive_buffer_bytes
    )
    return Sockets(receiver, sender, joined, choice_out, interfaces)


def _answering(
    group: Group, config: PeerConfig, interfaces: tuple[Interface, ...]
) -> tuple[MulticastSender, Choice | MachineError]:
    choice = try_way_out(group, interfaces)
    ways = () if isinstance(choice, MachineError) else choice.interfaces
    if not any(_owns(i, group) for i in interfaces):
        group = replace(group, source=None)  # who hears a source need not be it
    # A ping comes to this socket too, and is answered to neighbours alone.
    answering = replace(_sending(config), facts=True)
    return MulticastSender(Aim.at(group, ways, answering)), choice


# Who asks in a loop names the same group and the same interface every time.
_parsed = lru_cache(maxsize=64)(Group.parse)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to send, remembered as long as no link, address or route has changed."""

    group: Group
    config: PeerConfig
    known: tuple[Interface, ...] | Choice
    """What it stands on: all interfaces, or the way out where somebody knew it."""
    choice: Choice
    aim: Aim

    def serves(
        self, group: Group, config: PeerConfig, known: tuple[Interface, ...] | Choice
    ) -> bool:
        """Tell whether this is how to send there too."""
        return (
            known is self.known
            # The same objects nearly always: comparing them is the slow way.
            and (group is self.group or group == self.group)
            and (config is self.config or config == self.config)
        )


# What the last question was sent with: the next is usually like it. It is replaced as
# a whole, so that threads see either the old or the new.
_last_plan: Plan | None = None


def _planned(
    group: Group, config: PeerConfig, known: tuple[Interface, ...] | Choice
) -> Plan:
    located = group.with_interface(config.interface)
    choice = known if isinstance(known, Choice) else way_out(located, known)
    aim = Aim.at(located, choice.interfaces, _sending(config))
    return Plan(group, config, known, choice, aim)


def try_way_out(
    group: Group, interfaces: tuple[Interface, ...]
) -> Choice | MachineError:
    """Return how to send to the group, or why it cannot be done."""
    try:
        return way_out(group, interfaces)
    except MachineError as error:
        return error


def way_out(group: Group, interfaces: tuple[Interface, ...]) -> Choice:
    """Return how to send to the group; raises InterfaceError where there is no way."""
    wanted = group.interface
    if group.source is not None:
        owner = next((i for i in interfaces if _owns(i, group)), None)
        if owner is None:
            raise InterfaceError(
                f"{group.source} is no address of this machine, so members who "
                "hear only that source would not hear us",
                fix="leave the source out, or send from the machine that has it",
            )
        wanted = wanted or owner.name
    route = route_interface(group.ip) if wanted is None else None
    return choose_sender(group, wanted, interfaces, route)


def _owns(interface: Interface, group: Group) -> bool:
    return any(own.ip == group.source for own in interface.addresses)


@lru_cache(maxsize=16)
def _sending(config: PeerConfig) -> SenderConfig:
    return SenderConfig(
        ttl_hops=config.ttl,
        loopback=config.loopback,
        dscp=config.dscp,
        receive_buffer_bytes=config.receive_buffer,
    )
