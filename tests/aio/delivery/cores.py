"""A core that does what its test says, and a handle round it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from groupwire.aio import PeerConfig
from groupwire.aio.delivery.handle import Handle, not_begun
from groupwire.aio.ends.opening import open_sending
from groupwire.values import Datagram, Group, Interface, Transmit


class FakeCore:
    """Says what it is given, ends when it is told."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.finished = False
        self.out: deque[Transmit] = deque()
        self.events: deque[str] = deque()
        self.interfaces: Sequence[Interface] = ()
        self.stopped: list[str] = []

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:  # noqa: ARG002
        if datagram.data not in {b"hello", b"bye"}:  # its own, again
            self.events.append(datagram.data.decode())

    def handle_timeout(self, *, now: float) -> None:  # noqa: ARG002
        raise AssertionError

    def poll_transmits(self) -> Sequence[Transmit]:
        out, self.out = self.out, deque()
        return tuple(out)

    def poll_events(self) -> Sequence[str]:
        events, self.events = self.events, deque()
        return tuple(events)

    def poll_timeout(self) -> float | None:
        return None

    def update_interfaces(self, interfaces: Sequence[Interface]) -> None:
        self.interfaces = interfaces

    def stop(self, reason: str) -> None:
        self.stopped.append(reason)
        self.events.append("ended")
        self.out.append(Transmit(b"bye"))
        self.finished = True


class FakeHandle(Handle[str, float, list[str]]):
    """A delivery of nothing, which notes what it hears."""

    def __init__(self, group: str, progress_s: float = 60.0) -> None:
        super().__init__(Group.parse(group), progress_s)
        self.core = FakeCore()
        self.noted: list[str] = []
        self.let_go = 0

    @property
    def progress(self) -> float:
        if self._running is None:
            raise not_begun()
        return float(len(self.noted))

    @property
    def result(self) -> list[str]:
        return self.noted

    async def _begin(self) -> None:
        ends = open_sending(self.group, PeerConfig())
        running = self._carry(ends, self.core, everywhere=True)
        self.core.out.append(Transmit(b"hello"))
        running.start()

    def say(self, *events: str, last: bool = False) -> None:
        """Let the core tell of events."""
        self.core.events += events
        self.core.finished = last
        self._pump_soon()

    def _leave(self, reason: str) -> None:
        self.core.stop(reason)

    def _note(self, event: str) -> None:
        self.noted.append(event)

    async def _let_go(self) -> None:
        self.let_go += 1
