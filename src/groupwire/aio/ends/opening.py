"""Sockets for a NORM core: what each side sends from, and where it has joined.

docs/delivery.md §1.2 says who hears what where; for messages it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from groupwire.aio.config import EndConfig
from groupwire.aio.opening import way_out
from groupwire.net import (
    Aim,
    Choice,
    MulticastReceiver,
    MulticastSender,
    SenderConfig,
    choose_receivers,
    list_interfaces,
)
from groupwire.norm.wire.head import VERSION, MessageType
from groupwire.values import Group, Interface

__all__ = [
    "Ends",
    "message_segment_bytes",
    "open_hearing",
    "open_sending",
    "segment_bytes",
]

_SEGMENT_BYTES = 1400
_LOOPBACK_BYTES = 62_500
"""Of a segment that stays on this machine: a full frame of messages is one, and no
switch is there that could drop it silently."""
_HEADER_ROOM_BYTES = 72
"""NORM's header with every extension that a symbol travels with, and some to spare."""
_WORD_BYTES = 4
_SENT = (MessageType.INFO, MessageType.DATA, MessageType.COMMAND)
_ECHOES = frozenset(VERSION << 4 | kind for kind in _SENT)
"""First bytes of what only senders say."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a port, and why they are where they are."""

    group: Group
    sender: MulticastSender
    receiver: MulticastReceiver | None
    """None for a source-specific sender: its members answer by unicast."""
    choice: Choice
    """The ways out of a sender; where a member has joined."""
    interfaces: tuple[Interface, ...]
    """All of this machine, as they were then."""

    def close(self) -> None:
        """Leave the groups."""
        self.sender.close()
        if self.receiver is not None:
            self.receiver.close()


def open_sending(group: Group, config: EndConfig) -> Ends:
    """Open what a sender needs. Raises AddressError and MachineErrors."""
    group = group.with_interface(config.interface)
    interfaces = list_interfaces()
    choice = way_out(group, interfaces)
    if group.interface is None and len(choice.interfaces) == 1:
        group = group.on(choice.interfaces[0].name)
    sender = MulticastSender(Aim.at(group, choice.interfaces, _sending(config)))
    if group.source is not None or group.is_source_specific:
        return Ends(group, sender, None, choice, interfaces)
    try:
        receiver = _joined(group, choice.interfaces, config)
    except BaseException:
        sender.close()
        raise
    receiver.ignore_echoes(sender.port, _ECHOES)
    return Ends(group, sender, receiver, choice, interfaces)


def open_hearing(group: Group, config: EndConfig) -> Ends:
    """Open what a member needs. Raises AddressError and MachineErrors.

    Feedback leaves by every interface that is joined: the sender hears it on its own.
    """
    group = group.for_receiving().with_interface(config.interface)
    interfaces = list_interfaces()
    choice = choose_receivers(group, group.interface, interfaces)
    receiver = _joined(group, choice.interfaces, config)
    # The source is where others send from.
    aim = Aim.at(replace(group, source=None), choice.interfaces, _sending(config))
    try:
        sender = MulticastSender(aim)
    except BaseException:
        receiver.close()
        raise
    return Ends(group, sender, receiver, choice, interfaces)


def segment_bytes(payload_limit: int) -> int:
    """Return the largest segment that travels unfragmented with all its headers."""
    return min(_largest_segment(payload_limit), _SEGMENT_BYTES)


def message_segment_bytes(sender: MulticastSender, wanted: int | None = None) -> int:
    """Return the segment of messages: the one ``wanted``, as far as it fits.

    Where none is, it is far larger on loopback, if that is the only way out: a datagram
    costs the same there whatever it holds.
    """
    ways = sender.interfaces
    if wanted is None:
        local = bool(ways) and all(way.loopback for way in ways)
        wanted = _LOOPBACK_BYTES if local else _SEGMENT_BYTES
    return min(_largest_segment(sender.payload_limit), wanted)


def _largest_segment(payload_limit: int) -> int:
    room = max(payload_limit - _HEADER_ROOM_BYTES, _WORD_BYTES)
    return room - room % _WORD_BYTES


def _joined(
    group: Group, interfaces: Sequence[Interface], config: EndConfig
) -> MulticastReceiver:
    receiver = MulticastReceiver(
        receive_buffer_bytes=config.receive_buffer, coalesced=True, whole=True
    )
    try:
        receiver.join(group, interfaces)
    except BaseException:
        receiver.close()
        raise
    return receiver


def _sending(config: EndConfig) -> SenderConfig:
    # Facts, because whom one answers depends on the interface that he came in by.
    return SenderConfig(
        ttl_hops=config.ttl,
        loopback=config.loopback,
        dscp=config.dscp,
        receive_buffer_bytes=config.receive_buffer,
        facts=True,
    )
