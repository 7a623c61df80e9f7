"""NORM over the driver: in memory on a clock that jumps, and over sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Interface
from random import Random
from typing import Any

import pytest
from tests.aio import places
from tests.ports import free_port
from tests.run.loops import run

from groupwire.net import Aim, MulticastReceiver, MulticastSender, SenderConfig
from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import AckRequested, ObjectReceived
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.send import config as sending
from groupwire.norm.send.events import AckReceived, WatermarkEnded
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.run import Driver, LossyPort, MemoryGroup, Port, UdpPort
from groupwire.values import Group, Interface

_DATA = Random(7).randbytes(300_000)
_LO = Interface("lo", 1, (IPv4Interface("127.0.0.1/8"),), up=True, loopback=True)


class Node:
    """A core, driven, and what it has told."""

    def __init__(self, core: Sender | Receiver, port: Port) -> None:
        self.core: Any = core
        self.events: list[Any] = []
        self._told = asyncio.Event()
        self.driver: Driver[Any] = Driver(self.core, port, on_events=self._hear)
        self.driver.start()

    def do(self, verb: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        result = verb(*arguments, now=self.driver.time(), **named)
        self.driver.pump()
        return result

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def tells(self, kind: type[Any], *, times: int = 1) -> list[Any]:
        """Wait for so many events of a kind, and return them."""
        async with asyncio.timeout(20):
            while len(self.all(kind)) < times:
                self._told.clear()
                await self._told.wait()
        return self.all(kind)

    def _hear(self, events: Sequence[Any]) -> None:
        self.events += events
        self._told.set()


def _sender(port: Port, rate: float = 1e7) -> Node:
    return Node(Sender(sending.SenderConfig(1, 7), FixedRate(rate)), port)


def _receiver(node: int, port: Port, *, unicast: bool = False) -> Node:
    config = ReceiverConfig(node, unicast=unicast)
    return Node(Receiver(config, Random(node)), port)


async def _delivered(sender: Node, *receivers: Node) -> None:
    """Send an object, and wait until all have acknowledged it."""
    nodes = range(2, 2 + len(receivers))
    sender.do(sender.core.send_object, _DATA)
    sender.do(sender.core.watermark, nodes)
    (ended,) = await sender.tells(WatermarkEnded)
    assert ended.status == dict.fromkeys(nodes, AckStatus.SUCCESS)
    for receiver in receivers:
        (received,) = receiver.all(ObjectReceived)
        assert isinstance(received.sink, MemorySink)
        assert received.sink.data == _DATA


@pytest.mark.parametrize("seed", range(3))
def test_members_that_lose_different_datagrams_get_the_same_object(seed: int) -> None:
    async def work() -> None:
        group = MemoryGroup()
        ports = [
            LossyPort(
                group.port(),
                rng=Random(10 * seed + number),
                receive_loss=0.1,
                send_loss=0.1,
            )
            for number in range(4)
        ]
        receivers = [_receiver(2 + n, port) for n, port in enumerate(ports[1:])]
        await _delivered(_sender(ports[0]), *receivers)
        assert all(port.dropped["lost-received"] for port in ports)

    run(work())


@contextmanager
def _sockets(members: int) -> Iterator[list[UdpPort]]:
    """Open members of a group that share its port, all in this process."""
    group = Group.parse(f"239.255.78.9:{free_port()}")
    with ExitStack() as stack:
        ports: list[UdpPort] = []
        for _ in range(members):
            receiver = MulticastReceiver(coalesced=True)
            receiver.join(group, [_LO])
            how = SenderConfig(facts=True, group_port=not ports)
            port = UdpPort(MulticastSender(Aim.at(group, [_LO], how)), receiver)
            stack.callback(port.close)
            ports.append(port)
        yield ports


@pytest.mark.parametrize("unicast", [False, True])
def test_an_object_goes_over_sockets_and_feedback_finds_its_way(unicast: bool) -> None:
    async def work() -> None:
        with _sockets(3) as (first, second, third):
            lossy = LossyPort(third, rng=Random(3), receive_loss=0.05)
            receivers = [
                _receiver(2, second, unicast=unicast),
                _receiver(3, lossy, unicast=unicast),
            ]
            sender = _sender(first, rate=2e7)
            await _delivered(sender, *receivers)
            for node in (sender, *receivers):
                assert not node.core.dropped
                node.driver.close()

    places.run(work())


def test_an_application_asks_and_every_member_answers_for_itself() -> None:
    async def work() -> None:
        group = MemoryGroup()
        sender = _sender(group.port())
        receivers = [_receiver(node, group.port()) for node in (2, 3)]
        sender.do(sender.core.request_ack, 16, [2, 3])
        for number, receiver in enumerate(receivers):
            (asked,) = await receiver.tells(AckRequested)
            said = (asked.sender, asked.ack_type, asked.ack_id, b"%d" % number)
            receiver.do(receiver.core.answer, *said)
        answers = await sender.tells(AckReceived, times=2)
        assert {a.node: a.payload for a in answers} == {2: b"0", 3: b"1"}

    run(work())
