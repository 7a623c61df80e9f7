"""Notices when interfaces come, go, change address or lose their carrier."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface

from groupwire.errors import DecodeError
from groupwire.net.links import netlink
from groupwire.net.links.netlink import AddressMessage, LinkMessage, Message

__all__ = [
    "AddressesChanged",
    "CarrierFound",
    "CarrierLost",
    "LinkAppeared",
    "LinkChange",
    "LinkGone",
    "LinkTracker",
    "LinkWatch",
]

_LOWER_UP, _UP = 0x10000, 1
_MOST_READS = 64


@dataclass(frozen=True, slots=True)
class _Change:
    index: int
    name: str


class LinkGone(_Change):
    """An interface was deleted, or moved to another namespace."""

    __slots__ = ()


class LinkAppeared(_Change):
    """An interface was made."""

    __slots__ = ()


class AddressesChanged(_Change):
    """An interface has other addresses than before."""

    __slots__ = ()


class CarrierLost(_Change):
    """An interface went down or lost its link."""

    __slots__ = ()


class CarrierFound(_Change):
    """An interface is up and has its link again."""

    __slots__ = ()


LinkChange = LinkGone | LinkAppeared | AddressesChanged | CarrierLost | CarrierFound


@dataclass(slots=True)
class _Known:
    name: str
    carrier: bool
    addresses: set[IPv4Interface | IPv6Interface] = field(
        default_factory=set[IPv4Interface | IPv6Interface]
    )


class LinkTracker:
    """What the kernel told so far: messages in, changes out; no socket inside."""

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self._known: dict[int, _Known] = {}
        self.update(messages)

    def update(self, messages: Iterable[Message]) -> list[LinkChange]:
        """Take messages in; return what they changed."""
        return [c for m in messages for c in self._take(m)]

    def replace(self, messages: Iterable[Message]) -> list[LinkChange]:
        """Compare with a whole list, as needed when messages were lost."""
        fresh = LinkTracker(messages)
        changes: list[LinkChange] = []
        for index, known in self._known.items():
            if index not in fresh._known:
                changes.append(LinkGone(index, known.name))
        for index, now in fresh._known.items():
            changes += _difference(index, self._known.get(index), now)
        self._known = fresh._known
        return changes

    def _take(self, message: Message) -> list[LinkChange]:
        if isinstance(message, AddressMessage):
            return self._take_address(message)
        return self._take_link(message)

    def _take_link(self, message: LinkMessage) -> list[LinkChange]:
        index, old = message.index, self._known.get(message.index)
        if message.gone:
            self._known.pop(index, None)
            return [LinkGone(index, old.name)] if old else []
        carrier = message.flags & (_LOWER_UP | _UP) == _LOWER_UP | _UP
        now = _Known(message.name, carrier, old.addresses if old else set())
        self._known[index] = now
        return _difference(index, old, now)

    def _take_address(self, message: AddressMessage) -> list[LinkChange]:
        known = self._known.get(message.index)
        if known is None:
            return []
        before = set(known.addresses)
        if message.gone or not message.usable:
            known.addresses.discard(message.address)
        else:
            known.addresses.add(message.address)
        if known.addresses == before:
            return []
        return [AddressesChanged(message.index, known.name)]


class LinkWatch:
    """The kernel's messages about links, read without waiting.

    Where the system has no netlink it never becomes readable.
    """

    def __init__(self) -> None:
        self._pipe: tuple[int, int] | None = None
        self._socket: socket.socket | None = None
        if hasattr(socket, "AF_NETLINK"):
            self._socket = netlink.listening()
            # Listed after listening began: what happens in between is told twice.
            self._tracker = LinkTracker(netlink.dump())
        else:
            self._pipe = os.pipe()

    def fileno(self) -> int:
        """Return the descriptor that is readable when something has changed."""
        if self._socket is not None:
            return self._socket.fileno()
        return self._pipe[0] if self._pipe else -1

    def poll(self) -> list[LinkChange]:
        """Return what changed since the last call, a bounded part of it."""
        changes: list[LinkChange] = []
        if self._socket is None:
            return changes
        for _ in range(_MOST_READS):
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                changes += self._tracker.replace(netlink.dump())
                continue
            changes += self._read(data)
        return changes

    def close(self) -> None:
        """Stop; any number of times."""
        if self._socket is not None:
            self._socket.close()
        for end in self._pipe or ():
            os.close(end)
        self._pipe = None

    def _read(self, data: bytes) -> list[LinkChange]:
        try:
            return self._tracker.update(netlink.decode(data))
        except DecodeError:
            return self._tracker.replace(netlink.dump())


def _difference(index: int, old: _Known | None, now: _Known) -> list[LinkChange]:
    if old is None:
        return [LinkAppeared(index, now.name)]
    changes: list[LinkChange] = []
    if old.name != now.name:
        changes += [LinkGone(index, old.name), LinkAppeared(index, now.name)]
    if now.carrier and not old.carrier:
        changes.append(CarrierFound(index, now.name))
    if old.carrier and not now.carrier:
        changes.append(CarrierLost(index, now.name))
    if old.addresses != now.addresses:
        changes.append(AddressesChanged(index, now.name))
    return changes
