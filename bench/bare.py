"""The same exchange in bare asyncio: ``add_reader``, and nothing round it."""

from __future__ import annotations

import asyncio
import socket
from multiprocessing.connection import Connection
from time import perf_counter

from .network import Host
from .plain import (
    ANSWER,
    QUESTION,
    Place,
    listening_socket,
    questions,
    sending_socket,
)

__all__ = ["answer_questions", "ask_questions", "ask_questions_anew"]


def ask_questions(pipe: Connection, host: Host, group: Place, answers: int) -> None:
    """Ask on one socket, waiting for ``answers`` answers each time."""
    with sending_socket(host) as sock, asyncio.Runner() as runner:
        sock.setblocking(False)
        asker = _Asker(sock, group, answers)
        for count in questions(pipe):
            pipe.send(runner.run(asker.ask_many(count)))


def ask_questions_anew(
    pipe: Connection, host: Host, group: Place, answers: int
) -> None:
    """Do the same with a socket, and so a port, for each question."""
    with asyncio.Runner() as runner:
        for count in questions(pipe):
            pipe.send(runner.run(_ask_anew(host, group, answers, count)))


async def _ask_anew(host: Host, group: Place, answers: int, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        started = perf_counter()
        with sending_socket(host) as sock:
            sock.setblocking(False)
            await _Asker(sock, group, answers).ask_many(1)
        taken.append(perf_counter() - started)
    return taken


class _Asker:
    def __init__(self, sock: socket.socket, group: Place, answers: int) -> None:
        self._sock = sock
        self._group = group
        self._answers = answers
        self._left = 0
        self._done: asyncio.Future[None] | None = None

    async def ask_many(self, count: int) -> list[float]:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._sock, self._readable)
        try:
            return [await self._ask(loop) for _ in range(count)]
        finally:
            loop.remove_reader(self._sock)

    async def _ask(self, loop: asyncio.AbstractEventLoop) -> float:
        started = perf_counter()
        self._left = self._answers
        self._done = loop.create_future()
        self._sock.sendto(QUESTION, self._group)
        async with asyncio.timeout(1.0):
            await self._done
        return perf_counter() - started

    def _readable(self) -> None:
        try:
            while True:
                self._sock.recvfrom(2048)
                self._left -= 1
        except BlockingIOError:
            pass
        if self._left <= 0 and self._done is not None and not self._done.done():
            self._done.set_result(None)


def answer_questions(pipe: Connection, host: Host, group: Place) -> None:
    """Answer whoever asks, reading with ``add_reader``."""
    with listening_socket(host, group) as sock, sending_socket(host) as own:
        sock.setblocking(False)
        asyncio.run(_answer(pipe, sock, own))


async def _answer(pipe: Connection, sock: socket.socket, own: socket.socket) -> None:
    asyncio.get_running_loop().add_reader(sock, _answer_all, sock, own)
    pipe.send("ready")
    await asyncio.Event().wait()


def _answer_all(sock: socket.socket, own: socket.socket) -> None:
    try:
        while True:
            _, asker = sock.recvfrom(2048)
            own.sendto(ANSWER, asker)
    except BlockingIOError:
        pass
