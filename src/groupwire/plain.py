"""Prepared plain sockets, for those who bring their own event loop.

What groupwire knows about multicast is set on them; reading and writing is up to the
caller (docs/howto/own-event-loop.md shows trio).
"""

from __future__ import annotations

import socket

from groupwire.aio.config import PeerConfig
from groupwire.aio.opening import group_of, open_joined, plan_sending
from groupwire.errors import UsageError
from groupwire.net import MulticastSender
from groupwire.values import Group

__all__ = ["receive_socket", "send_socket"]

_DEFAULT = PeerConfig()


def receive_socket(
    group: Group | str | None = None,
    *,
    interface: str | int | None = None,
    config: PeerConfig = _DEFAULT,
) -> socket.socket:
    """Return a non-blocking UDP socket that has joined; closing it leaves the group.

    An IPv4 socket gets only what came to the group on its interfaces; for IPv6 the
    system may add what others on this machine joined elsewhere. Raises AddressError,
    MachineError, and UsageError where one socket cannot do it.
    """
    sockets = open_joined(group_of(group), config.merged(interface=interface))
    sockets.sender.close()
    first, *others = sockets.receiver.detach()
    if others:
        for sock in (first, *others):
            sock.close()
        raise UsageError(
            f"{group} takes a socket for each of {len(others) + 1} interfaces",
            fix="name one interface",
        )
    return first


def send_socket(
    group: Group | str | None = None,
    *,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PeerConfig = _DEFAULT,
) -> tuple[socket.socket, tuple[str, int] | tuple[str, int, int, int]]:
    """Return a non-blocking UDP socket aimed at the group, and the address to send to.

    Answers come back to it: nobody else on this machine can take them.
    """
    config = config.merged(interface=interface, ttl=ttl)
    return MulticastSender(plan_sending(group_of(group), config).aim).detach()
