"""Rows of equal segments: as fast as a sender can, to a receiver that counts bytes.

A receiver answers each command with the bytes that arrived and the seconds they took; a
sender sends for the seconds it is told.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from multiprocessing.connection import Connection
from time import perf_counter

from .network import Host
from .plain import Place, listening_socket, sending_socket

__all__ = [
    "BUFFER",
    "SEGMENT",
    "Arrived",
    "receive_one_by_one",
    "send_for",
    "send_one_by_one",
]

SEGMENT = 1400
BUFFER = 32 << 20
SILENCE_S = 0.3
Arrived = tuple[int, float]


def send_for(pipe: Connection, send: Callable[[], int]) -> None:
    """Send for as long as the bench says; tell how many bytes went out."""
    pipe.send("ready")
    while True:
        (seconds,) = pipe.recv()
        end = perf_counter() + seconds
        sent = 0
        while perf_counter() < end:
            sent += send()
        pipe.send(sent)


def send_one_by_one(pipe: Connection, host: Host, group: Place) -> None:
    segment = bytes(SEGMENT)
    with sending_socket(host) as sock:

        def send() -> int:
            # Looking at the clock for each packet would cost what a packet costs.
            return sum(sock.sendto(segment, group) for _ in range(32))

        send_for(pipe, send)


def receive_one_by_one(pipe: Connection, host: Host, group: Place) -> None:
    with listening_socket(host, group, BUFFER) as sock:
        sock.settimeout(SILENCE_S)
        pipe.send(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
        while True:
            pipe.recv()
            pipe.send(_count(sock))


def _count(sock: socket.socket) -> Arrived:
    """Count until nothing comes any more; the clock runs from first to last."""
    buffer = bytearray(65_536)
    arrived = 0
    sock.settimeout(5.0)
    sock.recv_into(buffer)
    sock.settimeout(SILENCE_S)
    started = ended = perf_counter()
    try:
        while True:
            for _ in range(64):
                arrived += sock.recv_into(buffer)
            ended = perf_counter()
    except TimeoutError:
        return arrived, ended - started
