"""The interfaces of this machine, as the kernel lists them now."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from groupwire.net.links import netlink
from groupwire.net.links.netlink import AddressMessage, LinkMessage, Message
from groupwire.values import Interface

__all__ = [
    "assemble",
    "known_interfaces",
    "list_interfaces",
    "parse_wireless",
    "route_interface",
    "wireless_names",
]

_UP, _LOOPBACK, _POINT_TO_POINT, _MULTICAST, _LOWER_UP = 1, 8, 0x10, 0x1000, 0x10000

LOOK_S = 0.1
"""How long what was listed counts without a look for changes."""


def list_interfaces() -> tuple[Interface, ...]:
    """Return all interfaces of the calling thread's network namespace, by index.

    Where the system has no netlink, names and indexes are all that is known, and every
    interface counts as up and able to multicast (untested, docs/limits.md).
    """
    if not hasattr(socket, "AF_NETLINK"):
        return tuple(
            Interface(name, index, up=True, carrier=True, multicast=True)
            for index, name in socket.if_nameindex()
        )
    messages = netlink.dump()
    links = [one for one in messages if isinstance(one, LinkMessage)]
    return assemble(messages, wireless_names(links))


def known_interfaces() -> tuple[Interface, ...]:
    """Return the same without asking again while the kernel reports no change.

    For callers that ask for every message: a hundred times cheaper. What changes, and
    a move of the thread to another network namespace, is noticed within a tenth of a
    second. A change of routes gives a new tuple too, so that what was concluded from
    the old one can be told.
    """
    if not hasattr(socket, "AF_NETLINK"):
        return list_interfaces()
    known: _Known | None = getattr(_local, "known", None)
    if known is None:
        known = _local.known = _Known()
    # A look costs more than all the rest of a question's preparation.
    elif (now := monotonic()) - known.looked >= LOOK_S:
        known.looked = now
        if known.elsewhere():
            known = _local.known = _Known()
        else:
            known.refresh()
    return known.interfaces


class _Known:
    """What a thread listed last, and the socket that hears of changes since."""

    def __init__(self) -> None:
        self._process, self._namespace = os.getpid(), _namespace()
        self.looked = monotonic()
        self._socket = netlink.listening(routes=True)
        self.interfaces = list_interfaces()

    def elsewhere(self) -> bool:
        """Tell whether the thread is in another process or namespace by now."""
        return os.getpid() != self._process or _namespace() != self._namespace

    def refresh(self) -> None:
        """List anew if anything was reported; forget what it was."""
        changed = False
        while True:
            try:
                self._socket.recv(1)
            except BlockingIOError:
                break
            except OSError:  # so many reports that some were lost
                pass
            changed = True
        if changed:
            self.interfaces = list_interfaces()

    def __del__(self) -> None:
        # Threads end without telling anyone.
        self._socket.close()


_local = threading.local()


def _namespace() -> int:
    try:
        return os.stat("/proc/thread-self/ns/net").st_ino
    except OSError:
        return 0


def assemble(
    messages: Iterable[Message], wireless: frozenset[str]
) -> tuple[Interface, ...]:
    """Make interfaces of what the kernel listed."""
    links: dict[int, LinkMessage] = {}
    addresses: dict[int, list[AddressMessage]] = {}
    for message in messages:
        if isinstance(message, LinkMessage):
            links[message.index] = message
        elif message.usable:
            addresses.setdefault(message.index, []).append(message)
    return tuple(
        _interface(links[index], addresses.get(index, ()), wireless)
        for index in sorted(links)
    )


def route_interface(ip: object) -> int | None:
    """Return the index by which the system would send to ``ip``, without sending.

    None: no route. For IPv6 groups Linux keeps a route per interface and takes any of
    them; that is no decision of an administrator, but it is where packets would go.
    """
    with suppress(OSError):
        if hasattr(socket, "AF_NETLINK"):
            return netlink.route_to(str(ip))
    return None


def parse_wireless(text: str) -> frozenset[str]:
    """Return the interfaces that ``/proc/net/wireless`` lists."""
    lines = text.splitlines()[2:]  # two lines of headings
    return frozenset(line.partition(":")[0].strip() for line in lines if ":" in line)


def wireless_names(
    links: Iterable[LinkMessage],
    table: Path = Path("/proc/thread-self/net/wireless"),
    devices: Path = Path("/sys/class/net"),
) -> frozenset[str]:
    """Return those that the table lists, which newer kernels lack, or /sys marks."""
    listed: frozenset[str] = frozenset()
    with suppress(OSError):
        listed = parse_wireless(table.read_text("utf-8"))
    return listed | {one.name for one in links if _marked(one, devices / one.name)}


def _marked(link: LinkMessage, device: Path) -> bool:
    with suppress(OSError, ValueError):
        if any((device / mark).exists() for mark in ("phy80211", "wireless")):
            # /sys shows the namespace in which it was mounted, perhaps not ours.
            return int((device / "ifindex").read_text("ascii")) == link.index
    return False


def _interface(
    link: LinkMessage, addresses: Iterable[AddressMessage], wireless: frozenset[str]
) -> Interface:
    return Interface(
        link.name,
        link.index,
        tuple(a.address for a in addresses),
        up=bool(link.flags & _UP),
        carrier=bool(link.flags & _LOWER_UP),
        multicast=bool(link.flags & _MULTICAST),
        loopback=bool(link.flags & _LOOPBACK),
        point_to_point=bool(link.flags & _POINT_TO_POINT),
        wireless=link.name in wireless,
        mtu_bytes=link.mtu_bytes,
        kind=link.kind,
        master=link.master,
    )
