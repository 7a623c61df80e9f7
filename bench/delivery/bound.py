"""What Python costs without any protocol: the bound of every delivery written in it.

The sender reads, digests and sends rows at a given rate; each receiver reads, digests
and writes what comes. Nothing is numbered, asked for again or acknowledged.
"""

from __future__ import annotations

import hashlib
import os
import select
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from groupwire.net import Aim, MulticastReceiver, MulticastSender, most_segments

from .. import rows
from ..engine import as_group, interface_of
from ..network import Host
from ..plain import Place
from ..worker import Worker
from .wires import Lossy

__all__ = ["Bound"]

_GROUP = ("239.255.42.93", 14001)
_AT_ONCE = 1 << 20


class Bound:
    """The processes of a cell; each call is one round."""

    def __init__(self, wires: Lossy, file: Path) -> None:
        self._file = file
        with ExitStack() as stack:
            self._sender = stack.enter_context(
                Worker(_send, wires.sender, _GROUP, file, host=wires.sender)
            )
            self._receivers = [
                stack.enter_context(
                    Worker(_receive, host, _GROUP, file.parent / f"bare{n}", host=host)
                )
                for n, host in enumerate(wires.receivers)
            ]
            for worker in (self._sender, *self._receivers):
                worker.receive()
            self._stack = stack.pop_all()

    def cpu_s_per_gbyte(self, mbytes_per_s: float) -> float:
        """Return processor seconds of all processes, sending about as fast."""
        for receiver in self._receivers:
            receiver.tell()
        time.sleep(0.05)
        spent = self._sender.ask(mbytes_per_s)
        spent += sum(receiver.receive() for receiver in self._receivers)
        return float(spent / (self._file.stat().st_size / 1e9))

    def close(self) -> None:
        self._stack.close()


def _cpu_s() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _send(pipe: Connection, host: Host, group: Place, file: Path) -> None:
    sender = MulticastSender(Aim.at(as_group(group), [interface_of(host)]))
    row = rows.SEGMENT * most_segments(rows.SEGMENT)
    pipe.send("ready")
    while True:
        (mbytes_per_s,) = pipe.recv()
        before, started, sent = _cpu_s(), time.perf_counter(), 0
        digest = hashlib.sha256()
        with file.open("rb", buffering=0) as source:
            while data := source.read(row):
                digest.update(data)
                _send_all(sender, data)
                sent += len(data)
                ahead = sent / (mbytes_per_s * 1e6) - time.perf_counter() + started
                if ahead > 0.001:
                    time.sleep(ahead)
        pipe.send(_cpu_s() - before)


def _send_all(sender: MulticastSender, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[sender.send(left, rows.SEGMENT) :]
        except BlockingIOError:
            select.select([], [sender.socket], [], 1.0)


def _receive(pipe: Connection, host: Host, group: Place, into: Path) -> None:
    receiver = MulticastReceiver(receive_buffer_bytes=rows.BUFFER, coalesced=True)
    receiver.join(as_group(group), [interface_of(host)])
    poll = select.epoll()
    for sock in receiver.sockets:
        poll.register(sock, select.EPOLLIN)
    pipe.send("ready")
    while True:
        pipe.recv()
        poll.poll(5.0)
        before = _cpu_s()
        _store(receiver, poll, into)
        pipe.send(_cpu_s() - before)


def _store(receiver: MulticastReceiver, poll: select.epoll, into: Path) -> None:
    digest, waiting, size = hashlib.sha256(), [], 0
    with into.open("wb", buffering=0) as out:
        while poll.poll(rows.SILENCE_S):
            for datagram in receiver.receive():
                waiting.append(bytes(datagram.data))
                size += len(datagram.data)
            if size >= _AT_ONCE:
                data = b"".join(waiting)
                digest.update(data)
                os.write(out.fileno(), data)
                waiting.clear()
                size = 0
