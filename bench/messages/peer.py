"""What the bench asks of every library: send these messages, take those.

A message begins with the time when it was handed over, in nanoseconds of the clock that
all processes of the machine share, and its number; what follows fills it up.
"""

from __future__ import annotations

import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from resource import RUSAGE_SELF, getrusage

from ..network import Host

__all__ = [
    "Meter",
    "Order",
    "Peer",
    "Publisher",
    "Sent",
    "Subscriber",
    "Taken",
    "serve",
]

_HEAD = struct.Struct("!QI")


@dataclass(frozen=True, slots=True)
class Order:
    """Send or take ``count`` messages of ``size`` bytes, all at once or by the clock.

    By the clock are ``together`` of them in each interval.
    """

    count: int
    size_bytes: int
    interval_s: float = 0.0
    together: int = 1
    silence_s: float = 2.0
    """After so long without a message a subscriber says what it has."""

    def message(self, number: int) -> bytes:
        """Return one of them, as of now."""
        head = _HEAD.pack(time.perf_counter_ns(), number)
        return head.ljust(self.size_bytes, b"x")

    def rests(self, number: int) -> bool:
        """Return whether the interval is waited for behind a message."""
        return bool(self.interval_s) and not (number + 1) % self.together


@dataclass(frozen=True, slots=True)
class Sent:
    """What it took to send, all of this process, since the first call."""

    began_ns: int
    user_s: float
    kernel_s: float
    sent_bytes: int = 0
    """On the wire, where the library tells."""


@dataclass(slots=True)
class Taken:
    """What one subscriber has got of an order."""

    order: Order
    count: int = 0
    ended_ns: int = 0
    delays_ns: list[int] = field(default_factory=list)

    def add(self, data: bytes | bytearray | memoryview) -> bool:
        """Count one; True when these were all."""
        self.count += 1
        if self.order.interval_s:
            sent_ns, _ = _HEAD.unpack_from(data)
            self.delays_ns.append(time.perf_counter_ns() - sent_ns)
        return self.count >= self.order.count

    def add_many(self, payloads: Sequence[bytes]) -> bool:
        """Count those of a batch; True when these were all."""
        if self.order.interval_s:
            for data in payloads:
                self.add(data)
        else:
            self.count += len(payloads)
        return self.count >= self.order.count

    def end(self) -> None:
        """Note when the last one came."""
        self.ended_ns = time.perf_counter_ns()


class Meter:
    """Processor time of this process, since it was made."""

    def __init__(self) -> None:
        self._before = getrusage(RUSAGE_SELF)
        self._began_ns = time.perf_counter_ns()

    def sent(self, sent_bytes: int = 0) -> Sent:
        """Return what it has been up to now."""
        before, now = self._before, getrusage(RUSAGE_SELF)
        user_s = now.ru_utime - before.ru_utime
        kernel_s = now.ru_stime - before.ru_stime
        return Sent(self._began_ns, user_s, kernel_s, sent_bytes)


class Publisher(ABC):
    """One library's way of sending: ``open`` is called once, then ``obey``."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @abstractmethod
    def open(self) -> None:
        """Get ready."""

    def send(self, data: bytes) -> None:
        """Hand one message over; waits where the library does."""
        raise NotImplementedError

    def obey(self, order: Order) -> Sent:
        """Send what is ordered."""
        meter, due = Meter(), time.perf_counter()
        for number in range(order.count):
            self.send(order.message(number))
            if order.rests(number):
                due += order.interval_s
                time.sleep(max(0.0, due - time.perf_counter()))
        return meter.sent()

    def serve(self, pipe: Connection) -> None:
        """Obey orders until the bench closes the pipe."""
        self.open()
        pipe.send("ready")
        while True:
            (order,) = pipe.recv()
            pipe.send(self.obey(order))


class Subscriber(ABC):
    """One library's way of taking: ``open`` is called once, then ``take``."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @abstractmethod
    def open(self) -> None:
        """Get ready."""

    @abstractmethod
    def take(self, taken: Taken) -> None:
        """Add messages until all are there, or until nothing comes for long."""

    def serve(self, pipe: Connection) -> None:
        """Obey orders until the bench closes the pipe."""
        self.open()
        pipe.send("ready")
        while True:
            (order,) = pipe.recv()
            taken = Taken(order)
            self.take(taken)
            pipe.send(taken)


@dataclass(frozen=True, slots=True)
class Peer:
    """A library under its name in the table."""

    name: str
    publisher: Callable[[Host], Publisher]
    subscriber: Callable[[Host], Subscriber]
    missing: Callable[[], str] = str
    """Returns how to get what is not there, nothing if it can run."""
    server: tuple[str, ...] = ()
    """A program that has to run beside it."""
    bounded: bool = True
    """Whether what waits has a limit; else it is kept until memory is full."""
    bound: bool = False
    """Whether it is no library, but what all that are written in Python cannot beat."""
    floods: bool = True
    """Whether it finds a rate by itself when it may send as much as it can."""
    paced: bool = True
    """Whether it is measured by the clock, too."""


def serve(pipe: Connection, role: Publisher | Subscriber) -> None:
    """Obey orders until the bench closes the pipe."""
    try:
        role.serve(pipe)
    except EOFError:
        return
