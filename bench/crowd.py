"""Five hundred members in a few processes, and plain sockets that ask them."""

from __future__ import annotations

import resource
import select
import socket
from contextlib import suppress
from multiprocessing.connection import Connection
from time import perf_counter

from .network import Host
from .plain import ANSWER, QUESTION, Place, listening_socket, sending_socket

__all__ = ["Gathered", "answer_as_many", "ask_plainly", "many_files"]

Gathered = tuple[int, float]
"""How many answers, and after how many seconds the last of them."""
_SILENCE_S = 0.3


def many_files() -> None:
    """A process with many members needs more files than the shell's usual limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def answer_as_many(pipe: Connection, host: Host, group: Place, members: int) -> None:
    """Answer once for each of ``members`` plain sockets, at once."""
    many_files()
    poll = select.epoll()
    socks: dict[int, socket.socket] = {}
    for _ in range(members):
        sock = listening_socket(host, group)
        socks[sock.fileno()] = sock
        poll.register(sock, select.EPOLLIN)
    pipe.send("ready")
    while True:
        for descriptor, _ in poll.poll():
            _, asker = socks[descriptor].recvfrom(2048)
            socks[descriptor].sendto(ANSWER, asker)


def ask_plainly(pipe: Connection, host: Host, group: Place) -> None:
    """Ask with a socket as the system makes it, and read until there is silence.

    The command says how many seconds the asker is busy elsewhere before it reads.
    """
    pipe.send("ready")
    while True:
        (busy_s,) = pipe.recv()
        with sending_socket(host) as sock:
            sock.settimeout(_SILENCE_S)
            started = perf_counter()
            sock.sendto(QUESTION, group)
            if busy_s:
                select.select([], [], [], busy_s)
            pipe.send(_gather(sock, started))


def _gather(sock: socket.socket, started: float) -> Gathered:
    answers, last = 0, started
    try:
        while True:
            sock.recvfrom(2048)
            answers, last = answers + 1, perf_counter()
    except TimeoutError:
        return answers, last - started
