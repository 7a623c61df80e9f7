"""A small group for trials, and receivers and senders that break their promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from groupwire.norm.coding import Coding
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import (
    LossReason,
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    StreamReceived,
)
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import (
    MemberDropped,
    NodeAcknowledged,
    RoomFreed,
    SenderEvent,
    WatermarkEnded,
)
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.testing import Faults
from groupwire.testing.swarm.application import digest
from groupwire.testing.swarm.scenario import Life, Pace, Scenario
from groupwire.values import Datagram

CONFIG = SenderConfig(
    1, 7, Coding(segment_bytes=100, block=4, parity=2), initial_grtt_s=0.02
)
LINK = Faults(delay_s=0.002)
FIRST, SECOND = 100, 101


def life(node: int = FIRST, **changes: Any) -> Life:
    """Return a receiver that is there all the time, on good links."""
    return replace(Life(node, LINK, LINK), **changes)


def scenario(*lives: Life, **changes: Any) -> Scenario:
    """Return a group with two objects, in which nothing goes wrong by itself."""
    plain = Scenario(
        1, CONFIG, 100e3, Pace.FIXED, (900, 450), (), LINK, lives or (life(),)
    )
    return replace(plain, **changes)


class Events(Receiver):
    """Tells its application something else than what has happened."""

    def poll_events(self) -> Sequence[ReceiverEvent]:
        return [told for event in super().poll_events() for told in self.tell(event)]

    def tell(self, event: ReceiverEvent) -> Sequence[ReceiverEvent]:
        raise NotImplementedError


def wrong(event: ObjectReceived, data: bytes) -> ObjectReceived:
    """Return an object with other bytes."""
    sink = MemorySink()
    sink.write(0, [data])
    return replace(event, sink=sink)


class Spoiling(Events):
    """Hands over other bytes than were sent, of each object ``most`` times."""

    most = 1

    def __init__(self, config: ReceiverConfig, rng: Random) -> None:
        super().__init__(config, rng)
        self._spoilt: Counter[int] = Counter()

    def tell(self, event: ReceiverEvent) -> Sequence[ReceiverEvent]:
        if isinstance(event, ObjectReceived) and self._spoilt[event.object] < self.most:
            self._spoilt[event.object] += 1
            event = wrong(event, bytes(event.size_bytes))
        if isinstance(event, StreamReceived):
            event = replace(event, data=bytes(len(event.data)))
        return [event]


class SpoilingForEver(Spoiling):
    """Is never content."""

    most = 1 << 60


class Forging(Events):
    """Hands over other bytes, with the digest of those."""

    def tell(self, event: ReceiverEvent) -> Sequence[ReceiverEvent]:
        if isinstance(event, ObjectReceived):
            data = bytes(event.size_bytes)
            event = replace(wrong(event, data), info=digest(data))
        return [event]


class Twice(Events):
    """Hands the same object over twice."""

    def tell(self, event: ReceiverEvent) -> Sequence[ReceiverEvent]:
        return [event, event] if isinstance(event, ObjectReceived) else [event]


class Losing(Events):
    """Gives up whatever comes."""

    def tell(self, event: ReceiverEvent) -> Sequence[ReceiverEvent]:
        if not isinstance(event, ObjectReceived):
            return [event]
        return [ObjectLost(event.sender, event.object, LossReason.GONE)]


class Hasty(Receiver):
    """Acknowledges what its application has not accepted."""

    def __init__(self, config: ReceiverConfig, rng: Random) -> None:
        super().__init__(replace(config, accepts_at_once=True), rng)


class Loud(Receiver):
    """Speaks although it is told to be silent."""

    def __init__(self, config: ReceiverConfig, rng: Random) -> None:
        super().__init__(replace(config, silent=False), rng)


class Deaf(Receiver):
    """Hears nothing, and so never completes anything."""

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Do nothing."""


class Broken(Receiver):
    """Raises what no core may raise."""

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        super().handle_datagram(datagram, now=now)
        raise ZeroDivisionError("by nobody")


class Hanging(Receiver):
    """Never comes back from a call."""

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        while True:
            super().handle_datagram(datagram, now=now)


class Spinning(Receiver):
    """Wants its turn again and again."""

    def poll_timeout(self) -> float | None:
        return 0.0


class Believing(Sender):
    """Says of whoever has failed that it has acknowledged."""

    def poll_events(self) -> Sequence[SenderEvent]:
        return [self._tell(event) for event in super().poll_events()]

    def _tell(self, event: SenderEvent) -> SenderEvent:
        if isinstance(event, WatermarkEnded):
            return replace(event, status=dict.fromkeys(event.status, AckStatus.SUCCESS))
        return event


class Roomless(Sender):
    """Never says that there is room again."""

    def poll_events(self) -> Sequence[SenderEvent]:
        events = super().poll_events()
        return [e for e in events if not isinstance(e, RoomFreed)]


class Endless(Sender):
    """Never says that it is done."""

    def poll_events(self) -> Sequence[SenderEvent]:
        events = super().poll_events()
        return [e for e in events if not isinstance(e, WatermarkEnded)]


class Dropping(Sender):
    """Says of the first member that it is too slow, and means it."""

    def watermark(self, nodes: Any, *, now: float) -> None:
        super().watermark(nodes, now=now)
        self.drop_member(FIRST)

    def poll_events(self) -> Sequence[SenderEvent]:
        events = super().poll_events()
        ended = any(isinstance(e, WatermarkEnded) for e in events)
        return [MemberDropped(FIRST, 1.0), *events] if ended else events


class Foretelling(Sender):
    """Says that a member has acknowledged when it is about to end."""

    def poll_events(self) -> Sequence[SenderEvent]:
        events: list[SenderEvent] = []
        for event in super().poll_events():
            if isinstance(event, NodeAcknowledged):
                events.append(replace(event, node=SECOND))
            events.append(event)
        return events
