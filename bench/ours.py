"""groupwire's own side of every comparison, through its public doors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from time import perf_counter

from groupwire import aio
from groupwire.aio import Asking, Message, Peer, PeerConfig

from . import crowd, fans, floods
from .network import Host
from .plain import ANSWER, QUESTION, Place, questions

__all__ = [
    "answer_as_many",
    "answer_questions",
    "ask_crowd",
    "ask_questions",
    "ask_questions_by_peer",
    "ask_questions_tagged",
    "send_messages",
    "take_by_listen",
]

# The bench asks from one address, more often than any member would let a stranger.
_RATE = 1_000_000


def _text(group: Place) -> str:
    return f"{group[0]}:{group[1]}"


def _peer(
    host: Host,
    group: Place,
    name: str = "bench",
    on_message: Callable[[Message], None] | None = None,
) -> Peer:
    config = PeerConfig(name=name, interface=host.interface, answer_rate=_RATE)
    return aio.open(_text(group), config=config, on_message=on_message)


def answer_questions(pipe: Connection, host: Host, group: Place) -> None:
    """Be one member: hear, and answer."""
    asyncio.run(_answer(pipe, host, group))


async def _answer(pipe: Connection, host: Host, group: Place) -> None:
    async with _peer(host, group, on_message=_acknowledge):
        pipe.send("ready")
        await asyncio.get_running_loop().create_future()


def _acknowledge(message: Message) -> None:
    message.answer(ANSWER)


def ask_questions(pipe: Connection, host: Host, group: Place, answers: int) -> None:
    """Ask without a peer: a port of its own for each question."""
    _ask_anew(pipe, host, group, answers, tagged=None)


def ask_questions_tagged(
    pipe: Connection, host: Host, group: Place, answers: int
) -> None:
    """Ask in groupwire's own form: answers bear names."""
    _ask_anew(pipe, host, group, answers, tagged=True)


def _ask_anew(
    pipe: Connection, host: Host, group: Place, answers: int, *, tagged: bool | None
) -> None:
    where, config = _text(group), PeerConfig(interface=host.interface)

    def ask() -> Asking:
        return aio.ask(where, QUESTION, first=answers, tagged=tagged, config=config)

    with asyncio.Runner() as runner:
        for count in questions(pipe):
            pipe.send(runner.run(_ask_often(ask, answers, count)))


def ask_questions_by_peer(
    pipe: Connection, host: Host, group: Place, answers: int
) -> None:
    """Ask on a peer, which has joined and so hears each question itself too."""
    asyncio.run(_ask_by_peer(pipe, host, group, answers))


async def _ask_by_peer(
    pipe: Connection, host: Host, group: Place, answers: int
) -> None:
    async with _peer(host, group) as peer:

        def ask() -> Asking:
            return peer.ask(QUESTION, first=answers)

        for count in questions(pipe):
            pipe.send(await _ask_often(ask, answers, count))


async def _ask_often(
    ask: Callable[[], Asking], answers: int, count: int
) -> list[float]:
    taken = []
    for _ in range(count):
        started = perf_counter()
        result = await ask()
        taken.append(perf_counter() - started)
        if len(result.answers) != answers:
            raise RuntimeError(f"{len(result.answers)} of {answers} answers")
    return taken


def answer_as_many(pipe: Connection, host: Host, group: Place, members: int) -> None:
    """Be many members, each a peer of its own with a name of its own."""
    crowd.many_files()
    asyncio.run(_answer_as_many(pipe, host, group, members))


async def _answer_as_many(
    pipe: Connection, host: Host, group: Place, members: int
) -> None:
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        for _ in range(members):
            peer = await stack.enter_async_context(_peer(host, group, "member"))
            tasks.create_task(_answer_all(peer))
        pipe.send("ready")


async def _answer_all(peer: Peer) -> None:
    async for message in peer.listen():
        message.answer(ANSWER)


def ask_crowd(pipe: Connection, host: Host, group: Place) -> None:
    """Ask once for each command, which says whether members are to spread."""
    pipe.send("ready")
    while True:
        members, spread = pipe.recv()
        pipe.send(asyncio.run(_ask_crowd(host, group, members, spread=spread)))


async def _ask_crowd(
    host: Host, group: Place, members: int, *, spread: bool
) -> crowd.Gathered:
    """Expected members are told to spread; who only wants the first N tells nothing."""
    asking = aio.ask(
        _text(group),
        QUESTION,
        expect=members if spread else None,
        first=None if spread else members,
        timeout=1.0,
        retries=0,
        tagged=True,
        config=PeerConfig(interface=host.interface, receive_buffer=0),
    )
    started = last = perf_counter()
    answers = 0
    async with asking as arriving:
        async for _ in arriving:
            answers, last = answers + 1, perf_counter()
    return answers, last - started


def take_by_listen(pipe: Connection, host: Host, group: Place) -> None:
    """Take messages as an application does."""
    with asyncio.Runner() as runner:
        taker = _Listener(host, group)
        granted = runner.run(taker.open())
        floods.serve(
            pipe,
            granted,
            lambda count: runner.run(taker.take(count)),
            lambda: runner.run(taker.clear()),
        )


class _Listener:
    def __init__(self, host: Host, group: Place) -> None:
        self._peer = _peer(host, group)

    async def open(self) -> int:
        await self._peer.__aenter__()
        return self._peer.joined.receive_buffer

    async def take(self, count: int) -> float:
        started = perf_counter()
        left = count
        async for _ in self._peer.listen():
            left -= 1
            if not left:
                break
        return perf_counter() - started

    async def clear(self) -> None:
        try:
            async with asyncio.timeout(0.3):
                async for _ in self._peer.listen():
                    pass
        except TimeoutError:
            pass


def send_messages(pipe: Connection, host: Host, group: Place) -> None:
    """Send by an open peer, one message after the other."""
    with asyncio.Runner() as runner:
        peer = runner.run(_opened(host, group))

        async def send(count: int) -> None:
            for _ in range(count):
                await peer.send(fans.MESSAGE)

        fans.cost_of_sending(pipe, host, lambda count: runner.run(send(count)))


async def _opened(host: Host, group: Place) -> Peer:
    return await _peer(host, group).__aenter__()
