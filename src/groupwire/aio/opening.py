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
    "Sockets",
    "group_of",
    "open_joined",
    "open_sending",
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


def group_of(group: Group | str | None) -> Group:
    """Return the group meant; None: ``GROUPWIRE_GROUP``, else 239.255.42.99:10000.

    Raises AddressError.
    """
    if isinstance(group, Group):
        return group
    text = group or os.environ.get("GROUPWIRE_GROUP")
    return _parsed(text) if text else DEFAULT_GROUP


def open_sending(
    group: Group, config: PeerConfig, choice: Choice | None = None
) -> tuple[MulticastSender, Choice]:
    """Open the socket that asks and sends; ``choice`` spares looking for the way out.

    Raises AddressError, InterfaceError, NoRouteError and other MachineErrors.
    """
    group = _located(group, config.interface)
    if choice is None:
        choice = _known_way_out(group, known_interfaces())
    return MulticastSender(_aimed(group, choice, config)), choice


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
    return MulticastSender(Aim.at(group, ways, _sending(config))), choice


# Who asks in a loop names the same group and the same interface every time.
_parsed = lru_cache(maxsize=64)(Group.parse)


@lru_cache(maxsize=64)
def _located(group: Group, interface: str | int | None) -> Group:
    return group.with_interface(interface)


# What the last question was sent with: the next is usually like it. Each is replaced
# as a whole, so that threads see either the old or the new.
_last_way: tuple[Group, tuple[Interface, ...], Choice] | None = None
_last_aim: tuple[Choice, PeerConfig, Aim] | None = None


def _known_way_out(group: Group, interfaces: tuple[Interface, ...]) -> Choice:
    """Return the way out, remembered as long as no link has changed.

    Without a named interface the route decides, and routes change unheard.
    """
    global _last_way
    last = _last_way
    named = group.interface is not None
    if named and last is not None and last[0] is group and last[1] is interfaces:
        return last[2]
    choice = way_out(group, interfaces)
    _last_way = (group, interfaces, choice)
    return choice


def _aimed(group: Group, choice: Choice, config: PeerConfig) -> Aim:
    global _last_aim
    last = _last_aim
    if last is not None and last[0] is choice and last[1] is config:
        aim = last[2]
        if aim.group is group:
            return aim
    aim = Aim.at(group, choice.interfaces, _sending(config))
    _last_aim = (choice, config, aim)
    return aim


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
