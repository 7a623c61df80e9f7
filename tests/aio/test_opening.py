"""From a group in words to sockets; the way out by machines as data."""

from dataclasses import replace
from ipaddress import ip_interface

import pytest
from tests.aio.places import run

from groupwire.aio import PeerConfig, group_of, opening
from groupwire.aio.opening import open_joined, plan_sending, try_way_out, way_out
from groupwire.errors import AddressError, InterfaceError
from groupwire.net import list_interfaces
from groupwire.values import DEFAULT_GROUP, Group, Interface

LO = next(i for i in list_interfaces() if i.name == "lo")
ETH0 = Interface(
    "eth0", 2, (ip_interface("10.0.0.1/24"),), up=True, carrier=True, multicast=True
)
ETH1 = replace(ETH0, name="eth1", index=3, addresses=(ip_interface("10.1.0.1/24"),))


@pytest.fixture(autouse=True)
def _no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "route_interface", lambda _: None)


def test_a_group_is_named_by_value_text_environment_or_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)
    assert group_of(None) is DEFAULT_GROUP
    assert group_of(DEFAULT_GROUP) is DEFAULT_GROUP
    assert group_of("239.1.1.1:5") == Group.parse("239.1.1.1:5")
    monkeypatch.setenv("GROUPWIRE_GROUP", "239.1.1.2:6")
    assert group_of(None) == Group.parse("239.1.1.2:6")
    assert group_of("239.1.1.1:5") == Group.parse("239.1.1.1:5")
    monkeypatch.setenv("GROUPWIRE_GROUP", "10.0.0.1:6")
    with pytest.raises(AddressError, match=r"10\.0\.0\.1:6"):
        group_of(None)


def test_a_source_of_ones_own_decides_the_way_out() -> None:
    group = Group.parse("10.1.0.1@232.1.1.1:5000")
    choice = way_out(group, (ETH0, ETH1))
    assert [i.name for i in choice.interfaces] == ["eth1"]
    choice = way_out(group.on("eth0"), (ETH0, ETH1))
    assert [i.name for i in choice.interfaces] == ["eth0"]


def test_a_source_of_somebody_else_cannot_be_sent_from() -> None:
    group = Group.parse("10.9.9.9@232.1.1.1:5000")
    with pytest.raises(InterfaceError, match="no address of this machine"):
        way_out(group, (ETH0,))
    assert isinstance(try_way_out(group, (ETH0,)), InterfaceError)


def test_who_hears_a_source_answers_though_it_cannot_send() -> None:
    group = Group.parse("10.9.9.9@232.1.1.1%lo:22980")
    sockets = open_joined(group, PeerConfig())
    try:
        assert isinstance(sockets.choice, InterfaceError)
        assert sockets.joined.group.source == group.source
        assert sockets.sender.port > 0
    finally:
        sockets.receiver.close()
        sockets.sender.close()


def test_a_peer_that_cannot_send_says_why_when_it_is_asked_to() -> None:
    from groupwire import aio

    async def work() -> None:
        async with aio.open("10.9.9.9@232.1.1.1%lo:22981") as peer:
            with pytest.raises(InterfaceError, match="no address of this machine"):
                await peer.send(b"x")
            with pytest.raises(InterfaceError, match="no address of this machine"):
                await peer.ask(b"x")

    run(work())


def test_a_source_of_ones_own_is_sent_from_on_loopback() -> None:
    group = Group.parse("127.0.0.1@232.1.1.1:22982")
    plan = plan_sending(group, PeerConfig())
    assert [i.name for i in plan.choice.interfaces] == ["lo"]


def test_the_same_question_again_is_aimed_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group, config = Group.parse("239.255.78.6%lo:22983"), PeerConfig()
    for known in ((LO,), (LO, ETH0)):
        monkeypatch.setattr(opening, "known_interfaces", lambda known=known: known)
        first = plan_sending(group, config)
        assert plan_sending(group, config) is first
        assert plan_sending(Group.parse(str(group)), replace(config)) is first
    assert plan_sending(group, replace(config, ttl=7)).aim.config.ttl_hops == 7
