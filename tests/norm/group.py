"""A sender and receivers in a lab, for tests of what they do together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import (
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    StreamEnded,
    StreamGap,
    StreamReceived,
)
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import MemorySink, SinkFor
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import RoomFreed, SenderEvent, WatermarkEnded
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.testing import Faults, Lab, Member

__all__ = ["FIRST_NODE", "Ears", "Group"]

FIRST_NODE = 100
_PERFECT = Faults()


class Ears:
    """What one receiver has heard."""

    def __init__(self, done: Callable[[], None]) -> None:
        self.objects: dict[int, bytes] = {}
        self.lost: list[int] = []
        self.stream = bytearray()
        self.gaps = 0
        self.ended = False
        self._done = done

    def hear(self, event: ReceiverEvent) -> None:
        match event:
            case ObjectReceived():
                assert event.object not in self.objects, "an object came twice"
                assert isinstance(event.sink, MemorySink)
                self.objects[event.object] = event.sink.data
                self._done()
            case ObjectLost():
                self.lost.append(event.object)
            case StreamReceived():
                self.stream += event.data
            case StreamGap():
                self.gaps += event.segments
            case StreamEnded():
                self.ended = True
                self._done()
            case _:
                pass


class Group:
    """One sender, some receivers; ``received`` counts objects and ended streams."""

    def __init__(
        self,
        seed: int,
        receivers: int,
        *,
        down: Faults = _PERFECT,
        up: Faults = _PERFECT,
        rate: float = 1e7,
        coding: Coding | None = None,
        sink_for: SinkFor | None = None,
        keep_log: bool = False,
        **config: Any,
    ) -> None:
        self.lab = Lab(seed, keep_log=keep_log)
        self.received = 0
        self.status: dict[int, AckStatus] = {}
        self.ears: list[Ears] = []
        self.members: list[Member[Receiver]] = []
        coding = coding or Coding(segment_bytes=1000, block=16, parity=32)
        core = Sender(SenderConfig(1, 7, coding, **config), FixedRate(rate))
        self.sender = self.lab.add("sender", core, on_event=self._hear)
        self._pending: list[bytes] = []
        self._sink_for = sink_for
        for number in range(receivers):
            self._join(number, down, up)

    def _join(self, number: int, down: Faults, up: Faults) -> None:
        ears = Ears(self._count)
        config = ReceiverConfig(FIRST_NODE + number)
        rng = self.lab.rng(f"receiver {number}")
        core = Receiver(config, rng, sink_for=self._sink_for)
        self.ears.append(ears)
        self.members.append(
            self.lab.add(
                f"receiver {number}", core, down=down, up=up, on_event=ears.hear
            )
        )

    def _count(self) -> None:
        self.received += 1

    def _hear(self, event: SenderEvent) -> None:
        if isinstance(event, WatermarkEnded):
            self.status = dict(event.status)
        elif isinstance(event, RoomFreed):
            self.lab.clock.at(self.lab.clock.now, self.sender.do, self._write_on)

    @property
    def nodes(self) -> list[int]:
        return [FIRST_NODE + n for n in range(len(self.members))]

    def send(self, data: bytes) -> None:
        self.sender.do(lambda core, now: core.send_object(data, now=now))

    def watermark(self, nodes: Iterable[int]) -> None:
        self.sender.do(lambda core, now: core.watermark(nodes, now=now))

    def stream(self, messages: Iterable[bytes], *, buffer_bytes: int) -> None:
        """Write all messages as there is room, and end the stream behind them."""
        self._stream: int = self.sender.do(
            lambda core, now: core.open_stream(buffer_bytes=buffer_bytes, now=now)
        )
        self._pending = list(reversed(list(messages)))
        self.sender.do(self._write_on)

    def _write_on(self, core: Sender, now: float) -> None:
        while self._pending:
            try:
                core.write(self._stream, self._pending[-1], now=now)
            except UsageError:
                return
            self._pending.pop()
        core.end_stream(self._stream, now=now)

    def run(self, seconds: float, *, until: int | None = None) -> bool:
        """Run; True if before that so many objects and streams have been received."""
        wanted = float("inf") if until is None else until
        end = self.lab.clock.now + seconds
        return self.lab.run(end, done=lambda: self.received >= wanted)
