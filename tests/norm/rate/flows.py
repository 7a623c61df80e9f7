"""An endless transfer in a lab, and what comes of it in each second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from groupwire.errors import UsageError
from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import RateControl
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import ObjectOffer
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.events import MemberDropped, ObjectSent, SenderEvent
from groupwire.norm.send.sender import Sender
from groupwire.testing import Faults, Lab, Link, Member


@dataclass
class Arrivals:
    """Counts the bytes of objects that arrive, each once, by tenths of a second."""

    lab: Lab
    tenths: dict[int, int] = field(default_factory=dict)

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        del offset
        tenth = int(self.lab.clock.now * 10)
        self.tenths[tenth] = self.tenths.get(tenth, 0) + sum(map(len, parts))

    def read(self, offset: int, size_bytes: int) -> bytes:
        del offset
        return bytes(size_bytes)

    def rate(self, since: float, until: float) -> float:
        """Return bytes per second between two times, in whole tenths."""
        first, stop = round(since * 10), round(until * 10)
        return (
            sum(self.tenths.get(t, 0) for t in range(first, stop)) * 10 / (stop - first)
        )


class Zeros:
    """A source that takes no memory."""

    def __init__(self, size_bytes: int, segment_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._zeros = memoryview(bytes(64 * segment_bytes))

    def read(self, offset: int, size_bytes: int) -> memoryview:
        del offset
        if size_bytes > len(self._zeros):
            return memoryview(bytes(size_bytes))
        return self._zeros[:size_bytes]


class Flow:
    """A sender that never runs out of objects, and its receivers."""

    def __init__(
        self,
        control: RateControl,
        *,
        seed: int | str = 1,
        segment_bytes: int = 1400,
        object_segments: int = 512,
        up: Faults | Link | None = None,
        lab: Lab | None = None,
        backoff: int = 4,
    ) -> None:
        self.lab = lab or Lab(seed)
        self.control = control
        self.arrivals: dict[int, Arrivals] = {}
        self.members: dict[int, Member[Receiver]] = {}
        self.dropped: list[MemberDropped] = []
        self.rates: list[tuple[float, float]] = []
        self._source = Zeros(object_segments * segment_bytes, segment_bytes)
        config = SenderConfig(
            1,
            7,
            Coding(segment_bytes=segment_bytes),
            backoff=backoff,
            members=10,
            kept_objects=4096,
        )
        self.sender = self.lab.add(
            "sender",
            Sender(config, control),
            up=up or Faults(),
            on_event=self._event,
        )

    def join(self, node: int, down: Faults | Link, up: Faults | None = None) -> None:
        """Add a receiver."""
        arrivals = self.arrivals[node] = Arrivals(self.lab)

        def sink_for(_offer: ObjectOffer) -> Arrivals:
            return arrivals

        core = Receiver(
            ReceiverConfig(node), self.lab.rng(f"r{node}"), sink_for=sink_for
        )
        name = f"r{node}"
        self.members[node] = self.lab.add(
            name, core, up=up or Faults(delay_s=_delay(down)), down=down
        )

    def start(self) -> None:
        self.sender.do(lambda core, now: core.send_object(self._source, now=now))
        self.sender.do(lambda core, now: core.send_object(self._source, now=now))

    def run(self, until: float, *, step: float = 0.1) -> None:
        """Run on, and note the rate as it goes."""
        while self.lab.clock.now < until - 1e-9:
            self.lab.run(min(until, self.lab.clock.now + step))
            self.rates.append((self.lab.clock.now, self.control.rate))

    def goodput(self, node: int, since: float, until: float) -> float:
        return self.arrivals[node].rate(since, until)

    def reached(self, rate: float) -> float:
        """Return when the rate was this high first."""
        return next(at for at, r in self.rates if r >= rate)

    def _event(self, event: SenderEvent) -> None:
        if isinstance(event, ObjectSent):
            now = self.lab.clock.now
            self.lab.clock.at(now, self._next)
        elif isinstance(event, MemberDropped):
            self.dropped.append(event)

    def _next(self) -> None:
        """Send one more; if all that is kept may still be asked for, later."""
        try:
            self.sender.do(lambda core, now: core.send_object(self._source, now=now))
        except UsageError:
            self.lab.clock.at(self.lab.clock.now + 0.05, self._next)


def _delay(link: Faults | Link) -> float:
    return (link.faults if isinstance(link, Link) else link).delay_s
