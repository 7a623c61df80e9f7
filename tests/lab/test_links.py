"""Interfaces that go, come back, change their address or lose their carrier."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.lab.harness import Host, Laboratory
from tests.lab.harness.commands import message, receive, send, told
from tests.lab.harness.sockets import query, sender

from groupwire import aio
from groupwire.aio import Peer
from groupwire.net import MembershipLost, MembershipRenewed

_IP = "239.255.42.99"
_GROUPS = [f"{_IP}:10000", "[ff15::4242]:10000"]


def _on(host: Host, story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Let a story of asyncio happen on a host."""

    async def limited() -> None:
        async with asyncio.timeout(20):
            await story()

    with host:
        asyncio.run(limited())


async def _hears(peer: Peer, out: socket.socket, text: bytes) -> None:
    """Send a message from elsewhere, and see it arrive."""
    out.sendto(text, (str(peer.group.ip), peer.group.port))
    heard = await peer.receive()
    assert heard.data == text
    assert heard.answer(b"ack") is None


@pytest.mark.parametrize("group", _GROUPS)
@pytest.mark.parametrize("named", [None, "eth0"])
def test_a_peer_hears_again_when_its_interface_is_made_again(
    lab: Laboratory, group: str, named: str | None
) -> None:
    a, b = lab.segment(2)
    with sender(a, version=6 if "[" in group else 4) as out:

        async def story() -> None:
            async with aio.open(group, interface=named) as peer:
                await _hears(peer, out, b"before")
                b.link.delete()
                lost = await peer.next_event()
                assert isinstance(lost, MembershipLost)
                assert lost.interface == "eth0"
                b.link.create()
                renewed = await peer.next_event()
                assert isinstance(renewed, MembershipRenewed)
                assert renewed.interface == "eth0"
                await _hears(peer, out, b"after")

        _on(b, story)


def test_a_peer_hears_and_is_heard_after_a_change_of_address(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    with sender(a) as out:

        async def story() -> None:
            async with aio.open(f"{_IP}:10000") as peer:
                await _hears(peer, out, b"before")
                b.link.readdress(lab.switch_of(b).plan(77, gateway=254))
                while not isinstance(await peer.next_event(), MembershipRenewed):
                    pass
                await _hears(peer, out, b"after")
                receiver = receive(a)
                await peer.send(b"from the new one")
                assert message(receiver)["sender"].startswith("198.18.1.77:")

        _on(b, story)


@pytest.mark.parametrize("group", _GROUPS)
def test_a_carrier_flap_behind_a_snooping_switch_leaves_nobody_deaf(
    lab: Laboratory, group: str
) -> None:
    a, b = lab.segment(2, snoop=True, flood_unknown=False)
    ip = group.rpartition(":")[0].strip("[]")
    version = 6 if "[" in group else 4
    switch = lab.switch_of(b)
    switch.rely_on_queries()
    # The next one would come in two minutes: the member itself has to speak.
    query(a, version)

    async def story() -> None:
        async with aio.open(group) as peer:
            switch.wait_for(ip, b)
            b.link.unplug()
            switch.wait_for(ip)
            b.link.plug()
            renewed = await peer.next_event()
            assert isinstance(renewed, MembershipRenewed)
            switch.wait_for(ip, b)
            await _hears(peer, out, b"after")

    with sender(a, version=version) as out:
        _on(b, story)


def test_an_interface_that_appears_is_joined(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    host = lab.lonely()
    with sender(a) as out:

        async def story() -> None:
            async with aio.open(f"{_IP}:10000") as peer:
                switch = lab.switch_of(a)
                switch.plug(host, switch.plan(9))
                while (event := await peer.next_event()).interface != "eth0":
                    pass
                assert isinstance(event, MembershipRenewed)
                await _hears(peer, out, b"hello")

        _on(host, story)


def test_an_administrators_down_and_up_is_survived(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    receiver = receive(b)
    assert send(a, "before").end["answers"] == 1
    b.link.down()
    b.link.up()
    b.wait_for(_IP, "eth0")
    assert send(a, "after").end["answers"] == 1
    assert [message(receiver)["data"] for _ in range(2)] == ["before", "after"]


def test_the_command_goes_on_when_its_interface_vanishes(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    receiver = receive(b)
    b.link.delete()
    receiver.line('"left"')
    b.link.create()
    b.wait_for(_IP, "eth0")
    assert send(a, "hello again").end["answers"] == 1
    assert message(receiver)["data"] == "hello again"
    receiver.signal(signal.SIGINT)
    assert told(receiver).code == 130
