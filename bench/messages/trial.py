"""One publisher, some subscribers, one order: what came, how fast, how late."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import quantiles

from ..network import Host
from ..worker import Worker
from .all_peers import named
from .peer import Order, Peer, Sent, Taken, serve

__all__ = ["Group", "Result", "open_group"]

_GREETING = Order(20, 100, 0.01, silence_s=0.5)
_GREETINGS = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What all subscribers together have got."""

    order: Order
    sent: Sent
    taken: Sequence[Taken]

    @property
    def delivered(self) -> float:
        """The share that came, at the subscriber that lost most."""
        return min(taken.count for taken in self.taken) / self.order.count

    @property
    def per_s(self) -> float:
        """Messages a second until the slowest subscriber had its last one."""
        ended = max(taken.ended_ns for taken in self.taken)
        least = min(taken.count for taken in self.taken)
        seconds = (ended - self.sent.began_ns) / 1e9
        return least / seconds if seconds > 0 else 0.0

    def delay_us(self, percent: int) -> float:
        """Return a percentile of all delays, in microseconds."""
        delays = [ns / 1e3 for taken in self.taken for ns in taken.delays_ns]
        if len(delays) < 2:
            return float("nan")
        return quantiles(delays, n=100, method="inclusive")[percent - 1]


class Group:
    """One peer's processes, ready to obey."""

    def __init__(self, publisher: Worker, subscribers: Sequence[Worker]) -> None:
        self._publisher = publisher
        self._subscribers = subscribers

    def obey(self, order: Order) -> Result:
        """Send once, and ask everybody for what has come."""
        for subscriber in self._subscribers:
            subscriber.tell(order)
        sent = self._publisher.ask(order)
        taken = [subscriber.receive() for subscriber in self._subscribers]
        return Result(order, sent, taken)

    def meet(self) -> None:
        """Send some until all hear them: discovery takes its time."""
        for _ in range(_GREETINGS):
            if self.obey(_GREETING).delivered == 1.0:
                return
        raise OSError("its subscribers do not hear its publisher")

    def finish(self) -> None:
        """Let the publisher end by itself."""
        self._publisher.finish()


@contextmanager
def open_group(
    peer: Peer, host: Host, hosts: Sequence[Host], *, under: Sequence[str] = ()
) -> Iterator[Group]:
    """Start a publisher and a subscriber on each of ``hosts``, until all have met."""
    with ExitStack() as stack:
        stack.enter_context(_server(peer))
        worker = Worker(_publish, peer.name, host, host=host, under=under)
        publisher = stack.enter_context(worker)
        publisher.receive()
        subscribers = [
            stack.enter_context(Worker(_subscribe, peer.name, place, host=place))
            for place in hosts
        ]
        for subscriber in subscribers:
            subscriber.receive()
        group = Group(publisher, subscribers)
        group.meet()
        yield group


def _publish(pipe: Connection, name: str, host: Host) -> None:
    serve(pipe, named(name).publisher(host))


def _subscribe(pipe: Connection, name: str, host: Host) -> None:
    serve(pipe, named(name).subscriber(host))


@contextmanager
def _server(peer: Peer) -> Iterator[None]:
    if not peer.server:
        yield
        return
    process = subprocess.Popen(peer.server, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
