"""What the C library can do and Python's ``socket`` cannot."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, cast

__all__ = ["find_recvmmsg", "release_port"]

_NO_ADDRESS = bytes(16)  # a sockaddr of the family AF_UNSPEC


def find_recvmmsg() -> Callable[..., int] | None:
    """Return libc's recvmmsg, or None where structures or systems differ."""
    if struct.calcsize("@N") != 8 or not hasattr(socket, "AF_NETLINK"):
        return None
    # Without argtypes, which cost half a microsecond a call: who calls passes small
    # numbers, and an address as c_void_p.
    return _function("recvmmsg")


def release_port(sock: socket.socket) -> bool:
    """Give a UDP socket's local port back, as closing would; False if that failed.

    Linux takes ``connect`` to AF_UNSPEC for that where the system had chosen the port
    (``__udp_disconnect``). Elsewhere it means less, so it is not tried.
    """
    connect = _connect()
    if connect is None:
        return False
    return connect(sock.fileno(), _NO_ADDRESS, len(_NO_ADDRESS)) == 0


@cache
def _connect() -> Callable[..., int] | None:
    return _function("connect") if sys.platform == "linux" else None


def _function(name: str) -> Callable[..., int] | None:
    try:
        function: Any = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_int
    return cast(Callable[..., int], function)
