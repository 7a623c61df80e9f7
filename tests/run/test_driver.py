import asyncio
from collections.abc import Sequence

import pytest

from groupwire.errors import NoRouteError
from groupwire.run import Driver, MemoryGroup, MemoryPort
from groupwire.values import Datagram, Origin, Transmit

from .loops import run


class Echo:
    """Repeats what it hears after a second, and tells about it."""

    def __init__(self) -> None:
        self.transmits: list[Transmit] = []
        self.events: list[str] = []
        self.due: float | None = None
        self.heard: list[bytes] = []

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        if datagram.data == b"again":
            return  # our own words, looped back
        self.heard.append(datagram.data)
        self.due = now + 1

    def handle_timeout(self, *, now: float) -> None:
        assert self.due is not None
        assert now >= self.due
        self.due = None
        self.events.append(f"due at {now:g}")
        self.transmits.append(Transmit(b"again"))

    def poll_transmits(self) -> list[Transmit]:
        transmits, self.transmits = self.transmits, []
        return transmits

    def poll_events(self) -> list[str]:
        events, self.events = self.events, []
        return events

    def poll_timeout(self) -> float | None:
        return self.due


def test_a_datagram_a_deadline_an_event_and_an_answer() -> None:
    async def scene() -> None:
        group, core, told = MemoryGroup(), Echo(), asyncio.Event()
        asker = group.port(joined=False)
        events: list[str] = []

        def hear(news: Sequence[str]) -> None:
            events.extend(news)
            told.set()

        driver = Driver(core, group.port(), on_events=hear)
        driver.start()
        asker.send(Transmit(b"hello"))
        await told.wait()
        assert core.heard == [b"hello"]
        assert events == ["due at 1"]
        await asyncio.sleep(0)
        driver.close()
        driver.close()

    run(scene())


def test_an_application_verb_is_followed_by_a_pump() -> None:
    async def scene() -> None:
        group, core = MemoryGroup(), Echo()
        listener = group.port()
        driver = Driver(core, group.port(joined=False), on_events=lambda _: None)
        driver.start()
        core.transmits.append(Transmit(b"spoken"))
        driver.pump()
        assert [d.data for d in listener.receive()] == [b"spoken"]
        driver.close()
        core.transmits.append(Transmit(b"after the end"))
        driver.pump()
        assert listener.receive() == []

    run(scene())


class DeadPort(MemoryPort):
    """A port whose machine has no way out."""

    def send(self, transmit: Transmit) -> None:
        raise NoRouteError(f"no way out for {len(transmit.data)} bytes")


@pytest.mark.parametrize("told", [True, False])
def test_a_machine_that_cannot_send_is_told_or_counted(told: bool) -> None:
    async def scene() -> None:
        group, core = MemoryGroup(), Echo()
        alive = group.port()
        dead = DeadPort(group, alive.origin, joined=True, payload_limit=1472)
        failures: list[str] = []
        driver = Driver(
            core,
            dead,
            on_events=lambda _: None,
            on_failure=(lambda e: failures.append(str(e))) if told else None,
        )
        core.transmits.append(Transmit(b"four"))
        driver.start()
        assert driver.send_failures == 1
        assert failures == (["no way out for 4 bytes"] if told else [])
        driver.close()

    run(scene())


def test_a_deadline_that_moves_is_kept_at_its_new_place() -> None:
    async def scene() -> None:
        group, core = MemoryGroup(), Echo()
        events: list[str] = []
        driver = Driver(core, group.port(), on_events=events.extend)
        driver.start()
        core.due = 5.0
        driver.pump()
        core.due = 2.0
        driver.pump()
        await asyncio.sleep(3)
        assert events == ["due at 2"]
        core.due = 9.0
        driver.pump()
        driver.close()
        await asyncio.sleep(10)
        assert events == ["due at 2"]

    run(scene())


def test_whoever_hears_an_event_may_close_the_driver() -> None:
    async def scene() -> None:
        group, core = MemoryGroup(), Echo()
        driver: Driver[str]
        driver = Driver(core, group.port(), on_events=lambda _: driver.close())
        driver.start()
        core.events.append("the end")
        core.due = 1.0
        driver.pump()
        await asyncio.sleep(2)
        assert core.due == 1.0

    run(scene())


class Looked(Echo):
    """Counts how often it is asked when something is due."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def poll_timeout(self) -> float | None:
        self.times += 1
        return self.due


@pytest.mark.parametrize(("ahead_s", "wakes"), [(0.003, 0), (0.05, 4)])
def test_a_near_deadline_that_moves_with_each_message_wakes_nobody_for_nothing(
    ahead_s: float, wakes: int
) -> None:
    async def scene() -> None:
        group, core = MemoryGroup(), Looked()
        driver = Driver(core, group.port(), on_events=lambda _: None)
        driver.start()
        core.times = 0
        for _ in range(100):
            core.due = driver.time() + ahead_s
            driver.pump()
            await asyncio.sleep(0.002)
        assert core.times == 100 + 2 * wakes
        driver.close()

    run(scene())


class Answering(Echo):
    """Answers what it hears at once, and notes the order of all."""

    def __init__(self, order: list[str]) -> None:
        super().__init__()
        self.order = order

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:  # noqa: ARG002
        self.order.append(f"heard {datagram.data.decode()}")
        self.transmits.append(Transmit(b"to " + datagram.data))


class NotingPort(MemoryPort):
    """Notes what is sent."""

    order: list[str]

    def send(self, transmit: Transmit) -> None:
        self.order.append(bytes(transmit.data).decode())


def test_of_several_that_come_together_the_first_is_answered_first() -> None:
    async def scene() -> None:
        order: list[str] = []
        group = MemoryGroup()
        port = NotingPort(group, Origin("192.0.2.9", 1), joined=True, payload_limit=99)
        port.order = order
        for data in (b"one", b"two", b"three"):
            port.arrive(Datagram(data, Origin("192.0.2.8", 1)))
        driver = Driver(Answering(order), port, on_events=lambda _: None)
        driver.start()
        await asyncio.sleep(1)
        driver.close()
        assert order[:2] == ["heard one", "to one"]
        assert order[2:] == ["heard two", "heard three", "to two", "to three"]

    run(scene())


class Telling(Answering):
    """Tells of what it has heard, too."""

    def poll_events(self) -> list[str]:
        return ["heard"] if self.transmits else []


@pytest.mark.parametrize("answers_first", [True, False])
def test_an_answer_leaves_before_anything_is_told_where_others_wait_for_it(
    answers_first: bool,
) -> None:
    async def scene() -> None:
        order: list[str] = []
        port = NotingPort(
            MemoryGroup(), Origin("192.0.2.9", 1), joined=True, payload_limit=99
        )
        port.order = order
        port.arrive(Datagram(b"one", Origin("192.0.2.8", 1)))
        driver = Driver(Telling(order), port, on_events=order.extend)
        driver.answers_first = answers_first
        driver.start()
        await asyncio.sleep(1)
        driver.close()
        told = [] if answers_first else ["heard"]
        assert order == ["heard one", *told, "to one"]

    run(scene())
