"""NORM's reference implementation, NRL's (Debian: libnorm1): a stream, set for a LAN.

It is told a rate, so it is measured where messages come by the clock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from ..peer import Peer, Publisher, Subscriber, Taken

if TYPE_CHECKING:
    from tests.interop.libnorm import Happening, Instance, Session

__all__ = ["NORM"]

_GROUP, _PORT = "239.255.42.97", 10_022
_BUFFER_BYTES, _SOCKET_BYTES = 8 << 20, 4 << 20
_SEGMENT, _BLOCK, _PARITY = 1400, 16, 8
_RATE_BITS, _GRTT_S, _MEMBERS = 200e6, 0.001, 10
_PASSIVE = 1
"""A flush that is not repeated."""


class _Publisher(Publisher):
    def open(self) -> None:
        from tests.interop.libnorm import call

        self._call = call
        self._instance, session = _session(self.host.interface)
        session.call("SetTxRate", _RATE_BITS)
        session.call("SetGrttEstimate", _GRTT_S)
        session.call("SetBackoffFactor", 0.0)
        session.call("SetGroupSize", _MEMBERS)
        code = _SEGMENT, _BLOCK, _PARITY, 0
        session.need("StartSender", 1, _BUFFER_BYTES, *code)
        self._stream = session.need("StreamOpen", _BUFFER_BYTES, None, 0)

    def send(self, data: bytes) -> None:
        self._call("StreamWrite", self._stream, data, len(data))
        self._call("StreamFlush", self._stream, True, _PASSIVE)


class _Subscriber(Subscriber):
    def open(self) -> None:
        from tests.interop.libnorm import Event, read_stream

        self._read, self._updated = read_stream, Event.RX_OBJECT_UPDATED
        self._instance, session = _session(self.host.interface)
        session.need("StartReceiver", _BUFFER_BYTES)
        session.call("SetRxSocketBuffer", _SOCKET_BYTES)
        session.call("SetDefaultUnicastNack", True)
        self._rest = b""

    def take(self, taken: Taken) -> None:
        while happening := self._instance.next(taken.order.silence_s):
            for message in self._messages(happening, taken.order.size_bytes):
                if taken.add(message):
                    taken.end()
                    return
            taken.end()

    def _messages(self, happening: Happening, size: int) -> Iterator[bytes]:
        """Cut what has come: a stream does not tell where each message ends."""
        if happening.event is not self._updated or happening.object is None:
            return
        while data := self._read(happening.object):
            self._rest += data
            while len(self._rest) >= size:
                message, self._rest = self._rest[:size], self._rest[size:]
                yield message


def _session(interface: str) -> tuple[Instance, Session]:
    from tests.interop.libnorm import Instance

    instance = Instance(Path(gettempdir()))
    session = instance.session(_GROUP, _PORT, os.getpid())
    session.share(interface)
    return instance, session


def _missing() -> str:
    return "" if find_library("norm") else "apt install libnorm1"


NORM = Peer("NORM, NRL's", _Publisher, _Subscriber, _missing, floods=False)
