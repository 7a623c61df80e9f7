"""A multicast router: ``python -m tests.lab.harness.forwarding eth0 eth1``.

Every flow that comes in by one interface is sent out by all others; the kernel does
that, and counts the TTL down. It asks here once per flow (``ip_mroute``), which is all
that a routing protocol would have to answer.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
from collections.abc import Sequence

__all__ = ["main"]

# linux/mroute.h and linux/mroute6.h
_MRT_INIT, _MRT_ADD_VIF, _MRT_ADD_MFC = 200, 202, 204
_VIFF_USE_IFINDEX = 8
_NOCACHE = 1


def main(devices: Sequence[str]) -> None:
    """Forward between ``devices`` until killed."""
    routers: list[_Router4 | _Router6] = [_Router4(devices), _Router6(devices)]
    print("ready", flush=True)  # noqa: T201 - the lab waits for it
    sockets = {router.socket: router for router in routers}
    while True:
        for one in select.select([*sockets], [], [])[0]:
            sockets[one].handle(one.recv(4096))


class _Router4:
    def __init__(self, devices: Sequence[str]) -> None:
        self._count = len(devices)
        self.socket = socket.socket(
            socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP
        )
        self._set(_MRT_INIT, struct.pack("i", 1))
        for number, device in enumerate(devices):
            # struct vifctl: vif, flags, threshold, rate limit, interface, remote
            index = socket.if_nametoindex(device)
            layout = struct.pack(
                "=HBBIi4s", number, _VIFF_USE_IFINDEX, 1, 0, index, bytes(4)
            )
            self._set(_MRT_ADD_VIF, layout)

    def handle(self, packet: bytes) -> None:
        """Answer the kernel's question; protocol 0 tells it from a member's report."""
        if packet[9] == 0 and packet[8] == _NOCACHE:
            source, group, incoming = packet[12:16], packet[16:20], packet[10]
            ttls = bytes(int(v < self._count and v != incoming) for v in range(32))
            entry = struct.pack("@4s4sH32s", source, group, incoming, ttls)
            self._set(_MRT_ADD_MFC, entry.ljust(60, b"\0"))

    def _set(self, option: int, value: bytes) -> None:
        self.socket.setsockopt(socket.IPPROTO_IP, option, value)


class _Router6:
    def __init__(self, devices: Sequence[str]) -> None:
        self._count = len(devices)
        self.socket = socket.socket(
            socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6
        )
        self._set(_MRT_INIT, struct.pack("i", 1))
        for number, device in enumerate(devices):
            # struct mif6ctl: mif, flags, threshold, interface, rate limit
            index = socket.if_nametoindex(device)
            self._set(_MRT_ADD_VIF, struct.pack("@HBBHI", number, 0, 1, index, 0))

    def handle(self, packet: bytes) -> None:
        """Answer the kernel's question; type 0 tells it from ICMPv6."""
        if packet[0] == 0 and packet[1] == _NOCACHE:
            (incoming,) = struct.unpack_from("H", packet, 2)
            out = sum(1 << v for v in range(self._count) if v != incoming)
            entry = _address6(packet[8:24]) + _address6(packet[24:40])
            entry += struct.pack("@HxxI", incoming, out) + bytes(28)
            self._set(_MRT_ADD_MFC, entry)

    def _set(self, option: int, value: bytes) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, option, value)


def _address6(ip: bytes) -> bytes:
    return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, ip, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
