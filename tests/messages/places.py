"""Publishers and subscribers in a lab, and what each program has seen."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import (
    Batch,
    Closed,
    Gap,
    PublishEvent,
    ReceiptEnded,
    SubscribeEvent,
)
from groupwire.messages.publish.publisher import Publisher
from groupwire.messages.rules import PublishRules, SubscribeRules
from groupwire.messages.subscribe.subscriber import Subscriber
from groupwire.testing import Faults, Lab, Member

__all__ = ["PERFECT", "Place", "Reader", "Writer"]

PERFECT = Faults(delay_s=0.0005)


class Place:
    """A lab with the publishers and subscribers of one group."""

    def __init__(self, seed: int | str = 1, **options: Any) -> None:
        self.lab = Lab(seed, coalesce=True, **options)
        self.rng: Random = self.lab.rng("place")

    @property
    def now(self) -> float:
        return self.lab.clock.now

    def run(self, for_s: float, done: Callable[[], bool] | None = None) -> bool:
        return self.lab.run(self.now + for_s, done=done)

    def writer(self, name: str, faults: Faults = PERFECT, **rules: Any) -> Writer:
        return Writer(self, name, faults, rules)

    def reader(
        self, name: str, faults: Faults = PERFECT, *, slow: bool = False, **rules: Any
    ) -> Reader:
        return Reader(self, name, faults, rules, slow=slow)

    def ids(self) -> dict[str, int]:
        rng = self.rng
        return {"id": rng.getrandbits(64), "node": rng.randrange(1, 1 << 31)}


class Writer:
    """A publisher and its program."""

    def __init__(
        self, place: Place, name: str, faults: Faults, rules: dict[str, Any]
    ) -> None:
        self.place = place
        self.name = name
        self.rules = rules
        self.events: list[PublishEvent] = []
        self.core = self._core()
        self.seat: Member[Publisher] = place.lab.add(
            f"{name}-{place.rng.random()}",
            self.core,
            up=faults,
            down=faults,
            on_event=self.events.append,
        )
        self.seat.do(lambda core, now: core.start(now=now))

    def _core(self) -> Publisher:
        place = self.place
        ids = {"instance": place.rng.randrange(1 << 16), **place.ids()}
        rules = PublishRules(**{**ids, "name": self.name, **self.rules})
        return Publisher(rules, Random(place.rng.random()))

    def restart(self) -> None:
        self.core = self._core()
        self.seat.restart(self.core)
        self.seat.do(lambda core, now: core.start(now=now))

    def send(
        self,
        topic: str,
        *payloads: bytes,
        delivery: Delivery | None = None,
        flush: bool = True,
    ) -> int:
        def say(core: Publisher, now: float) -> int:
            sequence = -1
            for payload in payloads:
                sequence = core.send(topic, payload, now=now, delivery=delivery)
            if flush:
                core.leave_first(now=now)  # as a program's publisher does
                core.flush(now=now)
            return sequence

        result: int = self.seat.do(say)
        return result

    def received(self, by: set[str] | None = None) -> int:
        ticket: int = self.seat.do(lambda core, now: core.want_received(by, now=now))
        return ticket

    def receipt(self, ticket: int) -> ReceiptEnded | None:
        for event in self.events:
            if isinstance(event, ReceiptEnded) and event.ticket == ticket:
                return event
        return None

    def close(self) -> None:
        self.seat.do(lambda core, now: core.close(now=now))

    @property
    def closed(self) -> bool:
        return any(isinstance(event, Closed) for event in self.events)


class Reader:
    """A subscriber and its program; one that is slow takes nothing by itself."""

    def __init__(
        self,
        place: Place,
        name: str,
        faults: Faults,
        rules: dict[str, Any],
        *,
        slow: bool,
    ) -> None:
        self.place = place
        self.name = name
        self.events: list[SubscribeEvent] = []
        self.slow = slow
        core = Subscriber(
            SubscribeRules(**{**place.ids(), "name": name, **rules}),
            Random(place.rng.random()),
        )
        self.untaken = 0
        self.seat: Member[Subscriber] = place.lab.add(
            f"{name}-{place.rng.random()}",
            core,
            up=faults,
            down=faults,
            on_event=self._hear,
        )
        self.seat.do(lambda core, now: core.start(now=now))

    def _hear(self, event: SubscribeEvent) -> None:
        self.events.append(event)
        if isinstance(event, Batch):
            if self.slow:
                self.untaken += event.size_bytes
            else:
                self.seat.core.taken(event.size_bytes, now=self.place.now)

    def take(self, size_bytes: int | None = None) -> None:
        size = self.untaken if size_bytes is None else min(size_bytes, self.untaken)
        self.untaken -= size
        self.seat.do(lambda core, now: core.taken(size, now=now))

    def close(self) -> None:
        self.seat.do(lambda core, now: core.close(now=now))

    def of(self, *kinds: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kinds)]

    @property
    def batches(self) -> list[Batch]:
        return self.of(Batch)

    @property
    def messages(self) -> list[tuple[str, bytes]]:
        return [(b.topic, payload) for b in self.batches for payload in b.payloads]

    @property
    def lost(self) -> int:
        return sum(gap.lost for gap in self.of(Gap))

    def payloads(self, topic: str) -> list[bytes]:
        return [payload for t, payload in self.messages if t == topic]
