"""groupwire below its public doors: sockets, segments, driver and port."""

from __future__ import annotations

import asyncio
import select
from multiprocessing.connection import Connection
from time import perf_counter

from groupwire.net import (
    Aim,
    MulticastReceiver,
    MulticastSender,
    list_interfaces,
    most_segments,
)
from groupwire.run import Driver, UdpPort
from groupwire.values import Datagram, Group, Interface, Transmit

from . import floods, rows
from .network import Host
from .plain import Place

__all__ = ["as_group", "receive_rows", "send_rows", "take_by_port"]


def as_group(group: Place) -> Group:
    return Group.parse(f"{group[0]}:{group[1]}")


def interface_of(host: Host) -> Interface:
    return next(i for i in list_interfaces() if i.name == host.interface)


def take_by_port(pipe: Connection, host: Host, group: Place) -> None:
    """A driver with a core that only counts: what every part of groupwire stands on."""
    with asyncio.Runner() as runner:
        counter = runner.run(_drive(host, group))
        floods.serve(
            pipe,
            counter.granted,
            lambda count: runner.run(counter.take(count)),
            lambda: runner.run(asyncio.sleep(0.1)),
        )


async def _drive(host: Host, group: Place) -> _CountingCore:
    interface = interface_of(host)
    receiver = MulticastReceiver(
        receive_buffer_bytes=floods.BUFFER, coalesced=True, whole=False
    )
    receiver.join(as_group(group), [interface])
    sender = MulticastSender(Aim.at(as_group(group), [interface]))
    core = _CountingCore(receiver.receive_buffer_bytes)
    core.driver = Driver(core, UdpPort(sender, receiver), on_events=lambda _: None)
    core.driver.start()
    return core


class _CountingCore:
    driver: Driver[None]

    def __init__(self, granted: int) -> None:
        self.granted = granted
        self._left = 0
        self._done = asyncio.get_running_loop().create_future()

    async def take(self, count: int) -> float:
        self._left = count
        self._done = asyncio.get_running_loop().create_future()
        started = perf_counter()
        await self._done
        return perf_counter() - started

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:  # noqa: ARG002
        self._left -= 1
        if self._left == 0:
            self._done.set_result(None)

    def handle_timeout(self, *, now: float) -> None: ...

    def poll_transmits(self) -> tuple[Transmit, ...]:
        return ()

    def poll_events(self) -> tuple[None, ...]:
        return ()

    def poll_timeout(self) -> float | None: ...


def send_rows(pipe: Connection, host: Host, group: Place) -> None:
    """As many segments as one call can carry, again and again."""
    sender = MulticastSender(Aim.at(as_group(group), [interface_of(host)]))
    row = bytes(rows.SEGMENT * most_segments(rows.SEGMENT))

    def send() -> int:
        try:
            return sender.send(row, rows.SEGMENT)
        except BlockingIOError:
            select.select([], [sender.socket], [], 1.0)
            return 0

    rows.send_for(pipe, send)


def receive_rows(pipe: Connection, host: Host, group: Place) -> None:
    """Take what the kernel has coalesced, and count every segment's bytes."""
    receiver = MulticastReceiver(receive_buffer_bytes=rows.BUFFER, coalesced=True)
    receiver.join(as_group(group), [interface_of(host)])
    pipe.send(receiver.receive_buffer_bytes)
    while True:
        pipe.recv()
        pipe.send(_count(receiver))


def _count(receiver: MulticastReceiver) -> rows.Arrived:
    poll = select.epoll()
    for sock in receiver.sockets:
        poll.register(sock, select.EPOLLIN)
    poll.poll(5.0)
    arrived = 0
    started = ended = perf_counter()
    while poll.poll(rows.SILENCE_S):
        for datagram in receiver.receive():
            arrived += sum(len(segment) for segment in datagram.segments())
        ended = perf_counter()
    return arrived, ended - started
