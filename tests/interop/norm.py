"""The two implementations of NORM in hosts, what they told, what was on the wire."""

from __future__ import annotations

import hashlib
import shutil
import signal
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import NamedTuple, Self

import pytest
from tests.interop.libnorm import is_there
from tests.lab.harness import Host, Laboratory, Process
from tests.lab.harness.commands import Line, Told, told

from groupwire.gather import is_tagged
from groupwire.norm.wire.message import Message, decode

__all__ = [
    "BOTH_WAYS",
    "GROUP",
    "LIBNORM",
    "NEEDS_LIBNORM",
    "NEEDS_TSHARK",
    "OURS",
    "PORT",
    "Packet",
    "Way",
    "Wire",
    "ack_status",
    "digests",
    "exchange",
    "finished",
    "let_go",
    "lost",
    "objects",
    "receiver",
    "sender",
    "understood",
    "write_pcap",
]

OURS, LIBNORM = "ours", "norm_peer"
GROUP, PORT = "239.255.7.7", 6003
_ETH_P_ALL, _OUTGOING = 0x0003, 4
_SO_RCVBUFFORCE = 33
_RAW_IP = 101
"""LINKTYPE_RAW of pcap files."""
_PATIENCE = 60.0

NEEDS_LIBNORM = pytest.mark.skipif(
    not is_there(), reason="there is no libnorm; on Debian: apt-get install libnorm1"
)
NEEDS_TSHARK = pytest.mark.skipif(
    shutil.which("tshark") is None,
    reason="there is no tshark; on Debian: apt-get install tshark",
)


class Way(NamedTuple):
    """Who sends to whom."""

    sender: str
    receiver: str


BOTH_WAYS = pytest.mark.parametrize(
    "way",
    [
        pytest.param(Way(OURS, LIBNORM), id="ours to libnorm"),
        pytest.param(Way(LIBNORM, OURS), id="libnorm to ours"),
    ],
)


def receiver(host: Host, program: str, *options: object) -> Process:
    """Start a receiver; it has joined, and answers until it is let go."""
    process = _start(host, program, "receive", "--hold", 20, *options)
    process.line('"ready"')
    return process


def sender(host: Host, program: str, *options: object) -> Process:
    """Start a sender; a receiver that stands still for a moment has not failed."""
    return _start(host, program, "send", "--robust", 100, *options)


def _start(host: Host, program: str, *options: object) -> Process:
    at = ("--group", GROUP, "--port", PORT, "--interface", host.link.name)
    role, *rest = options
    words = map(str, (role, *at, *rest))
    return host.python("-m", f"tests.interop.{program}", *words)


def finished(sender: Process, *receivers: Process) -> list[Told]:
    """Wait for the sender's end, let the receivers end too, and read what they said."""
    return [told(sender, within=_PATIENCE), *let_go(*receivers)]


def let_go(*receivers: Process) -> list[Told]:
    """Let receivers end when they have enough, and read what they said."""
    for process in receivers:
        process.signal(signal.SIGINT)
    return [told(process, within=_PATIENCE) for process in receivers]


def exchange(
    lab: Laboratory,
    way: Way,
    *sending: object,
    receiving: Sequence[object] = (),
    hosts: Sequence[Host] = (),
) -> tuple[Told, Told]:
    """Let one send to the other, node 2, and return what both told."""
    a, b = hosts or lab.segment(2)
    listening = receiver(b, way.receiver, *receiving)
    sent, received = finished(sender(a, way.sender, *sending), listening)
    assert (sent.code, received.code) == (0, 0), (sent, received)
    understood(sent, received)
    return sent, received


def understood(*peers: Told) -> None:
    """Fail where groupwire did not understand something; others tell no drops."""
    for peer in peers:
        for line in peer.all("dropped"):
            assert line == {"event": "dropped"}, peer


def lost(ours: Told) -> Line:
    """Return what was lost on groupwire's machine, by reason."""
    (line,) = ours.all("lost")
    return line


def digests(*, size: int, count: int = 1, seed: int = 0) -> list[str]:
    """Return the digests of what both senders send, sorted."""
    contents = (Random(seed + number).randbytes(size) for number in range(count))
    return sorted(hashlib.sha256(content).hexdigest() for content in contents)


def objects(received: Told) -> list[str]:
    """Return the digests of what was received, sorted."""
    return sorted(line["sha256"] for line in received.all("object"))


def ack_status(sent: Told) -> dict[int, str]:
    """Return what became of each acking node."""
    return {line["node"]: line["status"] for line in sent.all("ack")}


@dataclass(frozen=True, slots=True)
class Packet:
    """A datagram of the group's port, to the group or not."""

    ip: bytes
    """With its header."""
    source: str
    to: str
    message: Message

    @property
    def payload(self) -> bytes:
        return self.ip[(self.ip[0] & 0xF) * 4 + 8 :]


class Wire:
    """All of NORM that leaves a host or reaches it, from now on.

    The host segments what it sends before that, so that each datagram is seen alone.
    """

    def __init__(self, host: Host) -> None:
        host.ip(f"link set {host.link.name} gso_max_segs 1")
        self._socket = host.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        self._socket.bind((host.link.name, _ETH_P_ALL))
        self._socket.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def packets(self) -> list[Packet]:
        """Return what has passed since the last time."""
        return [packet for ip in self._drain() for packet in _norm(ip)]

    def _drain(self) -> Iterator[bytes]:
        while True:
            try:
                yield self._socket.recv(65_536)
            except BlockingIOError:
                return


def _norm(ip: bytes) -> Iterator[Packet]:
    header = (ip[0] & 0xF) * 4
    if ip[0] >> 4 != 4 or ip[9] != socket.IPPROTO_UDP:
        return
    tagged = is_tagged(ip[header + 8 :])  # deliveries speak so on the same port
    if PORT in struct.unpack_from("!HH", ip, header) and not tagged:
        source, to = (str(IPv4Address(ip[at : at + 4])) for at in (12, 16))
        yield Packet(ip, source, to, decode(ip[header + 8 :]))


def write_pcap(path: Path, packets: Iterable[Packet]) -> None:
    """Write a file that tshark reads; the times in it mean nothing."""
    with path.open("wb") as file:
        file.write(struct.pack("=IHHiIII", 0xA1B2_C3D4, 2, 4, 0, 0, 65_535, _RAW_IP))
        for number, packet in enumerate(packets):
            size = len(packet.ip)
            file.write(struct.pack("=IIII", number, 0, size, size) + packet.ip)
