"""A port that loses datagrams on purpose, repeatably: for the demo and for tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random

from groupwire.run.port import Port, Ready, Receive
from groupwire.values import Datagram, Transmit

__all__ = ["LossyPort"]


class LossyPort:
    """Loses each datagram with a probability, independently of all others.

    Datagrams that travel in one system call are lost one by one too, as a network
    would lose them.
    """

    def __init__(
        self, port: Port, *, rng: Random, receive_loss: float = 0, send_loss: float = 0
    ) -> None:
        self._port = port
        self._rng = rng
        self._receive_loss = receive_loss
        self._send_loss = send_loss
        self._lost: Counter[str] = Counter()

    @property
    def payload_limit(self) -> int:
        """The payload limit of the port inside."""
        return self._port.payload_limit

    @property
    def dropped(self) -> Mapping[str, int]:
        """What the port inside dropped, and what was lost on purpose."""
        return Counter(self._port.dropped) + self._lost

    @property
    def busy(self) -> bool:
        """Whether the port inside is."""
        return self._port.busy

    def start(self, loop: asyncio.AbstractEventLoop, ready: Ready) -> None:
        """Start the port inside."""

        def thin(receive: Receive) -> None:
            ready(lambda: self.survivors(receive()))

        self._port.start(loop, thin)

    def survivors(self, arrived: Iterable[Datagram]) -> list[Datagram]:
        """Return what is not lost of what the port inside received."""
        return [kept for d in arrived if (kept := self._thinned(d))]

    def send(self, transmit: Transmit) -> None:
        """Send what is not lost."""
        step = transmit.segment_bytes
        data = self._segments_through(
            memoryview(transmit.data), step, self._send_loss, "sent"
        )
        if data is not None:
            self._port.send(Transmit(data, transmit.to, step))

    def close(self) -> None:
        """Close the port inside."""
        self._port.close()

    def _thinned(self, datagram: Datagram) -> Datagram | None:
        view, step = memoryview(datagram.data), datagram.segment_bytes
        data = self._segments_through(view, step, self._receive_loss, "received")
        return None if data is None else datagram.with_data(data)

    def _segments_through(
        self, view: memoryview, step: int, loss: float, what: str
    ) -> bytes | None:
        """Return the segments that get through, None when none does."""
        step = step or max(len(view), 1)
        starts = range(0, max(len(view), 1), step)
        kept = [s for s in starts if self._rng.random() >= loss]
        if len(kept) < len(starts):
            self._lost[f"lost-{what}"] += len(starts) - len(kept)
        return b"".join(view[s : s + step] for s in kept) if kept else None
