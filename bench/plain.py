"""The exchange in plain blocking sockets, and the sockets of all baselines."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from multiprocessing.connection import Connection
from time import perf_counter

from .network import Host, index_of

__all__ = [
    "ANSWER",
    "QUESTION",
    "Place",
    "answer_questions",
    "ask_questions",
    "ask_receive_buffer",
    "listening_socket",
    "questions",
    "sending_socket",
]

QUESTION = b"very important data"
ANSWER = b"ack"
Place = tuple[str, int]
_FORCE_RECEIVE_BUFFER = 33


def sending_socket(host: Host) -> socket.socket:
    """Return a socket that sends to groups by the interface of ``host``."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _way(host))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    return sock


def listening_socket(
    host: Host, group: Place, receive_buffer: int = 0
) -> socket.socket:
    """Return a socket that hears ``group``, or one unicast address of this host.

    A receive buffer of 0 leaves the system's default.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if receive_buffer:
        ask_receive_buffer(sock, receive_buffer)
    sock.bind(group)
    if group[0] != host.address:
        index = struct.pack("@i", index_of(host.interface))
        member = socket.inet_aton(group[0]) + bytes(4) + index
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    return sock


def ask_receive_buffer(sock: socket.socket, size: int) -> None:
    """Ask for a receive buffer, beyond the system's limit where that is allowed."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _FORCE_RECEIVE_BUFFER, size)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


def _way(host: Host) -> bytes:
    index = index_of(host.interface)
    return struct.pack("@4s4si", bytes(4), socket.inet_aton(host.address), index)


def questions(pipe: Connection) -> Iterator[int]:
    """Iterate over the commands of the bench: how often to ask in this round."""
    pipe.send("ready")
    while True:
        (count,) = pipe.recv()
        yield count


def ask_questions(pipe: Connection, host: Host, group: Place, answers: int) -> None:
    """Ask on one socket, waiting for ``answers`` answers each time."""
    with sending_socket(host) as sock:
        sock.settimeout(1.0)
        for count in questions(pipe):
            pipe.send([_ask(sock, group, answers) for _ in range(count)])


def _ask(sock: socket.socket, group: Place, answers: int) -> float:
    started = perf_counter()
    sock.sendto(QUESTION, group)
    for _ in range(answers):
        sock.recvfrom(2048)
    return perf_counter() - started


def answer_questions(pipe: Connection, host: Host, group: Place) -> None:
    """Answer whoever asks, from a port of one's own.

    On one machine members that answer from the group's port look like one and the same.
    """
    with listening_socket(host, group) as sock, sending_socket(host) as own:
        pipe.send("ready")
        while True:
            _, asker = sock.recvfrom(2048)
            own.sendto(ANSWER, asker)
