"""One sender and many receivers: what sending costs, and proof that all got it."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from .network import Host, enter
from .plain import Place, ask_receive_buffer, listening_socket, sending_socket

__all__ = [
    "MESSAGE",
    "Cost",
    "carry",
    "cost_of_sending",
    "receive_everywhere",
    "send_multicast",
    "send_unicast",
]

MESSAGE = bytes(1000)
_BUFFER = 8 << 20
_SOL_PACKET, _PACKET_VNET_HDR, _ETH_P_IP = 263, 15, 0x0800
_PROTOCOL = 10 + 14 + 9
"""Where a frame names its protocol: virtio header, Ethernet header, IPv4 field."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a burst cost its sender: seconds of processor time, bytes on its wire."""

    user_s: float
    kernel_s: float
    wire_bytes: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.user_s + other.user_s,
            self.kernel_s + other.kernel_s,
            self.wire_bytes + other.wire_bytes,
        )


def cost_of_sending(
    pipe: Connection, host: Host, send: Callable[[int], object]
) -> None:
    """Send bursts of as many messages as the bench says, and tell what each cost."""
    pipe.send("ready")
    while True:
        (count,) = pipe.recv()
        wire, before = _sent_bytes(host), resource.getrusage(resource.RUSAGE_SELF)
        send(count)
        after = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send(
            Cost(
                after.ru_utime - before.ru_utime,
                after.ru_stime - before.ru_stime,
                _sent_bytes(host) - wire,
            )
        )


def _sent_bytes(host: Host) -> int:
    """Return what the interface has transmitted, Ethernet headers included."""
    lines = Path("/proc/thread-self/net/dev").read_text().splitlines()
    line = next(x for x in lines if x.strip().startswith(f"{host.interface}:"))
    return int(line.partition(":")[2].split()[8])


def send_multicast(pipe: Connection, host: Host, group: Place) -> None:
    """One plain ``sendto`` a message, whoever listens."""
    with sending_socket(host) as sock:

        def send(count: int) -> None:
            for _ in range(count):
                sock.sendto(MESSAGE, group)

        cost_of_sending(pipe, host, send)


def send_unicast(pipe: Connection, host: Host, places: Sequence[Place]) -> None:
    """The same message to each receiver in turn."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:

        def send(count: int) -> None:
            for _ in range(count):
                for place in places:
                    sock.sendto(MESSAGE, place)

        cost_of_sending(pipe, host, send)


def receive_everywhere(
    pipe: Connection,
    hosts: Sequence[Host],
    paths: Sequence[str],
    places: Sequence[Place],
) -> None:
    """Hold a socket on every host; empty them all when told, and tell the total."""
    socks = [
        _on(host, path, place)
        for host, path, place in zip(hosts, paths, places, strict=True)
    ]
    pipe.send("ready")
    while True:
        (count,) = pipe.recv()
        pipe.send(sum(_take(sock, count) for sock in socks))


def _on(host: Host, path: str, place: Place) -> socket.socket:
    if path:
        namespace = os.open(path, os.O_RDONLY)
        enter(namespace)
        os.close(namespace)
    sock = listening_socket(host, place, _BUFFER)
    sock.settimeout(0.5)
    return sock


def _take(sock: socket.socket, count: int) -> int:
    taken = 0
    try:
        for _ in range(count):
            sock.recv(2048)
            taken += 1
    except TimeoutError:
        pass
    return taken


def carry(pipe: Connection) -> None:
    """Be the wire: let the datagrams of a burst cross only once it has been sent.

    So the sender's processor does what a sender's processor does, and the copies to the
    receivers are made elsewhere and later, as in a network.
    """
    near, far = (_packet_socket(interface) for interface in ("near", "far"))
    pipe.send("ready")
    while True:
        (count,) = pipe.recv()
        carried = 0
        near.settimeout(1.0)
        while carried < count:
            frame = near.recv(4096)
            if frame[_PROTOCOL] == socket.IPPROTO_UDP:
                far.send(frame)
                carried += 1
        pipe.send(carried)


def _packet_socket(interface: str) -> socket.socket:
    """Return a socket that gives and takes whole frames of IPv4."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    ask_receive_buffer(sock, _BUFFER)
    # The header in front of each frame says which checksums are still to be made.
    sock.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    sock.bind((interface, _ETH_P_IP))
    return sock
