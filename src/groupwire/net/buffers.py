"""Receive buffers: asked large, read back, and what a full one has cost."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

from groupwire.net.options import System

__all__ = ["kernel_drops", "set_receive_buffer"]

_MEMORY_INFO = struct.Struct("@9I")
_DROPS = 8  # SK_MEMINFO_DROPS of linux/sock_diag.h


def set_receive_buffer(sock: socket.socket, wanted_bytes: int, system: System) -> None:
    """Ask for a large receive buffer, beyond the system's limit where allowed.

    0 leaves the system's default. What was granted is read back with SO_RCVBUF.
    """
    if not wanted_bytes:
        return
    # SO_RCVBUFFORCE needs CAP_NET_ADMIN; SO_RCVBUF is cut to rmem_max without a word.
    if system.force_receive_buffer:
        try:
            sock.setsockopt(
                socket.SOL_SOCKET, system.force_receive_buffer, wanted_bytes
            )
        except OSError:
            pass
        else:
            return
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted_bytes)


def kernel_drops(sock: socket.socket, system: System) -> int:
    """Return how many datagrams this socket has lost so far, 0 where nobody tells."""
    if not system.memory_info:
        return 0
    try:
        info = sock.getsockopt(socket.SOL_SOCKET, system.memory_info, _MEMORY_INFO.size)
        return int(_MEMORY_INFO.unpack(info)[_DROPS])
    except (OSError, struct.error):  # before Linux 4.12, or closed
        return 0
