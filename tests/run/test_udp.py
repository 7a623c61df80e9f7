"""The port over sockets: a full send buffer, and everything counted."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.aio.places import run, until

from groupwire.errors import MachineError
from groupwire.net import MulticastReceiver, MulticastSender
from groupwire.run import Driver, UdpPort, udp
from groupwire.values import Datagram, Origin, Transmit

NEIGHBOUR = Origin("10.0.0.7", 5000)


class FakeSender:
    """Takes ``room`` transmits, or as many bytes as ``bites`` say, then is full."""

    payload_limit = 1472
    kernel_drops = 2

    def __init__(self) -> None:
        self.socket, self._other = socket.socketpair()
        self.dropped = Counter({"refused": 1})
        self.sent: list[tuple[bytes, Origin | None]] = []
        self.room = 0
        self.bites: list[int] = []
        self.failure: MachineError | None = None

    def fileno(self) -> int:
        return self.socket.fileno()

    def read(self, limit: int) -> list[Datagram]:  # noqa: ARG002
        return []

    def send(self, data: bytes | memoryview, segment_bytes: int = 0) -> int:
        self._take()
        size = self.bites.pop(0) if segment_bytes and self.bites else len(data)
        self.sent.append((bytes(data[:size]), None))
        return size

    def send_to(self, data: bytes, to: Origin) -> None:
        self._take()
        self.sent.append((bytes(data), to))

    def _take(self) -> None:
        if self.failure is not None:
            raise self.failure
        if not self.room:
            raise BlockingIOError
        self.room -= 1

    def close(self) -> None:
        self.socket.close()
        self._other.close()


@pytest.fixture
def sender() -> Iterator[FakeSender]:
    sender = FakeSender()
    yield sender
    sender.close()


def opened(sender: FakeSender, *, started: bool = True) -> UdpPort:
    port = UdpPort(sender)  # type: ignore[arg-type]
    if started:
        port.start(asyncio.get_running_loop(), lambda _: None)
    return port


def test_what_the_buffer_has_no_room_for_is_sent_later_in_order(
    sender: FakeSender,
) -> None:
    async def work() -> None:
        port = opened(sender)
        sender.room = 1
        for data in (b"1", b"2", b"3"):
            port.send(Transmit(data, NEIGHBOUR if data == b"2" else None))
        assert sender.sent == [(b"1", None)]
        sender.room = 5
        port.send(Transmit(b"4"))  # not before those that wait
        await port.drained()
        assert sender.sent == [
            (b"1", None),
            (b"2", NEIGHBOUR),
            (b"3", None),
            (b"4", None),
        ]
        await port.drained()
        port.send(Transmit(b"5"))
        assert sender.sent[-1] == (b"5", None)
        port.close()

    run(work())


def test_a_part_of_a_row_of_segments_is_sent_later(sender: FakeSender) -> None:
    async def work() -> None:
        port = opened(sender)
        sender.room, sender.bites = 3, [2, 2]
        port.send(Transmit(b"aabbcc", segment_bytes=2))
        port.send(Transmit(b"next"))
        waiting = asyncio.gather(port.drained(), port.drained())
        await until(lambda: len(sender.sent) == 3)
        sender.room = 1
        await waiting
        assert [data for data, _ in sender.sent] == [b"aa", b"bb", b"cc", b"next"]
        port.close()

    run(work())


def test_more_than_may_wait_is_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch, sender: FakeSender
) -> None:
    monkeypatch.setattr(udp, "_MOST_WAITING", 2)

    async def work() -> None:
        port = opened(sender)
        for _ in range(5):
            port.send(Transmit(b"x"))
        assert port.dropped["send-buffer"] == 3
        port.close()

    run(work())


def test_without_a_loop_nothing_can_wait(sender: FakeSender) -> None:
    port = opened(sender, started=False)
    port.send(Transmit(b"x"))
    port.rewatch()
    assert port.dropped["send-buffer"] == 1
    port.close()


def test_an_interface_that_refuses_later_is_counted(sender: FakeSender) -> None:
    async def work() -> None:
        port = opened(sender)
        port.send(Transmit(b"x"))
        sender.failure = MachineError("gone")
        await port.drained()
        assert port.dropped["interface-refused"] == 1
        with pytest.raises(MachineError):
            port.send(Transmit(b"y"))
        port.close()

    run(work())


def test_closing_ends_those_who_wait(sender: FakeSender) -> None:
    async def work() -> None:
        port = opened(sender)
        port.send(Transmit(b"x"))
        waiting = asyncio.create_task(port.drained())
        await asyncio.sleep(0)
        port.close()
        await waiting
        port.close()

    run(work())


def test_a_cancelled_wait_leaves_the_others_waiting(sender: FakeSender) -> None:
    async def work() -> None:
        port = opened(sender)
        port.send(Transmit(b"x"))
        one = asyncio.create_task(port.drained())
        two = asyncio.create_task(port.drained())
        await asyncio.sleep(0)
        one.cancel()
        sender.room = 1
        await two
        assert one.cancelled()
        port.close()

    run(work())


def test_losses_of_all_sockets_are_added_up(sender: FakeSender) -> None:
    port = opened(sender, started=False)
    assert port.dropped == {"refused": 1, "receive-buffer": 2}
    assert port.payload_limit == 1472


def test_sockets_that_came_later_are_read_after_a_look() -> None:
    from ipaddress import IPv4Interface

    from groupwire.net import Aim
    from groupwire.values import Group, Interface

    lo = Interface("lo", 1, (IPv4Interface("127.0.0.1/8"),), up=True, loopback=True)
    group = Group.parse("239.255.78.5:22990")

    async def work() -> None:
        sender, receiver = MulticastSender(Aim.at(group, [lo])), MulticastReceiver()
        port = UdpPort(sender, receiver)
        found: list[bytes] = []
        port.start(
            asyncio.get_running_loop(),
            lambda receive: found.extend(d.data for d in receive()),
        )
        receiver.join(group, [lo])
        port.rewatch()
        port.send(Transmit(b"hello"))
        await until(lambda: found)
        assert found == [b"hello"]
        port.pause(True)
        port.send(Transmit(b"while paused"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert found == [b"hello"]
        port.pause(False)
        await until(lambda: found[1:])
        assert found == [b"hello", b"while paused"]
        port.close()

    run(work())


class Waterfall:
    """Wants far more sent at once than a port keeps."""

    def __init__(self) -> None:
        self.left = 10_000
        self.asked = 0

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        raise AssertionError(datagram, now)

    def handle_timeout(self, *, now: float) -> None:
        raise AssertionError(now)

    def poll_transmits(self) -> list[Transmit]:
        self.asked += 1
        count, self.left = self.left, 0
        return [Transmit(b"%d" % number) for number in range(count)]

    def poll_events(self) -> list[str]:
        return []

    def poll_timeout(self) -> float | None:
        return None


def test_a_core_may_want_more_sent_than_there_is_room_for(sender: FakeSender) -> None:
    async def work() -> None:
        port, core = opened(sender, started=False), Waterfall()
        driver = Driver(core, port, on_events=lambda _: None)
        driver.start()
        assert port.busy
        asked = core.asked
        driver.pump()
        assert core.asked == asked  # not while the port is busy
        while len(sender.sent) < 10_000:
            sender.room = 3000
            await asyncio.sleep(0)
        await port.drained()
        assert sender.sent == [(b"%d" % n, None) for n in range(10_000)]
        assert not port.busy
        assert "send-buffer" not in port.dropped
        driver.close()

    run(work())
